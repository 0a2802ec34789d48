//! A limited number of records, read before the head of the answer is written.

use crate::http::Services;
use crate::retrieval::{PageError, Pages, passes};
use record::id::RecordId;
use store::page::Page;

/// Text that one page holds at most, but for its last part.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The records of one page.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// In order.
    pub(super) pages: Vec<Page>,
    /// Where the next page starts, when there may be more.
    pub(super) next: Option<RecordId>,
    /// Whether this is all that was asked for: false when the time for it was over before.
    pub(super) is_complete: bool,
}

impl Gathered {
    /// What is there where nothing is asked for.
    pub(super) fn nothing() -> Self {
        Self {
            is_complete: true,
            ..Self::default()
        }
    }

    /// Whether there is no record.
    pub(super) fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.pages.iter().map(Page::len).sum()
    }
}

/// Reads until there are `limit` records, nothing is left, or the time is over.
pub(super) async fn gather(
    services: &Services,
    pages: &mut Pages,
    limit: usize,
) -> Result<Gathered, PageError> {
    let until = services.clock.elapsed() + services.limits.query_max_time;
    let mut gathered = Gathered::nothing();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        // One more than asked for tells whether there are more.
        pages.set_rows(limit + 1 - rows);
        let mut page = match pages.step().await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(gathered),
            // How far the search has come is not thrown away for what may pass.
            Err(error) if passes(&error) && gathered.next.is_some() => {
                tracing::debug!(?error, "a search with a limit ends early");
                gathered.is_complete = false;
                return Ok(gathered);
            }
            Err(error) => return Err(error),
        };
        let is_over = rows + page.len() > limit;
        page.truncate(limit - rows);
        let last = page.len().checked_sub(1).and_then(|last| page.row(last));
        let last = last.map(|row| row.id);
        gathered.next = if is_over {
            last.or(gathered.next)
        } else {
            page.next
        };
        (rows, bytes) = (rows + page.len(), bytes + page.bytes());
        gathered.pages.push(page);
        if rows >= limit || bytes >= MAX_BYTES || gathered.next.is_none() {
            return Ok(gathered);
        }
        if services.clock.elapsed() >= until {
            gathered.is_complete = false;
            return Ok(gathered);
        }
    }
}
