//! How much work one page may still be: the same bounds for both stores.

use super::PageLimit;
use super::page::Page;
use crate::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Rows that are passed over between two looks at the clock; a page of nothing but rows that match is
/// bounded anyway.
const ROWS_BETWEEN_LOOKS: usize = 64;

/// What is left of a [`PageLimit`].
pub(super) struct Budget {
    limit: PageLimit,
    clock: Arc<dyn Clock>,
    until: Duration,
    looked_at: usize,
    found: usize,
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
        }
    }

    /// Rows that the page may hold.
    pub(super) fn rows(&self) -> usize {
        self.limit.rows
    }

    /// Notes that a row was looked at, after which `page` is as it is. Whether it has to be the last.
    pub(super) fn is_spent(&mut self, page: &Page) -> bool {
        self.looked_at += 1;
        let is_passed_over = page.len() == self.found;
        self.found = page.len();
        let passed_over = self.looked_at - self.found;
        page.len() >= self.limit.rows
            || page.bytes() >= self.limit.bytes
            || self.looked_at >= self.limit.looked_at
            || (is_passed_over
                && passed_over.is_multiple_of(ROWS_BETWEEN_LOOKS)
                && self.clock.elapsed() >= self.until)
    }
}
