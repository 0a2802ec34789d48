//! A file of dead letters: its name and its content.
//!
//! `{number, 20 digits}.rej`: "LOGSREJ3", a CRC-32C of what follows (u32, little-endian), and BSON
//! documents, one for each record:
//!
//! ```text
//! { batch: BinData(0, 8 bytes), key: BinData(0, 16 bytes)?, content_key: 1?, received_at: i64 (ns), position,
//!   undated: 0 | 1, earlier: 1?, alone: 1?, peer: "10.0.0.1"?, reason: "…", rejected_at: ISODate, document: BinData(0, the record as the spool had it) }
//! ```
//!
//! `batch`, `key`, `content_key` and `received_at` are those of the batch's head in the spool. `peer` tells who
//! sent a record that was set aside at the door; a file holds those of one request and no others, or none.
//! `earlier` marks what an earlier version took, as does an id without an order in the record: such a version did
//! not write it; `alone`, of these, what was in a "LOGSREJ1" file. A file with any of these begins with "LOGSREJ2", as all that such a version wrote, so that the
//! first bytes tell. "LOGSREJ1", of still earlier ones, has `reason`, `rejected_at` and `document` alone. A file
//! has its name only when it is durable.

use super::DeadLetter;
use bson::raw::{RawBsonRef, RawDocument};
use logs::Timestamp;
use record::batch::BatchOrigin;
use record::bson_writer::BsonWriter;
use record::document::{StoredDocument, encoded_id, is_without_order};
use record::id::{BatchId, KeyDigest};
use spool::disk::{self, Disk};
use std::borrow::Cow;
use std::io;

const MAGIC: [u8; 8] = *b"LOGSREJ3";
const WITH_EARLIER: [u8; 8] = *b"LOGSREJ2";
const WITHOUT_ORIGIN: [u8; 8] = *b"LOGSREJ1";
const HEAD_BYTES: usize = 12;
/// Documents that are smaller are put together before they are written.
const LARGE_DOCUMENT: usize = 64 * 1024;
const SUFFIX: &str = ".rej";
/// The ending of a file that is not durable yet.
pub(super) const UNFINISHED: &str = ".new";
/// The ending of a file that is not what was written, and was set aside.
pub(super) const DAMAGED: &str = ".damaged";

/// What a file holds.
pub(super) struct Content {
    pub(super) letters: Vec<DeadLetter>,
    /// Its length, in bytes.
    pub(super) bytes: u64,
    /// Whether more may be put together with it.
    pub(super) is_current: bool,
}

/// The name of the file with this number.
pub fn name(number: u64) -> String {
    format!("{number:020}{SUFFIX}")
}

/// Whether a file has its name for good.
pub fn is_finished(name: &str) -> bool {
    !name.ends_with(UNFINISHED)
}

/// The number in a file's name, if it is one of ours.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// The content of a file with these letters, in pieces that follow one another: no large document is copied.
pub(super) fn encode(letters: &[DeadLetter]) -> Vec<Cow<'_, [u8]>> {
    let magic = match letters.iter().any(|letter| letter.earlier) {
        true => WITH_EARLIER,
        false => MAGIC,
    };
    let mut bytes = [&magic[..], &[0; 4]].concat();
    let mut pieces = Vec::new();
    for letter in letters {
        encode_head(&mut bytes, letter);
        if letter.document.len() < LARGE_DOCUMENT {
            bytes.extend_from_slice(&letter.document);
        } else {
            pieces.push(Cow::Owned(std::mem::take(&mut bytes)));
            pieces.push(Cow::Borrowed(&*letter.document));
        }
        bytes.push(0);
    }
    pieces.push(Cow::Owned(bytes));
    let sum = pieces.iter().enumerate().fold(0, |sum, (place, piece)| {
        let head = if place == 0 { HEAD_BYTES } else { 0 };
        crc32c::crc32c_append(sum, piece.get(head..).unwrap_or_default())
    });
    if let Some(Cow::Owned(first)) = pieces.first_mut() {
        put(first, MAGIC.len(), sum.to_le_bytes());
    }
    pieces
}

/// All of a letter but its document and the byte behind it.
fn encode_head(bytes: &mut Vec<u8>, letter: &DeadLetter) {
    let (start, origin) = (bytes.len(), &letter.origin);
    let mut writer = BsonWriter::new(bytes);
    let whole = writer.open();
    writer.binary("batch", 0, origin.id.as_bytes());
    if let Some(key) = &origin.key {
        writer.binary("key", 0, key.as_bytes());
    }
    if origin.content_key {
        writer.integer("content_key", 1);
    }
    writer.integer("received_at", origin.received_at.nanos());
    writer.integer("position", letter.position.into());
    writer.integer("undated", letter.undated.into());
    if letter.earlier {
        writer.integer("earlier", 1);
    }
    if letter.alone {
        writer.integer("alone", 1);
    }
    if let Some(peer) = letter.peer {
        writer.string("peer", &peer.to_string());
    }
    writer.string("reason", &letter.reason);
    writer.date("rejected_at", letter.rejected_at);
    writer.binary("document", 0, &[]);
    writer.close(whole);
    let (document, length) = (letter.document.len(), bytes.len() - start);
    put(bytes, start, length_bytes(length + document));
    bytes.pop();
    // In front of the document stand its length and its subtype.
    put(bytes, start + length - 6, length_bytes(document));
}

