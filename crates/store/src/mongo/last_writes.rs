//! What the last writes came to: why the store does not take them, though it can be reached.

use crate::StoreError;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was written. A user may have the right to the one and not to the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written {
    /// Records.
    Records,
    /// Markers of receipt.
    Receipts,
}

/// Why the last write of each kind failed, until one succeeds.
#[derive(Debug, Default)]
pub(super) struct LastWrites(Mutex<[Option<String>; 2]>);

impl LastWrites {
    /// Notes how a write ended. A failed one is tried again, so what is noted does not grow old.
    pub(super) fn note<T>(&self, written: Written, outcome: &Result<T, StoreError>) {
        let reason = match outcome {
            Err(error) if error.is_failure() => Some(error.to_string()),
            _ => None,
        };
        let [records, receipts] = &mut *self.lock();
        match written {
            Written::Records => *records = reason,
            Written::Receipts => *receipts = reason,
        }
    }

    /// Why writes are not taken.
    pub(super) fn problem(&self) -> Option<String> {
        let [records, receipts] = &*self.lock();
        records.clone().or_else(|| receipts.clone())
    }

    fn lock(&self) -> MutexGuard<'_, [Option<String>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
