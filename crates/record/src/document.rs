//! A record as the BSON document that is stored: its layout, and reading it back.
//!
//! ```text
//! { _id: BinData(0, 27 bytes), time: ISODate, level: "WARNING", severity: 13,
//!   message: "…", attributes: {…}, received_at: ISODate }
//! ```
//!
//! `level` and `attributes` are left out when there are none. `_id` and `time` stand first, so that
//! their bytes lie at the same place in every document and a record without a time can be dated
//! later, in place. Documents of format 1, with an id of 20 bytes, are read all the same.

use crate::bson_reader::{Elements, Value};
use crate::bson_writer::BsonWriter;
use crate::id::{
    BatchId, IdFormat, PLAIN_ID_BYTES, RECORD_ID_BYTES, RecordId, time_bytes, time_in,
};
use crate::order::{ORDER_BYTES, REACH_BYTES, SendOrder};
use bson::raw::{RawBsonRef, RawDocument};
use logs::{SEVERITY_UNKNOWN, Timestamp, severity_of};

/// Of a document that others wrote or changed, with a severity that is none. It is not that of an
/// unknown level: no filter for a level finds it.
const NO_SEVERITY: u8 = u8::MAX;

/// Byte offset of the id's length: document length, type, `_id\0`.
const ID_LENGTH_OFFSET: usize = 4 + 1 + 4;
/// Byte offset of the id: behind its length, its subtype.
const ID_OFFSET: usize = ID_LENGTH_OFFSET + 4 + 1;
/// Byte offset of its order: behind its time.
const ORDER_OFFSET: usize = ID_OFFSET + 8;
/// Bytes between the id and the time: a type and `time\0`.
const TIME_NAME_BYTES: usize = 1 + 5;

/// What a record says of itself, apart from its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// When it happened.
    pub time: Timestamp,
    /// Its level's text, if it has one.
    pub level: Option<&'a str>,
    /// Its text.
    pub message: &'a str,
}

