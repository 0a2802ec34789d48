//! The counts that those above the spool keep, for its own tests.

use crate::{Accounts, BatchOutcome};
use std::sync::{Mutex, MutexGuard};

/// What was told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) received: u64,
    pub(super) recovered: u64,
    pub(super) stored: u64,
    pub(super) not_taken: u64,
    pub(super) waiting: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<Told>);

impl Counts {
    pub(super) fn told(&self) -> Told {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap()
    }
}

impl Accounts for Counts {
    fn recovered(&self, records: u64) {
        let mut told = self.lock();
        told.recovered += records;
        told.waiting += records;
    }

    fn spooled(&self, records: u64) {
        let mut told = self.lock();
        told.received += records;
        told.waiting += records;
    }

    fn not_taken(&self, records: u64) {
        let mut told = self.lock();
        told.received += records;
        told.not_taken += records;
    }

    fn done(&self, outcome: &BatchOutcome) {
        let mut told = self.lock();
        told.stored += outcome.stored;
        told.waiting = told.waiting.saturating_sub(outcome.records());
    }

    fn waiting(&self) -> u64 {
        self.lock().waiting
    }
}

#[test]
fn what_is_told_of_a_batch_in_two_parts_adds_up_and_only_what_waits_on_is_left_out() {
    let first = BatchOutcome {
        stored: 1,
        already_stored: 20,
        refused: 300,
        deferred: 7000,
    };
    let rest = BatchOutcome {
        stored: 2,
        already_stored: 50,
        refused: 600,
        deferred: 4000,
    };
    assert_eq!(first.records(), 321);
    let whole = BatchOutcome {
        stored: 3,
        already_stored: 70,
        refused: 900,
        deferred: 4000,
    };
    assert_eq!(first.and(rest), whole);
}
