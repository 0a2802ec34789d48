//! Writing: documents go out as they were encoded, and every part of the reply is looked at.
//!
//! The driver does not look into the reply of a raw command: write errors and write concern errors
//! are ours to read.

use super::error::{self, DUPLICATE_KEY};
use crate::{InsertReport, Refused, StoreError};
use futures_util::TryStreamExt as _;
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, RawDocumentBuf, doc};
use record::bson_writer::BsonWriter;
use record::documents::DocumentList;
use record::id::BatchId;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

/// Room for the command around its documents.
const COMMAND_BYTES: usize = 512;

/// Inserts documents durably: journalled on a majority.
pub(super) async fn insert(
    database: &Database,
    collection: &str,
    documents: &DocumentList,
    range: Range<usize>,
    left: Duration,
) -> Result<InsertReport, StoreError> {
    let count = range.len();
    let start = range.start;
    let command = command(collection, documents, range, left);
    let command = RawDocumentBuf::from_bytes(command)
        .map_err(|error| StoreError::Rejected(error.to_string()))?;
    let reply = database.run_raw_command(command).await;
    let told = match reply {
        Ok(reply) => read_reply(&reply, start, count),
        Err(error) => Err(error::of_insert(error)),
    };
    told.map_err(late)
}

/// That a write took too long says nothing about what was to be written.
fn late(error: StoreError) -> StoreError {
    match error {
        StoreError::QueryTooSlow => StoreError::Timeout,
        error => error,
    }
}

/// An insert command: unordered, so that one document's fate does not hold up another's.
fn command(
    collection: &str,
    documents: &DocumentList,
    range: Range<usize>,
    left: Duration,
) -> Vec<u8> {
    let left = millis(left);
    let size: usize = documents
        .slices(range.clone())
        .map(|bytes| bytes.len() + 12)
        .sum();
    let mut bytes = Vec::with_capacity(size + COMMAND_BYTES);
    let mut writer = BsonWriter::new(&mut bytes);
    let whole = writer.open();
    writer.string("insert", collection);
    writer.boolean("ordered", false);
    let concern = writer.open_document("writeConcern");
    writer.string("w", "majority");
    writer.boolean("j", true);
    writer.integer("wtimeout", left);
    writer.close(concern);
    writer.integer("maxTimeMS", left);
    let list = writer.open_array("documents");
    let mut digits = itoa::Buffer::new();
    for (position, document) in documents.slices(range).enumerate() {
        writer.raw_document(digits.format(position), document);
    }
    writer.close(list);
    writer.close(whole);
    bytes
}

/// A deadline as the server takes it; 0 would mean that there is none. It is a tenth earlier than
/// ours, so that the server's own answer, which says what it waited for, is still heard.
fn millis(left: Duration) -> i64 {
    i64::try_from(left.mul_f64(0.9).as_millis())
        .unwrap_or(i64::MAX)
        .clamp(1, i64::from(i32::MAX))
}

/// What became of `count` documents, the first of which stands at `start` in their list.
///
/// # Errors
/// When any of it is in doubt: then all must be sent again.
fn read_reply(reply: &Document, start: usize, count: usize) -> Result<InsertReport, StoreError> {
    if let Ok(concern) = reply.get_document("writeConcernError") {
        let reason = concern.get_str("errmsg").unwrap_or("no reason given");
        return Err(StoreError::Unavailable(format!(
            "not durable on a majority: {reason}"
        )));
    }
    let mut report = InsertReport::default();
    for entry in reply.get_array("writeErrors").ok().into_iter().flatten() {
        let entry = entry.as_document().ok_or_else(unreadable)?;
        let code = entry.get_i32("code").map_err(|_| unreadable())?;
        let index = entry
            .get_i32("index")
            .ok()
            .and_then(|index| usize::try_from(index).ok());
        let index = index.ok_or_else(unreadable)?;
        let message = entry.get_str("errmsg").unwrap_or_default();
        let refused = Refused {
            position: start + index,
            reason: format!("{message} (code {code})"),
        };
        if code == DUPLICATE_KEY && is_own_id(entry) {
            report.already_stored.push(start + index);
        } else if code == DUPLICATE_KEY || error::refuses_document(code) {
            report.refused.push(refused);
        } else if error::passes(code) {
            return Err(error::of_code(code, refused.reason));
        } else {
            report.doubtful.push(refused);
        }
    }
    let stored = match reply.get("n") {
        Some(number) => number.as_i32().map(i64::from).or(number.as_i64()),
        None => None,
    };
    report.stored = stored
        .and_then(|stored| u64::try_from(stored).ok())
        .ok_or_else(unreadable)?;
    let named = report.already_stored.len() + report.refused.len() + report.doubtful.len();
    let told = report.stored + named as u64;
    if told != count as u64 {
        return Err(StoreError::Unavailable(format!(
            "the reply tells of {told} documents of {count}"
        )));
    }
    Ok(report)
}

fn unreadable() -> StoreError {
    StoreError::Unavailable("the reply to an insert cannot be read".to_owned())
}

/// Whether the key that is there already is the id; a unique index that an operator made is not ours.
fn is_own_id(entry: &Document) -> bool {
    match entry.get_document("keyPattern") {
        Ok(pattern) => pattern.keys().eq(["_id"]),
        // Servers before 4.4 say it in words only; an operator's index may have `_id` in its name.
        Err(_) => entry
            .get_str("errmsg")
            .is_ok_and(|text| text.contains(" index: _id_ ")),
    }
}

