//! How much work one page may still be: the same bounds for both stores.

use super::PageLimit;
use super::held::Held;
use super::page::Page;
use logs::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Rows that are looked at between two looks at the clock. Those that match count as well: it may have taken
/// long to find that out.
const ROWS_BETWEEN_LOOKS: usize = 64;
/// The same in bytes of their messages, each of which a regular expression may have gone over.
const BYTES_BETWEEN_LOOKS: usize = 64 * 1024;

/// What each of those who fill a page together may add to it in any case.
const LEAST_ROWS: usize = 64;
const LEAST_BYTES: usize = 64 * 1024;

/// Rows that were looked at or passed over, and bytes of their messages, since the last look at the clock.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct PassedOver {
    rows: usize,
    bytes: usize,
}

impl PassedOver {
    /// With one more row, whose message has so many bytes.
    pub(super) fn and_row(self, message_bytes: usize) -> Self {
        Self {
            rows: self.rows + 1,
            bytes: self.bytes + message_bytes,
        }
    }

    /// Whether so much was passed over that it is time to look at the clock, by one of so many parts
    /// that pass over rows in turn.
    pub(super) fn is_time_to_look(self, parts: usize) -> bool {
        self.rows * parts >= ROWS_BETWEEN_LOOKS || self.bytes * parts >= BYTES_BETWEEN_LOOKS
    }
}

/// A time by a clock.
#[derive(Clone)]
pub(super) struct Until {
    clock: Arc<dyn Clock>,
    time: Duration,
}

impl Until {
    /// Never over.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self {
            clock: Arc::new(logs::clock::SystemClock::start()),
            time: Duration::MAX,
        }
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.clock.elapsed() >= self.time
    }
}

/// What is left of a [`PageLimit`].
#[derive(Clone)]
pub(super) struct Budget {
    limit: PageLimit,
    clock: Arc<dyn Clock>,
    until: Duration,
    looked_at: usize,
    passed_over: PassedOver,
}

impl Budget {
    /// A budget whose time begins now.
    pub(super) fn start(limit: PageLimit, clock: Arc<dyn Clock>) -> Self {
        Self {
            until: clock.elapsed() + limit.time,
            limit,
            clock,
            looked_at: 0,
            passed_over: PassedOver::default(),
        }
    }

    /// Until when rows may be looked at.
    pub(super) fn until(&self) -> Until {
        self.until_time(self.until)
    }

    /// Until when a row may be looked at. The first one has a time of its own, so that each page comes
    /// further than the one before.
    pub(super) fn until_of_row(&self, is_first: bool) -> Until {
        match is_first {
            true => self.until_time(self.clock.elapsed() + self.limit.record_time),
            false => self.until(),
        }
    }

    fn until_time(&self, time: Duration) -> Until {
        Until {
            clock: Arc::clone(&self.clock),
            time,
        }
    }

    /// Rows that the page may hold.
    pub(super) fn rows(&self) -> usize {
        self.limit.rows
    }

    /// Bytes that the page may hold, but for its last row.
    pub(super) fn bytes(&self) -> usize {
        self.limit.bytes
    }

    /// The same for rows that come to `page`.
    pub(super) fn left_of(&self, page: &Page) -> Self {
        let mut left = self.clone();
        left.limit.rows = left.limit.rows.saturating_sub(page.len());
        left.limit.bytes = left.limit.bytes.saturating_sub(page.bytes());
        left
    }

    /// The same for one of so many who fill a page together, and not much of what they find is thrown away.
    pub(super) fn share(mut self, parts: usize) -> Self {
        let parts = parts.max(1);
        let limit = &mut self.limit;
        limit.rows = limit.rows.min((limit.rows / parts).max(LEAST_ROWS));
        limit.bytes = limit.bytes.min((limit.bytes / parts).max(LEAST_BYTES));
        self
    }

    /// Whether a page may hold no more.
    pub(super) fn is_full(&self, page: &Page) -> bool {
        page.len() >= self.limit.rows || page.bytes() >= self.limit.bytes
    }

    /// Whether a page holds no more than it may.
    pub(super) fn may_hold(&self, page: &Page) -> bool {
        page.len() <= self.limit.rows
    }

    /// Whether it is time to end, when so many rows were looked at.
    pub(super) fn is_over(&self, looked_at: usize) -> bool {
        looked_at >= self.limit.looked_at || self.clock.elapsed() >= self.until
    }

    /// Whether so many rows, of so many bytes, are within the bounds.
    pub(super) fn has_room_for(&self, rows: usize, bytes: usize) -> bool {
        rows <= self.limit.looked_at && bytes <= self.limit.bytes
    }

    /// Rows that were looked at or passed over.
    pub(super) fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// Notes rows that the store itself passed over, before the next one that is handed to us.
    pub(super) fn pass_over(&mut self, rows: PassedOver) {
        self.looked_at += rows.rows;
        self.passed_over.rows += rows.rows;
        self.passed_over.bytes += rows.bytes;
    }

    /// Notes that a row with a message of so many bytes was looked at, after which so much is held.
    /// Whether it has to be the last.
    pub(super) fn is_spent(&mut self, held: Held, message_bytes: usize) -> bool {
        self.looked_at += 1;
        self.passed_over = self.passed_over.and_row(message_bytes);
        held.rows >= self.limit.rows
            || held.bytes >= self.limit.bytes
            || self.looked_at >= self.limit.looked_at
            || (self.passed_over.is_time_to_look(1) && self.is_late())
    }

    fn is_late(&mut self) -> bool {
        self.passed_over = PassedOver::default();
        self.clock.elapsed() >= self.until
    }
}
