//! How much work one page may still be: the same bounds for both stores.

use super::PageLimit;
use super::page::Page;
use crate::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Rows between two looks at the clock, while nothing was waited for.
const ROWS_BETWEEN_LOOKS: usize = 64;

/// What is left of a [`PageLimit`].
pub(super) struct Budget {
    limit: PageLimit,
    clock: Arc<dyn Clock>,
    until: Duration,
    looked_at: usize,
}

impl Budget {
    /// A budget whose time begins now.
    pub(super) fn start(limit: PageLimit, clock: Arc<dyn Clock>) -> Self {
        Self {
            until: clock.elapsed() + limit.time,
            limit,
            clock,
            looked_at: 0,
        }
    }

    /// Notes that a row was looked at, after which `page` is as it is. Whether it has to be the last.
    pub(super) fn is_spent(&mut self, page: &Page) -> bool {
        self.looked_at += 1;
        page.len() >= self.limit.rows
            || page.bytes() >= self.limit.bytes
            || self.looked_at >= self.limit.looked_at
            || (self.looked_at.is_multiple_of(ROWS_BETWEEN_LOOKS)
                && self.clock.elapsed() >= self.until)
    }
}
