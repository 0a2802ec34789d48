//! A file of dead letters: its name and its content.
//!
//! `{number, 20 digits}.rej`, one for each refused portion: "LOGSREJ1", a CRC-32C of what follows (u32,
//! little-endian), and BSON documents `{reason, rejected_at, document}`, where `document` is the refused
//! document's own bytes. A file has its name only when it is durable.

use bson::raw::{RawBsonRef, RawDocument};
use logs::Timestamp;
use record::bson_writer::BsonWriter;
use record::documents::Documents;
use spool::disk::{self, Disk};
use std::io;

const MAGIC: [u8; 8] = *b"LOGSREJ1";
const HEAD_BYTES: usize = 12;
const SUFFIX: &str = ".rej";
/// The ending of a file that is not durable yet.
pub(super) const UNFINISHED: &str = ".new";

/// A refused document with its reason, encoded.
#[derive(Debug, Clone)]
pub struct Refusal(Vec<u8>);

impl Refusal {
    /// A refusal of the document in these bytes.
    pub fn new(document: &[u8], reason: &str, rejected_at: Timestamp) -> Self {
        let mut bytes = Vec::with_capacity(document.len() + reason.len() + 64);
        let mut writer = BsonWriter::new(&mut bytes);
        let whole = writer.open();
        writer.string("reason", reason);
        writer.date("rejected_at", rejected_at.millis());
        writer.binary("document", 0, document);
        writer.close(whole);
        Self(bytes)
    }
}

/// A refused document as it is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The store's reason.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub rejected_at: i64,
    /// The document's own bytes.
    pub document: Vec<u8>,
}

/// The content of a file with these refusals.
pub(super) fn encode(refusals: &[Refusal]) -> Vec<u8> {
    let body: Vec<u8> = refusals
        .iter()
        .flat_map(|refusal| &refusal.0)
        .copied()
        .collect();
    let sum = crc32c::crc32c(&body).to_le_bytes();
    [&MAGIC[..], &sum, &body].concat()
}

pub(super) fn name(number: u64) -> String {
    format!("{number:020}{SUFFIX}")
}

/// The number in a file's name, if it is one of ours.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

/// What a file holds.
pub(super) fn read(disk: &dyn Disk, number: u64) -> io::Result<Vec<DeadLetter>> {
    let file = disk.open(&name(number))?;
    let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = disk::read_full_at(&*file, &mut bytes, 0)?;
    let broken = || io::Error::other(format!("{} is damaged", name(number)));
    let (head, body) = bytes
        .get(..read)
        .and_then(|bytes| bytes.split_at_checked(HEAD_BYTES))
        .ok_or_else(broken)?;
    if head != [&MAGIC[..], &crc32c::crc32c(body).to_le_bytes()].concat() {
        return Err(broken());
    }
    let documents = Documents::from_encoded(body.to_vec()).ok_or_else(broken)?;
    let kept = documents.slices(0..documents.len()).map(parse);
    kept.collect::<Option<_>>().ok_or_else(broken)
}

fn parse(bytes: &[u8]) -> Option<DeadLetter> {
    let raw = RawDocument::from_bytes(bytes).ok()?;
    let document = match raw.get("document").ok()?? {
        RawBsonRef::Binary(binary) => binary.bytes.to_vec(),
        _ => return None,
    };
    Some(DeadLetter {
        reason: raw.get_str("reason").ok()?.to_owned(),
        rejected_at: raw.get_datetime("rejected_at").ok()?.timestamp_millis(),
        document,
    })
}
