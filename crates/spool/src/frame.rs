//! The codec of a segment's parts: its head, its frames, its seal. Pure; the layout is drawn in
//! [`crate`].

use super::aligned::BLOCK_BYTES;
use logs::Timestamp;
use record::batch::Batch;
use record::id::{BatchId, KeyDigest};

/// The version of the format; a later one is not touched. Version 1 had no filler in its frames.
pub const FORMAT_VERSION: u16 = 2;
const FIRST_WITH_FILLER: u16 = 2;
/// Bytes before the first frame: the head, twice.
pub const SEGMENT_HEAD_BYTES: usize = 2 * HEAD_BYTES;
/// Bytes before a frame's payload, and the whole of a seal.
pub const FRAME_HEAD_BYTES: usize = 32;

const HEAD_BYTES: usize = 32;
const SEGMENT_MAGIC: [u8; 8] = *b"LOGSPOOL";
const FRAME_MAGIC: [u8; 4] = *b"FRAM";
const SEAL_MAGIC: [u8; 4] = *b"SEAL";
/// Of a batch, before its undated positions and its documents.
const BATCH_HEAD_BYTES: usize = 8 + 16 + 8 + 4 + 4 + 4 + 4;
const KEYED: u32 = 1;
const REPAIRED: u16 = 1;

/// The head of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHead {
    /// The version of its format.
    pub version: u16,
    /// The sequence number of its first batch.
    pub first_seq: u64,
    /// Goes into every checksum of the segment, so that nothing of another one is taken for its own.
    pub salt: u64,
    /// Whether it was put together again from a damaged one: sequence numbers may be missing.
    pub repaired: bool,
}

/// Why a segment's head cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadFault {
    /// Neither copy is intact.
    Damaged,
    /// A later version wrote it.
    Newer(u16),
}

impl SegmentHead {
    /// The head of a new segment.
    pub fn new(first_seq: u64, salt: u64) -> Self {
        Self {
            version: FORMAT_VERSION,
            first_seq,
            salt,
            repaired: false,
        }
    }

    /// Whether those who read it expect filler in its frames.
    pub fn may_have_filler(&self) -> bool {
        self.version >= FIRST_WITH_FILLER
    }

    /// Its bytes: two equal copies.
    pub fn encode(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut copy = Vec::with_capacity(HEAD_BYTES);
        copy.extend_from_slice(&SEGMENT_MAGIC);
        copy.extend_from_slice(&self.version.to_le_bytes());
        let flags = if self.repaired { REPAIRED } else { 0 };
        copy.extend_from_slice(&flags.to_le_bytes());
        copy.extend_from_slice(&self.first_seq.to_le_bytes());
        copy.extend_from_slice(&self.salt.to_le_bytes());
        copy.extend_from_slice(&crc32c::crc32c(&copy).to_le_bytes());
        let mut bytes = [0; SEGMENT_HEAD_BYTES];
        for part in bytes.chunks_exact_mut(HEAD_BYTES) {
            part.copy_from_slice(&copy);
        }
        bytes
    }

    /// Reads it from the segment's first bytes; the flag says whether both copies are intact.
    ///
    /// # Errors
    /// [`HeadFault`] when neither can be used.
    pub fn decode(bytes: &[u8]) -> Result<(Self, bool), HeadFault> {
        let mut copies = bytes
            .chunks_exact(HEAD_BYTES)
            .take(2)
            .map(Self::decode_copy);
        let first = copies.next().unwrap_or(Err(HeadFault::Damaged));
        let second = copies.next().unwrap_or(Err(HeadFault::Damaged));
        match (first, second) {
            (Ok(head), other) | (other, Ok(head)) => Ok((head, other == Ok(head))),
            (Err(HeadFault::Newer(version)), _) | (_, Err(HeadFault::Newer(version))) => {
                Err(HeadFault::Newer(version))
            }
            _ => Err(HeadFault::Damaged),
        }
    }

