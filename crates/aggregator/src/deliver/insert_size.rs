//! How many documents go to the store at a time: fewer while it takes too long for many. Beside records of
//! some megabytes the embedded store takes milliseconds for each, and the same insert, sent again and
//! again, would never come to its end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Documents in one insert command or transaction at most; beyond 1000 little is gained.
pub(crate) const MOST: usize = 5_000;
/// No fewer are sent for being slow: each insert waits for the disk once.
pub(super) const LEAST: usize = 64;

/// Shared by all deliveries: what one has learned spares the others the wait.
#[derive(Debug)]
pub(crate) struct InsertSize(AtomicUsize);

impl Default for InsertSize {
    fn default() -> Self {
        Self(AtomicUsize::new(MOST))
    }
}

impl InsertSize {
    /// As many as may be sent at once.
    pub(super) fn documents(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// So many took too long: half as many go next. Whether fewer can be sent at all.
    pub(super) fn took_too_long(&self, documents: usize) -> bool {
        self.0
            .fetch_min((documents / 2).max(LEAST), Ordering::Relaxed);
        documents > LEAST
    }

    /// So many were taken: when it were as many as may be, in a small part of the time that they had, twice
    /// as many go next.
    pub(super) fn were_taken(&self, documents: usize, took: Duration, had: Duration) {
        let now = self.documents();
        if now < MOST && documents >= now && took < had / 4 {
            self.0.store((now * 2).min(MOST), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_down_to_the_least_and_comes_back() {
        let size = InsertSize::default();
        let mut sent = size.documents();
        while size.took_too_long(sent) {
            assert!(size.documents() < sent);
            sent = size.documents();
        }
        assert_eq!(size.documents(), LEAST);
        let (quick, had) = (Duration::from_secs(2), Duration::from_secs(10));
        size.were_taken(LEAST - 1, quick, had);
        assert_eq!(
            size.documents(),
            LEAST,
            "the rest of a portion says nothing"
        );
        size.were_taken(LEAST, had / 3, had);
        assert_eq!(size.documents(), LEAST, "twice as many could be too many");
        for _ in 0..10 {
            size.were_taken(size.documents(), quick, had);
        }
        assert_eq!(size.documents(), MOST);
    }
}
