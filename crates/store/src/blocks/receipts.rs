//! When keyed batches were received first: their rows in the ledger say so.

use super::ledger::old_batches::OldBatch;
use super::ledger::row::{BatchRow, Incoming, LedgerKey, plan};
use super::storage::{Applied, Change, RowChange, Storage};
use crate::StoreError;
use logs::Timestamp;
use logs::clock::Clock;
use record::batch::BatchOrigin;
use std::collections::BTreeMap;
use std::time::Duration;

/// The times of receipt that go with batches, in the same order: those given, durably remembered, or what was
/// remembered before.
pub(super) fn remember(
    storage: &dyn Storage,
    clock: &dyn Clock,
    batches: &[BatchOrigin],
    deadline: Duration,
) -> Result<Vec<Timestamp>, StoreError> {
    let keys: Vec<LedgerKey> = batches.iter().map(BatchOrigin::ledger_key).collect();
    let old = storage.old(batches)?;
    loop {
        let rows = storage.rows(&keys)?;
        let mut new: BTreeMap<LedgerKey, BatchRow> = BTreeMap::new();
        let mut times = Vec::with_capacity(batches.len());
        for (((origin, key), old), row) in batches.iter().zip(&keys).zip(&old).zip(rows) {
            let row = match row {
                Some(row) => row.received_at,
                None => {
                    new.entry(*key)
                        .or_insert_with(|| first(origin, old.as_ref(), storage.spool(), clock))
                        .received_at
                }
            };
            times.push(row);
        }
        let rows = new.into_iter().map(|(key, after)| RowChange {
            key,
            before: None,
            after,
        });
        let change = Change {
            rows: rows.collect(),
            ..Change::default()
        };
        if change.rows.is_empty() || storage.apply(&change, deadline)? != Applied::Outdated {
            return Ok(times);
        }
        if clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
    }
}

/// The row of a batch of which nothing is stored yet.
fn first(origin: &BatchOrigin, old: Option<&OldBatch>, spool: u32, clock: &dyn Clock) -> BatchRow {
    let incoming = Incoming {
        origin,
        delay: None,
        positions: &[],
        old,
        refused: false,
        spool,
        seq: 0,
    };
    plan(None, &incoming, clock.now()).row
}
