//! Records that are about to be kept elsewhere because no insert of them succeeded: the rows of their batches say so first,
//! and stay as long as the records may come back.

use super::ledger::row::{BatchRow, Incoming, LedgerKey, marked};
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

/// Marks the batches of documents durably, in one transaction; one that is marked already is left as it is.
pub(super) fn mark(
    storage: &dyn Storage,
    clock: &dyn Clock,
    (documents, positions): (&DocumentList, &[usize]),
    deadline: Duration,
) -> Result<(), StoreError> {
    let batches = batches(documents, positions);
    let keys: Vec<LedgerKey> = batches.keys().copied().collect();
    let origins: Vec<BatchOrigin> = batches.values().map(|(source, _)| source.origin).collect();
    let old = storage.old(&origins)?;
    loop {
        let batches = keys.iter().zip(batches.values()).zip(&old);
        let rows = batches.zip(storage.rows(&keys)?);
        let changes = rows.filter_map(|(((key, (source, delay)), old), before)| {
            let incoming = Incoming {
                origin: &source.origin,
                delay: *delay,
                positions: &[],
                old: old.as_ref(),
                refused: true,
                spool: storage.spool(),
                seq: source.seq,
            };
            let is_marked = before.as_ref().is_some_and(|row| says_so(row, &incoming));
            (!is_marked).then(|| RowChange {
                key: *key,
                after: marked(before.as_ref(), &incoming, clock.now()),
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

/// Whether a row is marked, and knows of this copy.
fn says_so(row: &BatchRow, incoming: &Incoming<'_>) -> bool {
    row.mark && row.spool == incoming.spool && row.seq >= incoming.seq
}

/// The batches that documents are of, each with its newest copy and its delay.
fn batches(
    documents: &DocumentList,
    positions: &[usize],
) -> BTreeMap<LedgerKey, (Source, Option<u32>)> {
    let mut batches: BTreeMap<LedgerKey, (Source, Option<u32>)> = BTreeMap::new();
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
        let (newest, known) = batch.or_insert((source, delay));
        newest.seq = newest.seq.max(source.seq);
        *known = known.or(delay);
    }
    batches
}
