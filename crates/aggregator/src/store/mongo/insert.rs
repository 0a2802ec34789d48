//! Writing: documents go out as they were encoded, and every part of the reply is looked at.
//!
//! The driver does not look into the reply of a raw command: write errors and write concern errors
//! are ours to read.

use super::error::{self, DUPLICATE_KEY};
use crate::batch::Documents;
use crate::bson_writer::BsonWriter;
use crate::record_id::BatchId;
use crate::store::{InsertReport, Refused, StoreError};
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, RawDocumentBuf, doc};
use std::ops::Range;
use std::time::Duration;

/// Room for the command around its documents.
const COMMAND_BYTES: usize = 512;

/// Inserts documents durably: journalled on a majority.
pub(super) async fn insert(
    database: &Database,
    collection: &str,
    documents: &Documents,
    range: Range<usize>,
    left: Duration,
) -> Result<InsertReport, StoreError> {
    let count = range.len();
    let start = range.start;
    let command = command(collection, documents, range, left);
    let command = RawDocumentBuf::from_bytes(command)
        .map_err(|error| StoreError::Rejected(error.to_string()))?;
    let reply = match database
        .run_raw_command(command)
        .await
        .map_err(StoreError::from)
    {
        // That it took too long says nothing about the documents here.
        Err(StoreError::QueryTooSlow) => return Err(StoreError::Timeout),
        reply => reply?,
    };
    read_reply(&reply, start, count)
}

/// An insert command: unordered, so that one document's fate does not hold up another's.
fn command(
    collection: &str,
    documents: &Documents,
    range: Range<usize>,
    left: Duration,
) -> Vec<u8> {
    let left = i64::try_from(left.as_millis())
        .unwrap_or(i64::MAX)
        .clamp(1, i64::from(i32::MAX));
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
    for (position, document) in documents.slices(range).enumerate() {
        writer.raw_document(&position.to_string(), document);
    }
    writer.close(list);
    writer.close(whole);
    bytes
}

/// What became of `count` documents, the first of which stands at `start` in its batch.
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
        if code == DUPLICATE_KEY && is_own_id(entry) {
            report.already_stored += 1;
        } else if code == DUPLICATE_KEY || error::refuses_document(code) {
            report.refused.push(Refused {
                position: start + index,
                reason: format!("{message} (code {code})"),
            });
        } else {
            return Err(error::of_code(code, format!("{message} (code {code})")));
        }
    }
    let stored = match reply.get("n") {
        Some(number) => number.as_i32().map(i64::from).or(number.as_i64()),
        None => None,
    };
    report.stored = stored
        .and_then(|stored| u64::try_from(stored).ok())
        .ok_or_else(unreadable)?;
    let told = report.stored + report.already_stored + report.refused.len() as u64;
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

/// Remembers a time of receipt for a batch, or gives the one that is remembered.
pub(super) async fn receipt(
    database: &Database,
    collection: &str,
    batch: BatchId,
    received_at: Timestamp,
) -> Result<Timestamp, StoreError> {
    let receipts = format!("{collection}_receipts");
    let id = Binary {
        subtype: BinarySubtype::Generic,
        bytes: batch.as_bytes().to_vec(),
    };
    let command = doc! {
        "insert": &receipts,
        "documents": [{
            "_id": id.clone(),
            "received_at": DateTime::from_millis(received_at.millis()),
            "received_at_ns": received_at.nanos(),
        }],
        "writeConcern": { "w": "majority", "j": true },
    };
    let reply = database.run_command(command).await?;
    if read_reply(&reply, 0, 1)?.stored == 1 {
        return Ok(received_at);
    }
    let found = database
        .collection::<Document>(&receipts)
        .find_one(doc! { "_id": id })
        .await?;
    found
        .and_then(|receipt| receipt.get_i64("received_at_ns").ok())
        .map(Timestamp::from_nanos)
        .ok_or_else(|| {
            StoreError::Unavailable(format!("the receipt of batch {batch} is not there"))
        })
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
        assert_eq!((report.stored, report.already_stored), (1, 1));
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
        for code in [10107, 91, 189, 11600, 112, 14031, 4_242_424] {
            let reply = doc! { "ok": 1, "n": 2, "writeErrors": [{ "index": 1, "code": code, "errmsg": "x" }] };
            assert!(
                matches!(read(&reply), Err(StoreError::Unavailable(_))),
                "{code}"
            );
        }
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
