//! A limited number of records, read before the head of the answer is written.

use crate::search::retrieval::{PageError, Pages, is_too_slow, passes};
use logs::clock::Clock;
use record::id::RecordId;
use std::time::Duration;
use store::page::Page;

/// Text that one page holds at most, but for its last part.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How long records are looked for.
#[derive(Clone, Copy)]
pub struct SearchTime<'a> {
    /// By this clock.
    pub clock: &'a dyn Clock,
    /// At most, but for the page that is under way then.
    pub most: Duration,
}

/// The records of one page.
#[derive(Debug, Default)]
pub struct Accumulated {
    /// In order.
    pub pages: Vec<Page>,
    /// Where the next page starts, when there may be more.
    pub next: Option<RecordId>,
    /// Whether this is all that was asked for: false when the time for it was over before.
    pub is_complete: bool,
}

impl Accumulated {
    /// What is there where nothing is asked for.
    pub fn nothing() -> Self {
        Self {
            is_complete: true,
            ..Self::default()
        }
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.pages.iter().map(Page::len).sum()
    }
}

/// Reads until there are `limit` records, nothing is left, or the `time` is over.
///
/// # Errors
/// When nothing can be told: what was found before a failure that may pass is given.
pub async fn accumulate(
    pages: &mut Pages,
    limit: usize,
    time: SearchTime<'_>,
) -> Result<Accumulated, PageError> {
    pages.keep_all();
    let until = time.clock.elapsed() + time.most;
    let mut accumulated = Accumulated::nothing();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        // One more than asked for tells whether there are more.
        pages.set_rows(limit + 1 - rows);
        let mut page = match pages.step().await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(accumulated),
            // How far the search has come is not thrown away for what may pass, nor for a record that takes
            // too long.
            Err(error) if (passes(&error) || is_too_slow(&error)) && accumulated.next.is_some() => {
                tracing::debug!(?error, "a search with a limit ends early");
                accumulated.is_complete = false;
                return Ok(accumulated);
            }
            Err(error) => return Err(error),
        };
        let is_over = rows + page.len() > limit;
        page.truncate(limit - rows);
        let last = page.len().checked_sub(1).and_then(|last| page.row(last));
        let last = last.map(|row| row.id);
        accumulated.next = if is_over {
            last.or(accumulated.next)
        } else {
            page.next
        };
        (rows, bytes) = (rows + page.len(), bytes + page.bytes());
        accumulated.pages.push(page);
        if rows >= limit || bytes >= MAX_BYTES || accumulated.next.is_none() {
            return Ok(accumulated);
        }
        if time.clock.elapsed() >= until {
            accumulated.is_complete = false;
            return Ok(accumulated);
        }
    }
}
