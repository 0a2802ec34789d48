//! Writing: documents go out as they were encoded, and every part of the reply is looked at.
//!
//! The driver does not look into the reply of a raw command: write errors and write concern errors
//! are ours to read.

use super::error::{self, DUPLICATE_KEY};
use crate::{InsertReport, Refused, StoreError};
use logs::counted;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Document, RawDocumentBuf, Uuid};
use mongodb::error::{Error, ErrorKind};
use record::bson_writer::BsonWriter;
use record::document;
use record::documents::DocumentList;
use record::id::IdFormat;
use std::ops::Range;
use std::time::Duration;

/// Room for the command around its documents.
const COMMAND_BYTES: usize = 512;
/// The member of a command that holds it to one collection, whatever has its name.
const UUID_MEMBER: &str = "collectionUUID";

/// Where documents go.
#[derive(Clone, Copy)]
pub(super) struct Collection<'a> {
    pub(super) name: &'a str,
    /// Nothing is inserted into another collection of this name, nor is one made.
    pub(super) uuid: Option<Uuid>,
    pub(super) format: IdFormat,
}

/// Why an insert was not done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InsertError {
    /// The collection with this UUID is not there any more.
    Gone,
    /// The server cannot be held to a UUID.
    UuidUnknown,
    /// Any other reason.
    Store(StoreError),
}

impl From<StoreError> for InsertError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl InsertError {
    fn of_command(error: Error) -> Self {
        match &*error.kind {
            ErrorKind::Command(command) if error::is_not_the_collection(command.code) => Self::Gone,
            // The words alone say nothing: that a user has no right repeats the whole command.
            ErrorKind::Command(command)
                if error::is_not_known(command.code) && command.message.contains(UUID_MEMBER) =>
            {
                Self::UuidUnknown
            }
            _ => Self::Store(error::of_insert(error)),
        }
    }

    /// That a write took too long says nothing about what was to be written.
    pub(super) fn late(self) -> Self {
        match self {
            Self::Store(StoreError::QueryTooSlow) => Self::Store(StoreError::Timeout),
            error => error,
        }
    }
}

/// Inserts documents durably: journalled on a majority.
pub(super) async fn insert(
    database: &Database,
    collection: Collection<'_>,
    documents: &DocumentList,
    range: Range<usize>,
    left: Duration,
) -> Result<InsertReport, InsertError> {
    let count = range.len();
    let start = range.start;
    let command = command(collection, documents, range, left);
    let command = RawDocumentBuf::from_bytes(command)
        .map_err(|error| StoreError::Rejected(error.to_string()))?;
    let reply = database.run_raw_command(command).await;
    let told = match reply {
        Ok(reply) => read_reply(&reply, start, count),
        Err(error) => Err(InsertError::of_command(error)),
    };
    told.map_err(InsertError::late)
}

/// An insert command: unordered, so that one document's fate does not hold up another's.
fn command(
    collection: Collection<'_>,
    documents: &DocumentList,
    range: Range<usize>,
    left: Duration,
) -> Vec<u8> {
    let left = early_deadline_millis(left);
    let size: usize = documents
        .slices(range.clone())
        .map(|bytes| bytes.len() + 12)
        .sum();
    let mut bytes = Vec::with_capacity(size + COMMAND_BYTES);
    let mut writer = BsonWriter::new(&mut bytes);
    let whole = writer.open();
    writer.string("insert", collection.name);
    if let Some(uuid) = collection.uuid {
        writer.binary(UUID_MEMBER, u8::from(BinarySubtype::Uuid), &uuid.bytes());
    }
    writer.boolean("ordered", false);
    let concern = writer.open_document("writeConcern");
    writer.string("w", "majority");
    writer.boolean("j", true);
    writer.integer("wtimeout", left);
    writer.close(concern);
    writer.integer("maxTimeMS", left);
    let list = writer.open_array("documents");
    let mut digits = itoa::Buffer::new();
    for (position, (document, is_keyed)) in documents.slices_with_keys(range).enumerate() {
        let name = digits.format(position);
        writer.document_by(name, |bytes| {
            document::write_as(bytes, document, collection.format, is_keyed);
        });
    }
    writer.close(list);
    writer.close(whole);
    bytes
}

/// A deadline as the server takes it; 0 would mean that there is none. It is a tenth earlier than
/// ours, so that the server's own answer, which says what it waited for, is still heard.
pub(super) fn early_deadline_millis(left: Duration) -> i64 {
    i64::try_from(left.mul_f64(0.9).as_millis())
        .unwrap_or(i64::MAX)
        .clamp(1, i64::from(i32::MAX))
}

/// What became of `count` documents, the first of which stands at `start` in their list.
///
/// # Errors
/// When any of it is in doubt: then all must be sent again.
pub(super) fn read_reply(
    reply: &Document,
    start: usize,
    count: usize,
) -> Result<InsertReport, InsertError> {
    if let Ok(concern) = reply.get_document("writeConcernError") {
        let reason = concern.get_str("errmsg").unwrap_or("no reason given");
        return Err(unavailable(format!("not durable on a majority: {reason}")));
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
        if error::is_not_the_collection(code) {
            return Err(InsertError::Gone);
        }
        let refused = Refused {
            position: start + index,
            reason: format!("{message} (code {code})"),
        };
        if code == DUPLICATE_KEY && is_own_id(entry) {
            report.already_stored.push(start + index);
        } else if code == DUPLICATE_KEY || error::refuses_document(code) {
            report.refused.push(refused);
        } else if error::passes(code) {
            return Err(error::of_code(code, refused.reason).into());
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
        return Err(unavailable(format!(
            "the reply tells of {} of {count}",
            counted(told, "document", "documents")
        )));
    }
    Ok(report)
}

fn unavailable(reason: String) -> InsertError {
    StoreError::Unavailable(reason).into()
}

fn unreadable() -> InsertError {
    unavailable("the reply to an insert cannot be read".to_owned())
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

#[cfg(test)]
mod tests;
