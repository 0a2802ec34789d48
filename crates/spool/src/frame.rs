//! The codec of a segment's parts: its head, its frames, its seal. Pure; the layout is drawn in
//! [`crate`].

mod batch;
mod byte_reader;
mod segment_head;

pub use batch::{BatchHead, batch_bytes};
pub use segment_head::{FORMAT_VERSION, HeadFault, SEGMENT_HEAD_BYTES, SegmentHead};

use super::aligned::BLOCK_BYTES;
use batch::batch_parts;
use byte_reader::ByteReader;
use record::batch::Batch;

/// Bytes before a frame's payload, and the whole of a seal.
pub const FRAME_HEAD_BYTES: usize = 32;

const FRAME_MAGIC: [u8; 4] = *b"FRAM";
const SEAL_MAGIC: [u8; 4] = *b"SEAL";

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
        let mut fields = ByteReader(bytes);
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
        batch::encode(bytes, batch);
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

/// The batches of a frame whose payload is intact; `None` when they are not what its head says.
pub fn decode_batches(head: &FrameHead, payload: &[u8]) -> Option<Vec<Batch>> {
    let mut fields = ByteReader(payload);
    let batches: Option<Vec<_>> = (0..head.batches)
        .map(|_| batch::decode(&mut fields))
        .collect();
    let batches = batches?;
    let records: usize = batches.iter().map(|batch| batch.documents.len()).sum();
    let fits = is_filler(fields.0) && records == head.records as usize;
    fits.then_some(batches)
}

fn is_filler(rest: &[u8]) -> bool {
    rest.len() < BLOCK_BYTES && rest.iter().all(|byte| *byte == 0)
}

/// The heads of the batches of a frame whose payload is intact, without a look at the documents;
/// `None` when they are not what its head says.
pub fn batch_heads(head: &FrameHead, payload: &[u8]) -> Option<Vec<BatchHead>> {
    let mut fields = ByteReader(payload);
    let parts = (0..head.batches).map(|_| batch_parts(&mut fields).map(|(head, ..)| head));
    parts.collect()
}

/// CRC-32C, begun with the salt.
fn checksum(salt: u64, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), bytes)
}
