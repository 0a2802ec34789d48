//! The head of a segment: two equal copies, of which one is enough.

use super::byte_reader::ByteReader;

/// The version of the format; a later one is not touched. Version 1 had no filler in its frames, version 2
/// ids without an order.
pub const FORMAT_VERSION: u16 = 3;
/// The first version that gives ids an order.
const FIRST_WITH_ORDER: u16 = 3;
/// Bytes before the first frame: the head, twice.
pub const SEGMENT_HEAD_BYTES: usize = 2 * HEAD_BYTES;

const HEAD_BYTES: usize = 32;
const SEGMENT_MAGIC: [u8; 8] = *b"LOGSPOOL";
const REPAIRED: u16 = 1;
const FOR_EARLIER: u16 = 2;

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
    /// Whether batches may be appended to it, or were, of which an earlier version took records.
    pub for_earlier: bool,
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
            for_earlier: false,
        }
    }

    /// The same, to which batches may come of which an earlier version took records, or not.
    #[must_use]
    pub fn for_earlier(self, for_earlier: bool) -> Self {
        Self {
            for_earlier,
            ..self
        }
    }

    /// Whether records may be in it that an earlier version took.
    pub fn may_hold_earlier(&self) -> bool {
        self.version < FIRST_WITH_ORDER || self.for_earlier
    }

    /// Whether an earlier version made it, which would not understand what is appended now.
    pub fn is_older(&self) -> bool {
        self.version < FORMAT_VERSION
    }

    /// Its bytes: two equal copies.
    pub fn encode(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut copy = Vec::with_capacity(HEAD_BYTES);
        copy.extend_from_slice(&SEGMENT_MAGIC);
        copy.extend_from_slice(&self.version.to_le_bytes());
        let repaired = if self.repaired { REPAIRED } else { 0 };
        let for_earlier = if self.for_earlier { FOR_EARLIER } else { 0 };
        let flags = repaired | for_earlier;
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
        let mut fields = ByteReader(copy);
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
                for_earlier: flags & FOR_EARLIER != 0,
            }),
            Some((version, ..)) => Err(HeadFault::Newer(version)),
            None => Err(HeadFault::Damaged),
        }
    }
}
