//! How many documents go to the store at a time: fewer while it takes too long for many, for the same
//! insert, sent again and again, would never come to its end. The embedded store tells by itself how far
//! it came.
//!
//! A store can also be slow whatever it is sent: a replica set that has lost a member takes a second for
//! one document as for a thousand. So more are tried again and again, and seldom where that was in vain.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// No fewer are sent for being slow: each insert waits for the disk once.
pub(super) const LEAST: usize = 64;
/// After so many inserts of full size that were slow, yet taken, twice as many are tried; twice as often
/// after each try in vain.
const TRIED_AFTER: u32 = 4;
const TRIED_AFTER_AT_MOST: u32 = 256;

/// Shared by all deliveries: what one has learned spares the others the wait.
#[derive(Debug)]
pub(crate) struct InsertSize {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    documents: usize,
    /// Inserts of that size since it was changed.
    taken: u32,
    tried_after: u32,
    /// Whether the size is a try of more than was known to be taken.
    is_a_try: bool,
}

impl InsertSize {
    /// At most so many documents at once.
    pub(crate) fn new(most: usize) -> Self {
        let state = State {
            documents: most,
            taken: 0,
            tried_after: TRIED_AFTER,
            is_a_try: false,
        };
        Self {
            most,
            state: Mutex::new(state),
        }
    }

    /// As many as may be sent at once.
    pub(super) fn documents(&self) -> usize {
        self.state().documents
    }

    /// So many took too long: half as many go next. Whether fewer can be sent at all.
    pub(super) fn took_too_long(&self, documents: usize) -> bool {
        // So few say nothing of their number.
        if documents <= LEAST {
            return false;
        }
        let mut state = self.state();
        let half = (documents / 2).max(LEAST);
        if half < state.documents {
            if state.is_a_try {
                state.tried_after = (state.tried_after * 2).min(TRIED_AFTER_AT_MOST);
            }
            (state.documents, state.taken, state.is_a_try) = (half, 0, false);
        }
        true
    }

    /// So many were taken. When it were as many as may be, twice as many go next: at once where that took
    /// a small part of the time that they had, else after some more.
    pub(super) fn were_taken(&self, documents: usize, took: Duration, had: Duration) {
        let mut state = self.state();
        if state.documents == self.most || documents < state.documents {
            return;
        }
        state.taken += 1;
        let was_quick = took < had / 4;
        if was_quick || state.taken >= state.tried_after {
            if was_quick {
                state.tried_after = TRIED_AFTER;
            }
            state.documents = (state.documents * 2).min(self.most);
            (state.taken, state.is_a_try) = (0, !was_quick);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 5_000;
    const HAD: Duration = Duration::from_secs(10);

    fn at_the_least() -> InsertSize {
        let size = InsertSize::new(MOST);
        while size.took_too_long(size.documents()) {}
        assert_eq!(size.documents(), LEAST);
        size
    }

    #[test]
    fn it_halves_down_to_the_least_and_comes_back() {
        let size = InsertSize::new(MOST);
        let mut sent = size.documents();
        while size.took_too_long(sent) {
            assert!(size.documents() < sent);
            sent = size.documents();
        }
        assert_eq!(size.documents(), LEAST);
        let quick = Duration::from_secs(2);
        size.were_taken(LEAST - 1, quick, HAD);
        assert_eq!(
            size.documents(),
            LEAST,
            "the rest of a portion says nothing"
        );
        size.were_taken(LEAST, HAD / 3, HAD);
        assert_eq!(size.documents(), LEAST, "twice as many could be too many");
        for _ in 0..10 {
            size.were_taken(size.documents(), quick, HAD);
        }
        assert_eq!(size.documents(), MOST);
    }

    #[test]
    fn a_few_that_take_too_long_say_nothing_of_their_number() {
        let size = InsertSize::new(MOST);
        assert!(!size.took_too_long(3));
        assert_eq!(size.documents(), MOST);
    }

    #[test]
    fn a_store_that_is_slow_whatever_it_is_sent_gets_many_again() {
        let size = at_the_least();
        let mut inserts = 0;
        while size.documents() < MOST {
            size.were_taken(size.documents(), HAD * 3 / 4, HAD);
            inserts += 1;
        }
        assert!(inserts <= 7 * TRIED_AFTER, "{inserts} inserts");
    }

    /// Each document takes its time: sixty of them all of it.
    #[test]
    fn a_store_that_is_slow_for_many_is_seldom_asked_for_more() {
        let size = at_the_least();
        let (mut taken, mut in_vain) = (0, 0);
        while taken < 5_000 {
            if size.documents() > LEAST {
                in_vain += 1;
                assert!(size.took_too_long(size.documents()));
            } else {
                taken += 1;
                size.were_taken(LEAST, HAD * 3 / 4, HAD);
            }
        }
        assert!(
            in_vain <= 6 + 5_000 / TRIED_AFTER_AT_MOST,
            "{in_vain} tries in vain"
        );
    }
}
