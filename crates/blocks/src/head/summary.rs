//! What a block says of itself in few bytes, by which reading is planned without its head.

use crate::damaged::Damaged;
use crate::input::{Input, write_varint};
use crate::section::MOST_BYTES_OF_ALL;
use crate::{FORMAT_VERSION, MOST_RECORDS};
use record::id::{RECORD_ID_BYTES, RecordId};

const MAGIC: &[u8; 8] = b"LOGBLOCK";
const CHECKSUM_BYTES: usize = 4;

/// The front of a head, which may be kept apart as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Records in the block.
    pub records: usize,
    /// The least of their ids.
    pub first: RecordId,
    /// The greatest of their ids.
    pub last: RecordId,
    /// Bytes of its columns and its filter, as they are stored.
    pub bytes: usize,
    /// Of what may be [`MOST_TEXT`](crate::MOST_TEXT), as it was counted when the block was written.
    pub text: usize,
    /// How many records have which severity, ascending.
    pub severities: Vec<(u8, u64)>,
}

impl Summary {
    /// Its bytes, with which the block's head begins.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::new();
        write_varint(&mut fields, self.records as u64);
        fields.extend_from_slice(self.first.as_bytes());
        fields.extend_from_slice(self.last.as_bytes());
        write_varint(&mut fields, self.bytes as u64);
        write_varint(&mut fields, self.text as u64);
        write_varint(&mut fields, self.severities.len() as u64);
        for (severity, count) in &self.severities {
            fields.push(*severity);
            write_varint(&mut fields, *count);
        }
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        let length = u16::try_from(fields.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&fields);
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads what was encoded, by itself or at the front of a head.
    ///
    /// # Errors
    /// [`Damaged`] when it is something else.
    pub fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        Self::split(bytes).map(|(summary, _)| summary)
    }

    /// Reads it, and gives what stands behind it.
    pub(super) fn split(bytes: &[u8]) -> Result<(Self, &[u8]), Damaged> {
        let mut input = Input::new(bytes.strip_prefix(MAGIC).ok_or(Damaged::NotABlock)?);
        let version = u16::from_le_bytes(input.array()?);
        let length = usize::from(u16::from_le_bytes(input.array()?));
        let fields = Input::new(input.take(length)?);
        let covered = bytes.len() - input.rest().len();
        let covered = bytes.get(..covered).unwrap_or_default();
        let checksum: [u8; CHECKSUM_BYTES] = input.array()?;
        // In every version it stands there: what is damaged is not taken for a later one.
        if crc32c::crc32c(covered).to_le_bytes() != checksum {
            return Err(Damaged::Checksum("summary"));
        }
        match version {
            FORMAT_VERSION => {}
            found if found < FORMAT_VERSION => {
                return Err(Damaged::Impossible("a version that never was"));
            }
            found => {
                return Err(Damaged::Newer {
                    found,
                    known: FORMAT_VERSION,
                });
            }
        }
        let summary = Self::read_fields(fields)?;
        summary.check()?;
        Ok((summary, input.rest()))
    }

    fn read_fields(mut input: Input<'_>) -> Result<Self, Damaged> {
        let records = input.count(MOST_RECORDS)?;
        let mut id = || {
            let bytes = input.array::<RECORD_ID_BYTES>()?;
            RecordId::from_slice(&bytes).ok_or(Damaged::Length)
        };
        let (first, last) = (id()?, id()?);
        let (bytes, text) = (
            input.count(MOST_BYTES_OF_ALL)?,
            input.count(MOST_BYTES_OF_ALL)?,
        );
        let mut severities = Vec::new();
        for _ in 0..input.count(1 << 8)? {
            severities.push((input.byte()?, input.varint()?));
        }
        input.end()?;
        Ok(Self {
            records,
            first,
            last,
            bytes,
            text,
            severities,
        })
    }

    /// Whether all that it says can be.
    fn check(&self) -> Result<(), Damaged> {
        let counts = self.severities.iter().map(|(_, count)| *count);
        let counted = counts.reduce(u64::saturating_add);
        let is_so = |is_so, what| match is_so {
            true => Ok(()),
            false => Err(Damaged::Impossible(what)),
        };
        is_so(self.records > 0, "no records")?;
        is_so(self.first <= self.last, "ids that are not in their order")?;
        is_so(
            counted == Some(self.records as u64)
                && self.severities.is_sorted_by(|(a, _), (b, _)| a < b),
            "severities of more or fewer records",
        )
    }
}