    fn decode_copy(copy: &[u8]) -> Result<Self, HeadFault> {
        let mut fields = Fields(copy);
        let mut read = || -> Option<_> {
            let (magic, version) = (fields.array::<8>()?, fields.u16()?);
            let (flags, first_seq, salt) = (fields.u16()?, fields.u64()?, fields.u64()?);
            let sum = fields.u32()?;
            let whole = crc32c::crc32c(copy.get(..HEAD_BYTES - 4)?) == sum;
            (magic == SEGMENT_MAGIC && whole).then_some((version, flags, first_seq, salt))
        };
        match read() {
            Some((version @ 1..=FORMAT_VERSION, flags, first_seq, salt)) => Ok(Self {
                version,
                first_seq,
                salt,
                repaired: flags & REPAIRED != 0,
            }),
            Some((version, ..)) => Err(HeadFault::Newer(version)),
            None => Err(HeadFault::Damaged),
        }
    }
}

/// What a frame's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    /// Whether it is the seal that ends a segment.
    pub seal: bool,
    /// Bytes of its payload; 0 for a seal.
    pub payload_bytes: u32,
    /// The sequence number of its first batch; for a seal, that of the next segment.
    pub first_seq: u64,
    /// Its batches; for a seal, those of the whole segment.
    pub batches: u32,
    /// Its records; for a seal, those of the whole segment.
    pub records: u32,
    payload_sum: u32,
}

impl FrameHead {
    /// The sequence number behind its last batch.
    pub fn end_seq(&self) -> u64 {
        self.first_seq + u64::from(self.batches)
    }

    /// Bytes of head and payload.
    pub fn frame_bytes(&self) -> u64 {
        FRAME_HEAD_BYTES as u64 + u64::from(self.payload_bytes)
    }

    /// Reads a head; `None` when it is not intact.
    pub fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let mut fields = Fields(bytes);
        let magic = fields.array::<4>()?;
        if magic != SEAL_MAGIC && magic != FRAME_MAGIC {
            return None;
        }
        let head = Self {
            seal: magic == SEAL_MAGIC,
            payload_bytes: fields.u32()?,
            first_seq: fields.u64()?,
            batches: fields.u32()?,
            records: fields.u32()?,
            payload_sum: fields.u32()?,
        };
        let sum = fields.u32()?;
        let intact = checksum(salt, bytes.get(..FRAME_HEAD_BYTES - 4)?) == sum;
        // The sequence numbers behind it must be numbers, too.
        let ends = head
            .first_seq
            .checked_add(u64::from(head.batches))
            .is_some();
        (intact && ends).then_some(head)
    }

    /// Whether `payload` is what was written.
    pub fn is_intact(&self, payload: &[u8], salt: u64) -> bool {
        payload.len() == self.payload_bytes as usize && checksum(salt, payload) == self.payload_sum
    }

    /// The same frame for a segment with another salt.
    pub fn with_salt(mut self, payload: &[u8], salt: u64) -> Vec<u8> {
        self.payload_sum = checksum(salt, payload);
        [&self.encode(salt), payload].concat()
    }

    fn encode(&self, salt: u64) -> [u8; FRAME_HEAD_BYTES] {
        let mut bytes = [0; FRAME_HEAD_BYTES];
        let magic = if self.seal { SEAL_MAGIC } else { FRAME_MAGIC };
        let parts: [&[u8]; 6] = [
            &magic,
            &self.payload_bytes.to_le_bytes(),
            &self.first_seq.to_le_bytes(),
            &self.batches.to_le_bytes(),
            &self.records.to_le_bytes(),
            &self.payload_sum.to_le_bytes(),
        ];
        let body = parts.concat();
        let sum = checksum(salt, &body).to_le_bytes();
        for (place, byte) in bytes.iter_mut().zip(body.iter().chain(&sum)) {
            *place = *byte;
        }
        bytes
    }
}

/// The seal of a segment, behind its last frame.
pub fn encode_seal(salt: u64, next_seq: u64, batches: u32, records: u32) -> [u8; FRAME_HEAD_BYTES] {
    let seal = FrameHead {
        seal: true,
        payload_bytes: 0,
        first_seq: next_seq,
        batches,
        records,
        payload_sum: checksum(salt, &[]),
    };
    seal.encode(salt)
}

