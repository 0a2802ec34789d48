//! The markers of receipt: when a keyed batch whose records have no time of their own first came.
//!
//! They are found by their id alone. Those that are old are looked for in the order of their ids, a
//! bounded number at a time: an index by time would cost every such batch, and a TTL index would let
//! the server remove what a batch in a spool still needs.

use super::Target;
use super::delete::delete;
use super::insert::{InsertError, early_deadline_millis, read_reply};
use super::reply::{first_batch, number};
use crate::{Forgotten, ReceiptKey, Receipts, StoreError};
use futures_util::TryStreamExt as _;
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use record::batch::BatchOrigin;
use record::id::IdFormat;
use std::collections::HashMap;
use std::time::Duration;

/// Remembers times of receipt for batches, or gives those that are remembered.
pub(super) async fn remember(
    database: &Database,
    target: &Target,
    format: IdFormat,
    batches: &[BatchOrigin],
    left: Duration,
) -> Result<Vec<Timestamp>, InsertError> {
    let receipts = target.receipts();
    let documents: Vec<Document> = batches
        .iter()
        .map(|batch| {
            doc! {
                "_id": binary(key(batch, format)),
                "received_at": DateTime::from_millis(batch.received_at.millis()),
                "received_at_ns": batch.received_at.nanos(),
            }
        })
        .collect();
    let command = doc! {
        "insert": &receipts,
        "documents": documents,
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true, "wtimeout": early_deadline_millis(left) },
        "maxTimeMS": early_deadline_millis(left),
    };
    let reply = database.run_command(command).await;
    let reply = reply.map_err(StoreError::from)?;
    let report = read_reply(&reply, 0, batches.len())?;
    if let Some(refused) = report.refused.first().or(report.doubtful.first()) {
        return Err(StoreError::Unavailable(refused.reason.clone()).into());
    }
    if report.already_stored.is_empty() {
        return Ok(batches.iter().map(|batch| batch.received_at).collect());
    }
    let ids: Vec<Binary> = batches
        .iter()
        .map(|batch| binary(key(batch, format)))
        .collect();
    let mut found = database
        .collection::<Document>(&receipts)
        .find(doc! { "_id": { "$in": ids } })
        .await
        .map_err(StoreError::from)?;
    let mut known = HashMap::new();
    while let Some(receipt) = found.try_next().await.map_err(StoreError::from)? {
        if let (Ok(id), Ok(nanos)) = (
            receipt.get_binary_generic("_id"),
            receipt.get_i64("received_at_ns"),
        ) {
            known.insert(id.clone(), Timestamp::from_nanos(nanos));
        }
    }
    let of = |batch: &BatchOrigin| known.get(&key(batch, format).0).copied();
    let missing = |batch: &BatchOrigin| {
        InsertError::from(StoreError::Unavailable(format!(
            "the receipt of batch {} is not there",
            batch.id
        )))
    };
    batches
        .iter()
        .map(|batch| of(batch).ok_or_else(|| missing(batch)))
        .collect()
}

/// Beside records of format 1, markers are known by the batch alone, as they always were.
fn key(batch: &BatchOrigin, format: IdFormat) -> ReceiptKey {
    ReceiptKey(match format {
        IdFormat::Plain => batch.id.as_bytes().to_vec(),
        IdFormat::Ordered => batch.ledger_key().to_vec(),
    })
}

fn binary(key: ReceiptKey) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: key.0,
    }
}

/// Markers that are looked at in one step.
const STEP: i64 = 1_000;

/// Removes those of the next few markers behind `after` that were received before `before`.
pub(super) async fn forget(
    database: &Database,
    target: &Target,
    after: Option<ReceiptKey>,
    before: Timestamp,
    left: Duration,
) -> Result<Forgotten, StoreError> {
    let receipts = target.receipts();
    let behind = match after {
        Some(key) => doc! { "_id": { "$gt": binary(key) } },
        None => doc! {},
    };
    let mut looking = database
        .collection::<Document>(&receipts)
        .find(behind)
        .sort(doc! { "_id": 1 })
        .limit(STEP)
        .max_time(left)
        .await?;
    let (mut seen, mut last, mut old) = (0, None, Vec::new());
    while let Some(marker) = looking.try_next().await? {
        seen += 1;
        let Ok(id) = marker.get_binary_generic("_id") else {
            continue;
        };
        last = Some(ReceiptKey(id.clone()));
        if is_before(&marker, before) {
            old.push(marker.get("_id").cloned().unwrap_or(Bson::Null));
        }
    }
    let mut forgotten = Forgotten {
        removed: 0,
        next: last.filter(|_| seen >= STEP),
    };
    if old.is_empty() {
        return Ok(forgotten);
    }
    let which = doc! { "_id": { "$in": old } };
    forgotten.removed = delete(database, &receipts, which, left).await?;
    Ok(forgotten)
}

/// Whether it is one of ours, and was received before that time.
fn is_before(marker: &Document, before: Timestamp) -> bool {
    marker
        .get_i64("received_at_ns")
        .is_ok_and(|nanos| nanos < before.nanos())
}

/// How many markers there are and what they take on disk; `None` when the user may not ask.
pub(super) async fn count(database: &Database, target: &Target) -> Option<Receipts> {
    let receipts = target.receipts();
    let numbers = doc! {
        "aggregate": &receipts,
        "pipeline": [{ "$collStats": { "storageStats": {} } }],
        "cursor": {},
    };
    if let Ok(reply) = database.run_command(numbers).await {
        let first = first_batch(&reply)?.first()?.as_document()?;
        let stats = first.get_document("storageStats").ok()?;
        let bytes = number(stats, "storageSize")? + number(stats, "totalIndexSize")?;
        return Some(Receipts {
            count: number(stats, "count")?,
            bytes: Some(bytes),
        });
    }
    let count = database
        .run_command(doc! { "count": &receipts })
        .await
        .ok()?;
    let count = number(&count, "n")?;
    Some(Receipts {
        count,
        bytes: (count == 0).then_some(0),
    })
}
