//! One state of all blocks, for several threads.

use crate::StoreError;
use crate::blocks::storage::{Day, Listed, Place, Snapshot};
use query::Order;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A state of all blocks that several threads read of, one at a time.
pub(in crate::blocks) struct Shared<'a>(Mutex<Box<dyn Snapshot + 'a>>);

impl<'a> Shared<'a> {
    pub(in crate::blocks) fn new(snapshot: Box<dyn Snapshot + 'a>) -> Self {
        Self(Mutex::new(snapshot))
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Snapshot + 'a>> {
        // Whoever panicked was reading, and left nothing half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot for Shared<'_> {
    fn first_day(&self, days: Range<Day>, order: Order) -> Result<Option<Day>, StoreError> {
        self.lock().first_day(days, order)
    }

    fn list(&self, days: Range<Day>) -> Result<Vec<Listed>, StoreError> {
        self.lock().list(days)
    }

    fn head(&self, place: Place) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        self.lock().head(place)
    }

    fn columns(&self, place: Place, parts: &[Range<usize>]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.lock().columns(place, parts)
    }
}