/// Remembers times of receipt for batches, or gives those that are remembered.
pub(super) async fn receipts(
    database: &Database,
    collection: &str,
    batches: &[(BatchId, Timestamp)],
    left: Duration,
) -> Result<Vec<Timestamp>, StoreError> {
    let receipts = format!("{collection}_receipts");
    let documents: Vec<Document> = batches
        .iter()
        .map(|(batch, received_at)| {
            doc! {
                "_id": binary(*batch),
                "received_at": DateTime::from_millis(received_at.millis()),
                "received_at_ns": received_at.nanos(),
            }
        })
        .collect();
    let command = doc! {
        "insert": &receipts,
        "documents": documents,
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true, "wtimeout": millis(left) },
        "maxTimeMS": millis(left),
    };
    let reply = database.run_command(command).await;
    let reply = reply.map_err(|error| late(error.into()))?;
    let report = read_reply(&reply, 0, batches.len())?;
    if let Some(refused) = report.refused.first().or(report.doubtful.first()) {
        return Err(StoreError::Unavailable(refused.reason.clone()));
    }
    if report.already_stored.is_empty() {
        return Ok(batches
            .iter()
            .map(|(_, received_at)| *received_at)
            .collect());
    }
    let ids: Vec<Binary> = batches.iter().map(|(batch, _)| binary(*batch)).collect();
    let mut found = database
        .collection::<Document>(&receipts)
        .find(doc! { "_id": { "$in": ids } })
        .await?;
    let mut known = HashMap::new();
    while let Some(receipt) = found.try_next().await? {
        if let (Ok(id), Ok(nanos)) = (
            receipt.get_binary_generic("_id"),
            receipt.get_i64("received_at_ns"),
        ) {
            known.insert(id.clone(), Timestamp::from_nanos(nanos));
        }
    }
    let of = |batch: &BatchId| known.get(batch.as_bytes().as_slice()).copied();
    let missing =
        |batch| StoreError::Unavailable(format!("the receipt of batch {batch} is not there"));
    batches
        .iter()
        .map(|(batch, _)| of(batch).ok_or_else(|| missing(*batch)))
        .collect()
}

fn binary(batch: BatchId) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: batch.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &Document) -> Result<InsertReport, StoreError> {
        read_reply(reply, 10, 3)
    }

    #[test]
    fn a_duplicate_of_our_id_is_success_and_of_another_index_a_refusal() {
        let own = doc! { "index": 0, "code": 11000, "keyPattern": { "_id": 1 }, "errmsg": "dup" };
        let other =
            doc! { "index": 2, "code": 11000, "keyPattern": { "user": 1 }, "errmsg": "dup" };
        let report = read(&doc! { "ok": 1, "n": 1, "writeErrors": [own, other] }).unwrap();
        assert_eq!((report.stored, report.already_stored), (1, vec![10]));
        assert_eq!(report.refused[0].position, 12);
    }

    #[test]
    fn an_older_server_names_the_index_in_words_only() {
        let error = |index: &str| {
            let text = format!(
                "E11000 duplicate key error collection: logdb.logs index: {index} dup key: {{ : 1 }}"
            );
            doc! { "index": 0, "code": 11000, "errmsg": text }
        };
        assert!(is_own_id(&error("_id_")));
        assert!(!is_own_id(&error("user_id_1")));
        assert!(!is_own_id(&error("tenant_id_")));
    }

    #[test]
    fn a_write_concern_error_is_never_success() {
        let reply =
            doc! { "ok": 1, "n": 3, "writeConcernError": { "code": 64, "errmsg": "timed out" } };
        assert!(
            matches!(read(&reply), Err(StoreError::Unavailable(reason)) if reason.contains("timed out"))
        );
    }

    #[test]
    fn an_error_that_passes_puts_the_whole_insert_in_doubt() {
        for code in [10107, 91, 189, 11600, 112, 14031] {
            let reply = doc! { "ok": 1, "n": 2, "writeErrors": [{ "index": 1, "code": code, "errmsg": "x" }] };
            assert!(
                matches!(read(&reply), Err(StoreError::Unavailable(_))),
                "{code}"
            );
        }
    }

    #[test]
    fn a_document_with_an_unknown_error_is_in_doubt_and_the_others_are_not() {
        let error = doc! { "index": 1, "code": 4_242_424, "errmsg": "new" };
        let report = read(&doc! { "ok": 1, "n": 2, "writeErrors": [error] }).unwrap();
        assert_eq!(report.stored, 2);
        assert_eq!(report.doubtful[0].position, 11);
        assert!(report.refused.is_empty());
    }

    #[test]
    fn a_reply_that_does_not_tell_of_every_document_is_not_believed() {
        for reply in [
            doc! { "ok": 1, "n": 2 },
            doc! { "ok": 1 },
            doc! { "ok": 1, "n": 3, "writeErrors": [5] },
        ] {
            assert!(
                matches!(read(&reply), Err(StoreError::Unavailable(_))),
                "{reply}"
            );
        }
        assert_eq!(read(&doc! { "ok": 1, "n": 3 }).unwrap().stored, 3);
    }
}