/// Bytes that a batch takes in a frame.
pub fn batch_bytes(batch: &Batch) -> usize {
    BATCH_HEAD_BYTES + 4 * batch.undated().len() + batch.documents.encoded_bytes()
}

/// Writes one frame behind what `bytes` holds. It ends with `filler` zeros, of which a frame may have less
/// than a block.
///
/// # Errors
/// The number of payload bytes when they are more than a frame can hold.
pub fn encode_frame<'a>(
    bytes: &mut Vec<u8>,
    salt: u64,
    first_seq: u64,
    batches: impl Iterator<Item = &'a Batch>,
    filler: usize,
) -> Result<FrameHead, usize> {
    let (start, payload_start) = (bytes.len(), bytes.len() + FRAME_HEAD_BYTES);
    bytes.resize(payload_start, 0);
    let (mut count, mut records) = (0_u32, 0_usize);
    for batch in batches {
        encode_batch(bytes, batch);
        count += 1;
        records += batch.documents.len();
    }
    bytes.resize(bytes.len() + filler, 0);
    let payload = bytes.get(payload_start..).unwrap_or_default();
    let too_large = payload.len();
    let head = FrameHead {
        seal: false,
        payload_bytes: u32::try_from(payload.len()).map_err(|_| too_large)?,
        first_seq,
        batches: count,
        records: u32::try_from(records).map_err(|_| too_large)?,
        payload_sum: checksum(salt, payload),
    };
    if let Some(place) = bytes.get_mut(start..payload_start) {
        place.copy_from_slice(&head.encode(salt));
    }
    Ok(head)
}

fn encode_batch(bytes: &mut Vec<u8>, batch: &Batch) {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend_from_slice(batch.id.as_bytes());
    let (flags, digest) = match batch.key() {
        Some(digest) => (KEYED, *digest.as_bytes()),
        None => (0, [0; 16]),
    };
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

/// The batches of a frame whose payload is intact; `None` when they are not what its head says.
pub fn decode_batches(head: &FrameHead, payload: &[u8]) -> Option<Vec<Batch>> {
    let mut fields = Fields(payload);
    let batches: Option<Vec<_>> = (0..head.batches)
        .map(|_| decode_batch(&mut fields))
        .collect();
    let batches = batches?;
    let records: usize = batches.iter().map(|batch| batch.documents.len()).sum();
    let fits = is_filler(fields.0) && records == head.records as usize;
    fits.then_some(batches)
}

fn is_filler(rest: &[u8]) -> bool {
    rest.len() < BLOCK_BYTES && rest.iter().all(|byte| *byte == 0)
}

fn decode_batch(fields: &mut Fields<'_>) -> Option<Batch> {
    let (head, positions, documents) = batch_parts(fields)?;
    let positions = positions
        .chunks_exact(4)
        .map(|bytes| Fields(bytes).u32().map(|position| position as usize));
    let undated = positions.collect::<Option<_>>()?;
    let batch = Batch::from_parts(head.id, head.key, head.received_at, documents, undated)?;
    (batch.documents.len() == head.records as usize).then_some(batch)
}

/// What stands before a batch's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHead {
    /// What its records' ids have in common.
    pub id: BatchId,
    /// A digest of the client's key, if it sent one.
    pub key: Option<KeyDigest>,
    /// When the request came.
    pub received_at: Timestamp,
    /// Its records.
    pub records: u32,
}

/// The heads of the batches of a frame whose payload is intact, without a look at the documents;
/// `None` when they are not what its head says.
pub fn batch_heads(head: &FrameHead, payload: &[u8]) -> Option<Vec<BatchHead>> {
    let mut fields = Fields(payload);
    let parts = (0..head.batches).map(|_| batch_parts(&mut fields).map(|(head, ..)| head));
    parts.collect()
}

/// A batch's head, its undated positions and its documents.
fn batch_parts<'a>(fields: &mut Fields<'a>) -> Option<(BatchHead, &'a [u8], &'a [u8])> {
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
        received_at,
        records,
    };
    Some((head, positions, documents))
}

/// CRC-32C, begun with the salt.
fn checksum(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), bytes)
}

/// Little-endian fields, one behind another.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
