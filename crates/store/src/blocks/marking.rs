//! Records that the store refused and that are about to be kept elsewhere: the rows of their batches say so first, and
//! stay as long as the records may come back.

use super::ledger::row::{Incoming, marked};
use super::portion::Portion;
use super::storage::{Applied, Change, RowChange, Storage};
use crate::StoreError;
use logs::clock::Clock;
use std::time::Duration;

/// Marks the batches of a portion of which nothing was stored, durably.
pub(super) fn mark(
    portion: &Portion<'_>,
    storage: &dyn Storage,
    clock: &dyn Clock,
    deadline: Duration,
) -> Result<(), StoreError> {
    let keys = portion.keys();
    if keys.is_empty() {
        return Ok(());
    }
    loop {
        let batches = portion.batches.iter().zip(storage.rows(&keys)?);
        let rows = batches.map(|(batch, before)| {
            let incoming = Incoming {
                origin: &batch.source.origin,
                delay: batch.delay,
                positions: &[],
                refused: true,
                spool: storage.spool(),
                seq: batch.source.seq,
            };
            RowChange {
                key: batch.key,
                after: marked(before.as_ref(), &incoming, clock.now()),
                before,
            }
        });
        let change = Change {
            rows: rows.collect(),
            ..Change::default()
        };
        if storage.apply(&change, deadline)? != Applied::Outdated {
            return Ok(());
        }
        if clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
    }
}
