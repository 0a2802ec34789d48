//! A batch in a frame: its head, its undated positions, its documents.

use super::byte_reader::ByteReader;
use logs::Timestamp;
use record::batch::Batch;
use record::id::{BatchId, KeyDigest};

/// Before its undated positions and its documents.
const BATCH_HEAD_BYTES: usize = 8 + 16 + 8 + 4 + 4 + 4 + 4;
const KEYED: u32 = 1;
const DEFERRED: u32 = 2;
const CONTENT_KEY: u32 = 4;
const OF_EARLIER_VERSION: u32 = 8;

/// Bytes that a batch takes in a frame.
pub fn batch_bytes(batch: &Batch) -> usize {
    BATCH_HEAD_BYTES + 4 * batch.undated().len() + batch.documents.encoded_bytes()
}

/// Writes a batch behind what `bytes` holds.
pub(super) fn encode(bytes: &mut Vec<u8>, batch: &Batch) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend_from_slice(batch.id.as_bytes());
    let (mut flags, digest) = match batch.key() {
        Some(digest) => (KEYED, *digest.as_bytes()),
        None => (0, [0; 16]),
    };
    if batch.is_deferred() {
        flags |= DEFERRED;
    }
    if batch.has_content_key() {
        flags |= CONTENT_KEY;
    }
    if batch.is_of_earlier_version() {
        flags |= OF_EARLIER_VERSION;
    }
    bytes.extend_from_slice(&digest);
    bytes.extend_from_slice(&batch.received_at.nanos().to_le_bytes());
    bytes.extend_from_slice(&flags.to_le_bytes());
    bytes.extend_from_slice(&count(batch.undated().len()));
    bytes.extend_from_slice(&count(batch.documents.len()));
    bytes.extend_from_slice(&count(batch.documents.encoded_bytes()));
    for position in batch.undated() {
        bytes.extend_from_slice(&count(*position));
    }
    bytes.extend_from_slice(batch.documents.encoded());
}

/// Reads a batch; `None` when it is not what its head says.
pub(super) fn decode(fields: &mut ByteReader<'_>) -> Option<Batch> {
    let (head, positions, documents) = batch_parts(fields)?;
    let positions = positions
        .chunks_exact(4)
        .map(|bytes| ByteReader(bytes).u32().map(|position| position as usize));
    let undated = positions.collect::<Option<_>>()?;
    let batch = Batch::from_parts(head.id, head.key, head.received_at, documents, undated)?;
    let batch = match head.deferred {
        true => batch.deferred(),
        false => batch,
    };
    let batch = match head.content_key {
        true => batch.with_content_key(),
        false => batch,
    };
    let batch = match head.of_earlier_version {
        true => batch.of_earlier_version(),
        false => batch,
    };
    (batch.documents.len() == head.records as usize).then_some(batch)
}

/// What stands before a batch's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHead {
    /// What its records' ids have in common.
    pub id: BatchId,
    /// A digest of its key, if it has one.
    pub key: Option<KeyDigest>,
    /// Whether that key was made of what was sent.
    pub content_key: bool,
    /// When the request came.
    pub received_at: Timestamp,
    /// Its records.
    pub records: u32,
    /// Whether they wait for room among what the store refused.
    pub deferred: bool,
    /// Whether an earlier version took records of it; a batch that such a version wrote does not say so.
    pub of_earlier_version: bool,
}

/// A batch's head, its undated positions and its documents.
pub(super) fn batch_parts<'a>(
    fields: &mut ByteReader<'a>,
) -> Option<(BatchHead, &'a [u8], &'a [u8])> {
    let id = BatchId::from_bytes(fields.array()?);
    let digest = KeyDigest::from_bytes(fields.array()?);
    let received_at = Timestamp::from_nanos(fields.u64()?.cast_signed());
    let flags = fields.u32()?;
    let (undated, records, bytes) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let positions = fields.take((undated as usize).checked_mul(4)?)?;
    let documents = fields.take(bytes as usize)?;
    let head = BatchHead {
        id,
        key: (flags & KEYED != 0).then_some(digest),
        content_key: flags & CONTENT_KEY != 0,
        received_at,
        records,
        deferred: flags & DEFERRED != 0,
        of_earlier_version: flags & OF_EARLIER_VERSION != 0,
    };
    Some((head, positions, documents))
}
