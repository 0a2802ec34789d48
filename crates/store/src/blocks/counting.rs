//! How many blocks and rows there are, for `/metrics`: counted anew only as often as that costs little.

use super::file::BlockFile;
use super::storage::{Day, Readable as _};
use crate::StoreError;
use crate::figures::Tier;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many times as long as a count took, the next one waits.
const RESTS: u32 = 200;

/// The last count.
#[derive(Default)]
pub(super) struct Counting(Mutex<Option<Counted>>);

struct Counted {
    tiers: Vec<Tier>,
    ledger_rows: u64,
    /// When it is to be counted anew.
    until: Duration,
}

impl Counting {
    /// Blocks by their size, and rows of the ledger; one caller at a time counts. Blocks.
    pub(super) fn look(&self, file: &BlockFile) -> Result<(Vec<Tier>, u64), StoreError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = file.clock.elapsed();
        if let Some(counted) = last.as_ref().filter(|counted| begun < counted.until) {
            return Ok((counted.tiers.clone(), counted.ledger_rows));
        }
        let mut tiers = BlockFile::tiers();
        for listed in file.read()?.list(Day(i64::MIN)..Day(i64::MAX))? {
            let summary = &listed.summary;
            let fits = |tier: &&mut Tier| summary.records <= tier.most_records;
            if let Some(tier) = tiers.iter_mut().find(fits) {
                tier.blocks += 1;
                tier.records += summary.records as u64;
                tier.bytes += summary.bytes as u64;
            }
        }
        let ledger_rows = file.ledger_rows()?;
        let ended = file.clock.elapsed();
        let until = ended + ended.saturating_sub(begun) * RESTS;
        *last = Some(Counted {
            tiers: tiers.clone(),
            ledger_rows,
            until,
        });
        Ok((tiers, ledger_rows))
    }
}