/// Appends one document. `attributes` writes the members of the attributes; when it writes none,
/// there is no such field.
///
/// # Errors
/// The error of `attributes`; what was written until then stays, and is the caller's to cut off.
pub fn write<E>(
    bytes: &mut Vec<u8>,
    id: RecordId,
    head: Head<'_>,
    received_at: Timestamp,
    attributes: impl FnOnce(&mut BsonWriter<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut writer = BsonWriter::new(bytes);
    let document = writer.open();
    writer.binary("_id", 0, id.as_bytes());
    writer.date("time", head.time.millis());
    if let Some(level) = head.level {
        writer.string("level", level);
    }
    let severity = head.level.map_or(SEVERITY_UNKNOWN, severity_of);
    writer.integer("severity", i64::from(severity));
    writer.string("message", head.message);
    let before = bytes.len();
    let mut writer = BsonWriter::new(bytes);
    let members = writer.open_document("attributes");
    let empty = bytes.len();
    attributes(&mut BsonWriter::new(bytes))?;
    if bytes.len() == empty {
        bytes.truncate(before);
    } else {
        BsonWriter::new(bytes).close(members);
    }
    let mut writer = BsonWriter::new(bytes);
    writer.date("received_at", received_at.millis());
    writer.close(document);
    Ok(())
}

/// Gives the document in `bytes` another time, in its id and in its field.
pub fn set_time(bytes: &mut [u8], time: Timestamp) {
    let Some(length) = id_length(bytes) else {
        return;
    };
    let field = ID_OFFSET + length + TIME_NAME_BYTES;
    if let Some(head) = bytes.get_mut(ID_OFFSET..ID_OFFSET + 8) {
        head.copy_from_slice(&time_bytes(time));
    }
    if let Some(field) = bytes.get_mut(field..field + 8) {
        field.copy_from_slice(&time.millis().to_le_bytes());
    }
}

/// Gives the document in `bytes`, whose id has one, another order.
#[inline]
pub fn set_order(bytes: &mut [u8], order: SendOrder) {
    if let Some(place) = bytes.get_mut(ORDER_OFFSET..ORDER_OFFSET + ORDER_BYTES) {
        place.copy_from_slice(order.as_bytes());
    }
}

/// Gives the document in `bytes`, whose id has an order, the id of another batch.
pub(crate) fn set_batch(bytes: &mut [u8], batch: BatchId) {
    let start = ORDER_OFFSET + ORDER_BYTES;
    if let Some(place) = bytes.get_mut(start..start + batch.as_bytes().len()) {
        place.copy_from_slice(batch.as_bytes());
    }
}

/// Whether the id of a document that we wrote has an order; an earlier version gave none.
#[inline]
pub fn has_order(bytes: &[u8]) -> bool {
    id_length(bytes) == Some(RECORD_ID_BYTES)
}

/// Whether the id of a document that we wrote has none, as an earlier version wrote them.
#[inline]
pub fn is_without_order(bytes: &[u8]) -> bool {
    id_length(bytes) == Some(PLAIN_ID_BYTES)
}

/// Appends a document that we wrote as a store has it. Where the order is kept, the
/// [delay](crate::order) is left out of a batch with a key: whoever sends it again cannot know it.
pub fn write_as(out: &mut Vec<u8>, document: &[u8], format: IdFormat, is_keyed: bool) {
    match format {
        IdFormat::Plain => write_plain(out, document),
        IdFormat::Ordered => {
            let order = out.len() + ORDER_OFFSET;
            write_ordered(out, document);
            if is_keyed && let Some(delay) = out.get_mut(order + REACH_BYTES..order + ORDER_BYTES) {
                delay.fill(0);
            }
        }
    }
}

/// Without the order in its id.
fn write_plain(out: &mut Vec<u8>, document: &[u8]) {
    match has_order(document) {
        true => write_with_id_of(out, document, PLAIN_ID_BYTES, &[]),
        false => out.extend_from_slice(document),
    }
}

/// With an order in its id, which is none where an earlier version wrote it.
pub(crate) fn write_ordered(out: &mut Vec<u8>, document: &[u8]) {
    if has_order(document) {
        return out.extend_from_slice(document);
    }
    let none = SendOrder::NONE;
    write_with_id_of(out, document, RECORD_ID_BYTES, none.as_bytes());
}

/// The document with an id of another length, in which `order` stands between time and batch.
fn write_with_id_of(out: &mut Vec<u8>, document: &[u8], length: usize, order: &[u8]) {
    let start = out.len();
    let behind = match has_order(document) {
        true => ORDER_OFFSET + ORDER_BYTES,
        false => ORDER_OFFSET,
    };
    let (Some(before), Some(rest)) = (document.get(..ORDER_OFFSET), document.get(behind..)) else {
        return;
    };
    out.extend_from_slice(before);
    out.extend_from_slice(order);
    out.extend_from_slice(rest);
    let whole = out.len() - start;
    let lengths = [(0, whole), (ID_LENGTH_OFFSET, length)];
    for (offset, value) in lengths {
        let place = out.get_mut(start + offset..start + offset + 4);
        if let (Some(place), Ok(value)) = (place, i32::try_from(value)) {
            place.copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// Bytes of the id of a document that we wrote.
#[inline]
fn id_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(ID_LENGTH_OFFSET..ID_OFFSET - 1)?;
    let length = i32::from_le_bytes(length.try_into().ok()?);
    let length = usize::try_from(length).ok()?;
    [RECORD_ID_BYTES, PLAIN_ID_BYTES]
        .contains(&length)
        .then_some(length)
}

/// The id of a document that we wrote, which the spool holds.
#[inline]
pub fn encoded_id(bytes: &[u8]) -> Option<RecordId> {
    let length = id_length(bytes)?;
    RecordId::from_slice(bytes.get(ID_OFFSET..ID_OFFSET + length)?)
}

/// The time in the id of a document that we wrote.
#[inline]
pub fn time_of(bytes: &[u8]) -> Option<Timestamp> {
    id_length(bytes)?;
    let time = bytes.get(ID_OFFSET..)?.first_chunk()?;
    Some(time_in(*time))
}

/// The id of a document, when it is one of ours.
#[inline]
pub fn id_of(document: &RawDocument) -> Option<RecordId> {
    match document.get("_id") {
        Ok(Some(RawBsonRef::Binary(binary))) => RecordId::from_slice(binary.bytes),
        _ => None,
    }
}

/// The severity in a document, or in a count of documents that have it: any number, since the server
/// takes equal numbers of all types for the same.
#[inline]
pub fn severity_in(value: RawBsonRef<'_>) -> u8 {
    let whole = match value {
        RawBsonRef::Int32(number) => Some(number.into()),
        RawBsonRef::Int64(number) => Some(number),
        RawBsonRef::Double(number) => whole(number),
        RawBsonRef::Decimal128(number) => number.to_string().parse().ok().and_then(whole),
        _ => None,
    };
    let severity = whole.and_then(|number| u8::try_from(number).ok());
    severity.unwrap_or(NO_SEVERITY)
}

fn whole(number: f64) -> Option<i64> {
    // Without a fraction, it is written without a point.
    number.to_string().parse().ok()
}

/// A stored document, read without copying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoredDocument<'a> {
    /// Its id.
    pub id: RecordId,
    /// OpenTelemetry severity, 0 when the level is unknown.
    pub severity: u8,
    /// The level's text as it was sent.
    pub level: Option<&'a str>,
    /// The text.
    pub message: &'a str,
    /// The attributes, if there are any.
    pub attributes: Option<&'a RawDocument>,
    /// When it was received, in milliseconds since 1970.
    pub received_at: i64,
}

impl<'a> StoredDocument<'a> {
    /// Reads a document; `None` when it is not of this layout: one that others wrote.
    pub fn read(document: &'a RawDocument) -> Option<Self> {
        Self::read_ours(document.as_bytes()).or_else(|| Self::read_any(document))
    }

    /// A document as we write it; `None` for one that others changed, and for one that is damaged.
    fn read_ours(document: &'a [u8]) -> Option<Self> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let mut fields = Fields::default();
        for element in Elements::of(document)? {
            match element? {
                (b"_id", Value::Binary(bytes)) => fields.id = Some(RecordId::from_slice(bytes)?),
                (b"time", Value::Date(_)) => {}
                (b"level", Value::String(bytes)) => fields.level = Some(text(bytes)?),
                (b"severity", Value::Integer(number)) => {
                    fields.severity = Some(u8::try_from(number).ok()?);
                }
                (b"message", Value::String(bytes)) => fields.message = Some(text(bytes)?),
                (b"attributes", Value::Document(bytes)) => {
                    fields.attributes = Some(RawDocument::from_bytes(bytes).ok()?);
                }
                (b"received_at", Value::Date(millis)) => fields.received_at = millis,
                _ => return None,
            }
        }
        fields.document()
    }

    fn read_any(document: &'a RawDocument) -> Option<Self> {
        let mut fields = Fields::default();
        for element in document {
            let (name, value) = element.ok()?;
            match (name.as_str(), value) {
                ("_id", RawBsonRef::Binary(binary)) => {
                    fields.id = RecordId::from_slice(binary.bytes);
                }
                ("level", RawBsonRef::String(text)) => fields.level = Some(text),
                ("severity", value) => fields.severity = Some(severity_in(value)),
                ("message", RawBsonRef::String(text)) => fields.message = Some(text),
                ("attributes", RawBsonRef::Document(members)) => {
                    fields.attributes = Some(members);
                }
                ("received_at", RawBsonRef::DateTime(date)) => {
                    fields.received_at = date.timestamp_millis();
                }
                _ => {}
            }
        }
        fields.document()
    }
}

/// What was found of a stored document so far.
#[derive(Default)]
struct Fields<'a> {
    id: Option<RecordId>,
    severity: Option<u8>,
    level: Option<&'a str>,
    message: Option<&'a str>,
    attributes: Option<&'a RawDocument>,
    received_at: i64,
}

impl<'a> Fields<'a> {
    /// The document, when it has what each of ours has.
    fn document(self) -> Option<StoredDocument<'a>> {
        Some(StoredDocument {
            id: self.id?,
            severity: self.severity.unwrap_or(NO_SEVERITY),
            level: self.level,
            message: self.message?,
            attributes: self.attributes,
            received_at: self.received_at,
        })
    }
}

#[cfg(test)]
mod tests;
