//! The file and what was done to it in numbers.

use super::BlockFile;
use super::statistics::LARGEST;
use crate::StoreError;
use crate::blocks::storage::Change;
use crate::database_file::bytes_in_use;
use crate::figures::{LedgerFigures, MergedBlocks, StoreSize, Tier};
use crate::identity;
use std::sync::{MutexGuard, PoisonError};

/// Of a table without row ids, every cell of a page is a row.
const LEDGER: &str = "SELECT COALESCE(SUM(ncell), 0), COALESCE(SUM(pgsize), 0) FROM dbstat
    WHERE name IN ('batches', 'old_batches')";

impl BlockFile {
    /// Bytes of the file and of its log.
    pub(in crate::blocks) fn bytes(&self) -> Option<u64> {
        identity::bytes(&self.path)
    }

    /// The same, and what of it holds something.
    pub(in crate::blocks) fn size(&self) -> Result<StoreSize, StoreError> {
        let in_use = self.looked_up(bytes_in_use)?;
        let on_disk = self.bytes().unwrap_or(in_use);
        Ok(StoreSize {
            in_use,
            on_disk,
            records: None,
        })
    }

    /// The sizes that blocks are told by, with none of them.
    pub(in crate::blocks) fn tiers() -> Vec<Tier> {
        let none = |most_records| Tier {
            most_records,
            ..Tier::default()
        };
        LARGEST.map(none).into()
    }

    /// What the ledger has, with what it knows of batches whose records came out of rows.
    pub(in crate::blocks) fn ledger(&self) -> Result<LedgerFigures, StoreError> {
        self.looked_up(|reader| {
            reader.query_row(LEDGER, [], |row| {
                let (rows, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok(LedgerFigures {
                    rows: rows.cast_unsigned(),
                    bytes: bytes.cast_unsigned(),
                })
            })
        })
    }

    /// Notes blocks that were replaced.
    pub(super) fn note_merged(&self, change: &Change) {
        let mut merged = self.counted();
        merged.merges += 1;
        merged.blocks += change.remove.len() as u64;
        for made in &change.add {
            merged.records += made.summary.records as u64;
            merged.bytes += made.bytes() as u64;
        }
    }

    /// What was merged since the start.
    pub(in crate::blocks) fn merged(&self) -> MergedBlocks {
        *self.counted()
    }

    fn counted(&self) -> MutexGuard<'_, MergedBlocks> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
