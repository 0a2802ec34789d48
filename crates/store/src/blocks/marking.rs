//! Records that are about to be kept elsewhere because no insert of them succeeded: the rows of their batches say so first,
//! and stay as long as the records may come back. Where such records are deleted on purpose, the rows say that they are
//! stored, so that none comes back.

use super::ledger::row::{BatchRow, Incoming, LedgerKey, marked, plan};
use super::portion::{delay_of, source_of};
use super::storage::{Applied, Change, RowChange, Storage};
use crate::StoreError;
use bson::RawDocument;
use logs::clock::Clock;
use record::batch::BatchOrigin;
use record::document::StoredDocument;
use record::documents::{DocumentList, Source};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is noted of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// They are about to be kept elsewhere.
    SetAside,
    /// They were kept elsewhere, and are deleted on purpose.
    Deleted,
}

/// Notes it of the batches of documents durably, in one transaction; one of which it is known is left as it is.
pub(super) fn note(
    noted: Noted,
    storage: &dyn Storage,
    clock: &dyn Clock,
    (documents, positions): (&DocumentList, &[usize]),
    deadline: Duration,
) -> Result<(), StoreError> {
    let batches = batches(documents, positions);
    let keys: Vec<LedgerKey> = batches.keys().copied().collect();
    let origins: Vec<BatchOrigin> = batches.values().map(|batch| batch.source.origin).collect();
    let old = storage.old(&origins)?;
    loop {
        let batches = keys.iter().zip(batches.values()).zip(&old);
        let rows = batches.zip(storage.rows(&keys)?);
        let changes = rows.filter_map(|(((key, batch), old), before)| {
            let incoming = Incoming {
                origin: &batch.source.origin,
                delay: batch.delay,
                positions: match noted {
                    Noted::SetAside => &[],
                    Noted::Deleted => &batch.positions,
                },
                old: old.as_ref(),
                refused: noted == Noted::SetAside,
                spool: storage.spool(),
                seq: batch.source.seq,
            };
            let is_known = before
                .as_ref()
                .is_some_and(|row| says_so(noted, row, &incoming));
            (!is_known).then(|| RowChange {
                key: *key,
                after: match noted {
                    Noted::SetAside => marked(before.as_ref(), &incoming, clock.now()),
                    Noted::Deleted => plan(before.as_ref(), &incoming, clock.now()).row,
                },
                before,
            })
        });
        let change = Change {
            rows: changes.collect(),
            ..Change::default()
        };
        if change.rows.is_empty() || storage.apply(&change, deadline)? != Applied::Outdated {
            return Ok(());
        }
        if clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
    }
}

/// Whether a row is marked, and knows of this copy; or has what is deleted.
fn says_so(noted: Noted, row: &BatchRow, incoming: &Incoming<'_>) -> bool {
    match noted {
        Noted::SetAside => row.mark && row.spool == incoming.spool && row.seq >= incoming.seq,
        Noted::Deleted => incoming
            .positions
            .iter()
            .all(|place| row.have.contains(*place)),
    }
}

/// A batch that documents are of.
struct OfBatch {
    /// With its newest copy.
    source: Source,
    delay: Option<u32>,
    positions: Vec<u32>,
}

/// The batches that documents are of.
fn batches(documents: &DocumentList, positions: &[usize]) -> BTreeMap<LedgerKey, OfBatch> {
    let mut batches: BTreeMap<LedgerKey, OfBatch> = BTreeMap::new();
    for position in positions {
        let Some((source, mut bytes)) = documents.by_batch(*position..position + 1).next() else {
            continue;
        };
        let document = bytes
            .next()
            .and_then(|bytes| RawDocument::from_bytes(bytes).ok());
        let stored = document.and_then(StoredDocument::read);
        let Some(source) = source.or_else(|| stored.as_ref().map(source_of)) else {
            continue;
        };
        let delay = stored.as_ref().and_then(delay_of);
        let batch = batches.entry(source.origin.ledger_key());
        let batch = batch.or_insert_with(|| OfBatch {
            source,
            delay,
            positions: Vec::new(),
        });
        batch.source.seq = batch.source.seq.max(source.seq);
        batch.delay = batch.delay.or(delay);
        let place = stored.map(|stored| stored.id.position());
        batch.positions.extend(place);
    }
    batches
}
