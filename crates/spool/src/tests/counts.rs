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
