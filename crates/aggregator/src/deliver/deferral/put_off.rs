//! Refusals of batches that the start found, while later copies of them may still come out of the spool: else
//! each start would append another copy, until the disk is full of them.

use spool::{BatchOutcome, Spool};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Refused;

/// Refused records that may be put off; about 200 bytes of memory each.
const MAX_RECORDS: usize = 50_000;

/// The refusals, until everything that the start found in the spool's newest segments was handed out. Older
/// segments hold no copies, and are not to be held up.
#[derive(Debug)]
pub(in crate::deliver) struct PutOff {
    numbers: Range<u64>,
    refusals: Mutex<Refusals>,
}

#[derive(Debug, Default)]
struct Refusals {
    by_number: BTreeMap<u64, Refusal>,
    records: usize,
}

/// What the store said to one batch.
#[derive(Debug)]
pub(in crate::deliver) struct Refusal {
    pub(in crate::deliver) outcome: BatchOutcome,
    /// Positions are those in the batch.
    pub(in crate::deliver) refused: Vec<Refused>,
    pub(in crate::deliver) bytes: u64,
}

impl PutOff {
    /// Of a spool of which nothing was handed out yet.
    pub(in crate::deliver) fn new(spool: &Spool) -> Self {
        Self {
            numbers: spool.newest_numbers(),
            refusals: Mutex::default(),
        }
    }

    /// Puts a refusal off, or gives it back when no copy can come any more, or as many are put off as may be.
    pub(in crate::deliver) fn add(
        &self,
        seq: u64,
        refusal: Refusal,
        spool: &Spool,
    ) -> Result<(), Refusal> {
        let mut refusals = self.refusals();
        let records = refusals.records + refusal.refused.len();
        if !self.numbers.contains(&seq) || self.is_over(spool) || records > MAX_RECORDS {
            return Err(refusal);
        }
        refusals.records = records;
        refusals.by_number.insert(seq, refusal);
        Ok(())
    }

    /// The first ones, once every copy was handed out: at most `count`, and so many bytes of batches but for a
    /// single larger one.
    pub(in crate::deliver) fn take(
        &self,
        spool: &Spool,
        count: usize,
        bytes: u64,
    ) -> BTreeMap<u64, Refusal> {
        let (mut taken, mut sum) = (BTreeMap::new(), 0);
        if !self.is_over(spool) {
            return taken;
        }
        let mut refusals = self.refusals();
        while taken.len() < count
            && let Some(first) = refusals.by_number.first_entry()
        {
            sum += first.get().bytes;
            if sum > bytes && !taken.is_empty() {
                break;
            }
            let (seq, refusal) = first.remove_entry();
            refusals.records -= refusal.refused.len();
            taken.insert(seq, refusal);
        }
        taken
    }

    /// Whether none is put off.
    pub(in crate::deliver) fn is_empty(&self) -> bool {
        self.refusals().by_number.is_empty()
    }

    fn is_over(&self, spool: &Spool) -> bool {
        spool.is_handed_out_below(self.numbers.end)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
