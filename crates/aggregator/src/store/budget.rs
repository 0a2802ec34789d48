//! How much work one page may still be: the same bounds for both stores.

use super::PageLimit;
use super::page::Page;
use crate::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Rows that are passed over between two looks at the clock; a page of nothing but rows that match is
/// bounded anyway.
const ROWS_BETWEEN_LOOKS: usize = 64;
/// The same in bytes of their messages, each of which a regular expression may have gone over.
const BYTES_BETWEEN_LOOKS: usize = 64 * 1024;

/// What is left of a [`PageLimit`].
pub(super) struct Budget {
    limit: PageLimit,
    clock: Arc<dyn Clock>,
    until: Duration,
    looked_at: usize,
    found: usize,
    /// Rows passed over, and bytes of their messages, since the last look at the clock.
    unseen: (usize, usize),
}

impl Budget {
    /// A budget whose time begins now.
    pub(super) fn start(limit: PageLimit, clock: Arc<dyn Clock>) -> Self {
        Self {
            until: clock.elapsed() + limit.time,
            limit,
            clock,
            looked_at: 0,
            found: 0,
            unseen: (0, 0),
        }
    }

    /// Rows that the page may hold.
    pub(super) fn rows(&self) -> usize {
        self.limit.rows
    }

    /// Notes that a row with a message of so many bytes was looked at, after which `page` is as it is.
    /// Whether it has to be the last.
    pub(super) fn is_spent(&mut self, page: &Page, message_bytes: usize) -> bool {
        self.looked_at += 1;
        if page.len() == self.found {
            self.unseen.0 += 1;
            self.unseen.1 += message_bytes;
        }
        self.found = page.len();
        page.len() >= self.limit.rows
            || page.bytes() >= self.limit.bytes
            || self.looked_at >= self.limit.looked_at
            || (self.is_time_to_look() && self.is_late())
    }

    /// Whether so much was passed over that it is time to look at the clock.
    fn is_time_to_look(&self) -> bool {
        self.unseen.0 >= ROWS_BETWEEN_LOOKS || self.unseen.1 >= BYTES_BETWEEN_LOOKS
    }

    fn is_late(&mut self) -> bool {
        self.unseen = (0, 0);
        self.clock.elapsed() >= self.until
    }
}
