//! How many blocks and rows there are, for `/metrics`: counted anew only as often as that costs little.

use super::file::BlockFile;
use super::storage::{Day, Readable as _};
use crate::StoreError;
use crate::figures::{LedgerFigures, Tier};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many times as long as a count took, the next one waits.
const RESTS: u32 = 200;

/// The last count.
#[derive(Default)]
pub(super) struct Counting {
    last: Mutex<Option<Counted>>,
    /// Held by whoever counts.
    counting: Mutex<()>,
}

/// Blocks and the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) tiers: Vec<Tier>,
    pub(super) ledger: LedgerFigures,
    /// When they are to be counted anew.
    until: Duration,
}

impl Counting {
    /// The last count, if there is one.
    pub(super) fn last(&self) -> Option<Counted> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// Counts, unless that was done a short time ago or somebody else is at it.
    pub(super) fn renew(&self, file: &BlockFile) -> Result<(), StoreError> {
        let begun = file.clock.elapsed();
        if self.last().is_some_and(|counted| begun < counted.until) {
            return Ok(());
        }
        let Ok(_alone) = self.counting.try_lock() else {
            return Ok(());
        };
        let (tiers, ledger) = count(file)?;
        let ended = file.clock.elapsed();
        let counted = Counted {
            tiers,
            ledger,
            until: ended + ended.saturating_sub(begun) * RESTS,
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(counted);
        Ok(())
    }
}

/// Blocks by their size, and the ledger.
fn count(file: &BlockFile) -> Result<(Vec<Tier>, LedgerFigures), StoreError> {
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
    Ok((tiers, file.ledger()?))
}
