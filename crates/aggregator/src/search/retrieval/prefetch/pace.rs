//! How large the pages of an answer may be: they grow with what its reader has taken.

use crate::search::retrieval::room::PIECE_BYTES;

/// A page of an answer that a reader takes quickly, but for its last row: thousands of usual records.
const LARGEST_PAGE: usize = 1024 * 1024;
/// What the buffers of a connection take by themselves, in bytes: it tells nothing of the reader.
const BUFFERED: usize = 512 * 1024;

/// What a reader has taken without a wait that makes it a slow one.
#[derive(Debug, Default)]
pub(super) struct Pace {
    taken: usize,
}

impl Pace {
    /// It has taken so many bytes more.
    pub(super) fn took(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes);
    }

    /// It has kept something waiting: it is taken for slow until it has shown otherwise.
    pub(super) fn was_slow(&mut self) {
        self.taken = 0;
    }

    /// Bytes of the next page, but for its last row.
    pub(super) fn page_bytes(&self) -> usize {
        let shown = self.taken.saturating_sub(BUFFERED);
        shown.clamp(PIECE_BYTES, LARGEST_PAGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of the pages that a reader takes one after another.
    fn pages(pace: &mut Pace, count: usize) -> Vec<usize> {
        let mut take = || {
            let bytes = pace.page_bytes();
            pace.took(bytes);
            bytes
        };
        (0..count).map(|_| take()).collect()
    }

    #[test]
    fn pages_grow_only_once_more_is_taken_than_buffers_hold() {
        let mut pace = Pace::default();
        let first = pages(&mut pace, BUFFERED / PIECE_BYTES + 1);
        assert!(first.iter().all(|bytes| *bytes == PIECE_BYTES), "{first:?}");
        let next = pages(&mut pace, 5);
        let grown: Vec<usize> = (0..5).map(|doubled| PIECE_BYTES << doubled).collect();
        assert_eq!(next, grown);
        assert_eq!(pages(&mut pace, 2), [LARGEST_PAGE; 2]);
    }

    #[test]
    fn a_reader_that_was_slow_gets_small_pages_until_it_has_shown_otherwise() {
        let mut pace = Pace::default();
        pages(&mut pace, 20);
        pace.was_slow();
        let first = pages(&mut pace, BUFFERED / PIECE_BYTES + 1);
        assert!(first.iter().all(|bytes| *bytes == PIECE_BYTES), "{first:?}");
    }
}