fn length_bytes(length: usize) -> [u8; 4] {
    i32::try_from(length).unwrap_or(i32::MAX).to_le_bytes()
}

fn put(bytes: &mut [u8], place: usize, number: [u8; 4]) {
    if let Some(field) = bytes.get_mut(place..place + number.len()) {
        field.copy_from_slice(&number);
    }
}

/// Whether a file may hold what an earlier version took, by its first bytes.
pub(super) fn may_hold_earlier(disk: &dyn Disk, number: u64) -> bool {
    let mut magic = [0; MAGIC.len()];
    let file = disk.open(&name(number));
    let read = file.and_then(|file| disk::read_full_at(&*file, &mut magic, 0));
    read.is_err() || magic != MAGIC
}

/// Reads a file.
///
/// # Errors
/// The disk's; [`io::ErrorKind::InvalidData`] when the file is not what was written.
pub(super) fn read(disk: &dyn Disk, number: u64) -> io::Result<Content> {
    let file = disk.open(&name(number))?;
    let bytes = file.length()?;
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    let mut content = vec![0; length];
    let read = disk::read_full_at(&*file, &mut content, 0)?;
    content.truncate(read);
    let damaged = || {
        let message = format!("{} is not what was written", name(number));
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let (is_current, letters) = decode(&content).ok_or_else(damaged)?;
    Ok(Content {
        letters,
        bytes,
        is_current,
    })
}

fn decode(content: &[u8]) -> Option<(bool, Vec<DeadLetter>)> {
    let (head, body) = content.split_at_checked(HEAD_BYTES)?;
    let (magic, sum) = head.split_at_checked(MAGIC.len())?;
    if sum != crc32c::crc32c(body).to_le_bytes() {
        return None;
    }
    let parse = match magic {
        _ if magic == MAGIC || magic == WITH_EARLIER => parse,
        _ if magic == WITHOUT_ORIGIN => parse_without_origin,
        _ => return None,
    };
    let (mut letters, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let length = u32::from_le_bytes(*rest.first_chunk()?);
        let letter;
        (letter, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        letters.push(parse(RawDocument::from_bytes(letter).ok()?)?);
    }
    Some((magic != WITHOUT_ORIGIN, letters))
}

fn parse(raw: &RawDocument) -> Option<DeadLetter> {
    let integer = |name: &str| match raw.get(name).ok()?? {
        RawBsonRef::Int32(number) => Some(i64::from(number)),
        RawBsonRef::Int64(number) => Some(number),
        _ => None,
    };
    let key = match raw.get("key").ok()? {
        Some(key) => Some(KeyDigest::from_bytes(binary(key)?.try_into().ok()?)),
        None => None,
    };
    let peer = match raw.get("peer").ok()? {
        Some(RawBsonRef::String(peer)) => Some(peer.parse().ok()?),
        _ => None,
    };
    let without_origin = parse_without_origin(raw)?;
    Some(DeadLetter {
        origin: BatchOrigin {
            id: BatchId::from_bytes(binary(raw.get("batch").ok()??)?.try_into().ok()?),
            key,
            content_key: integer("content_key").is_some_and(|flag| flag != 0),
            received_at: Timestamp::from_nanos(integer("received_at")?),
        },
        position: u32::try_from(integer("position")?).ok()?,
        undated: integer("undated")? != 0,
        alone: integer("alone").is_some_and(|flag| flag != 0),
        earlier: is_without_order(&without_origin.document)
            || integer("earlier").is_some_and(|flag| flag != 0),
        peer,
        ..without_origin
    })
}

/// Of an earlier version: what it came with is told from its id, as far as that goes.
fn parse_without_origin(raw: &RawDocument) -> Option<DeadLetter> {
    let document = binary(raw.get("document").ok()??)?.to_vec();
    let id = encoded_id(&document)?;
    let stored = RawDocument::from_bytes(&document).ok();
    let received_at = stored
        .and_then(StoredDocument::read)
        .map_or(0, |stored| stored.received_at);
    Some(DeadLetter {
        origin: BatchOrigin {
            id: id.batch(),
            key: None,
            content_key: false,
            received_at: Timestamp::from_nanos(received_at.saturating_mul(1_000_000)),
        },
        position: id.position(),
        undated: false,
        alone: true,
        earlier: true,
        peer: None,
        reason: raw.get_str("reason").ok()?.to_owned(),
        rejected_at: raw.get_datetime("rejected_at").ok()?.timestamp_millis(),
        document,
    })
}

fn binary(value: RawBsonRef<'_>) -> Option<&[u8]> {
    match value {
        RawBsonRef::Binary(binary) => Some(binary.bytes),
        _ => None,
    }
}
