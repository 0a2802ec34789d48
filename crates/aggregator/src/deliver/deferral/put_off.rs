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
    /// The number behind those that were taken last.
    next: u64,
    /// Records of those that were given back, and of what is behind them.
    overdue: usize,
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

    /// The next ones in turn, once every copy was handed out: at most `count`, and so many bytes of batches but
    /// for a single larger one. Those that cannot be kept are to be [given back](Self::give_back).
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
        let refusals = &mut *refusals;
        if refusals.by_number.range(refusals.next..).next().is_none() {
            refusals.next = 0;
        }
        let mut later = refusals.by_number.split_off(&refusals.next);
        while taken.len() < count
            && let Some(first) = later.first_entry()
        {
            sum += first.get().bytes;
            if sum > bytes && !taken.is_empty() {
                break;
            }
            let (seq, refusal) = first.remove_entry();
            refusals.records -= refusal.refused.len();
            refusals.next = seq + 1;
            taken.insert(seq, refusal);
        }
        refusals.by_number.append(&mut later);
        taken
    }

    /// Ends a [`take`](Self::take): these could not be kept, and come again after the others.
    pub(in crate::deliver) fn give_back(&self, mut left: BTreeMap<u64, Refusal>) {
        let mut refusals = self.refusals();
        let is_any = !left.is_empty();
        let records = left.values().map(|refusal| refusal.refused.len());
        refusals.records += records.sum::<usize>();
        refusals.by_number.append(&mut left);
        if is_any || refusals.by_number.is_empty() {
            refusals.overdue = refusals.records;
        }
    }

    /// Records that would be kept if they could.
    pub(in crate::deliver) fn overdue(&self) -> u64 {
        self.refusals().overdue as u64
    }

    /// Whether that of this batch is.
    pub(in crate::deliver) fn has(&self, seq: u64) -> bool {
        self.refusals().by_number.contains_key(&seq)
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
