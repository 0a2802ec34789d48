//! The head of a block: enough to tell whether the rest has to be looked at, and where in it.

mod columns;

use crate::damaged::Damaged;
use crate::input::{Input, write_varint};
use crate::section::{Column, MOST_BYTES, Section};
use crate::{FORMAT_VERSION, MOST_RECORDS};
use record::id::{RECORD_ID_BYTES, RecordId};

const MAGIC: &[u8; 8] = b"LOGBLOCK";
const CHECKSUM_BYTES: usize = 4;
/// Columns that a block may have: those of attributes, and few others.
const MOST_SECTIONS: usize = 1_000;
/// Bytes that all of them may have when they are unpacked: those of the largest record twice.
const MOST_BYTES_OF_ALL: usize = 2 * MOST_BYTES;

/// What a block says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Records in it.
    pub records: usize,
    /// The least of their ids.
    pub first: RecordId,
    /// The greatest of their ids.
    pub last: RecordId,
    /// The rule of words by which the filter was made; see [`WORDS_VERSION`](crate::tokens::WORDS_VERSION).
    pub words_version: u8,
    /// What the filter is stored as.
    pub(crate) filter: FilterEntry,
    /// How many have which severity, ascending.
    pub severities: Vec<(u8, u64)>,
    /// Its columns, in the order in which they are stored.
    pub sections: Vec<Section>,
}

/// What a head says of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterEntry {
    bytes: usize,
    checksum: u32,
}

impl FilterEntry {
    pub(crate) fn of(filter: &[u8]) -> Self {
        Self {
            bytes: filter.len(),
            checksum: crc32c::crc32c(filter),
        }
    }
}

impl Head {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        write_varint(&mut out, self.records as u64);
        out.extend_from_slice(self.first.as_bytes());
        out.extend_from_slice(self.last.as_bytes());
        out.push(self.words_version);
        write_varint(&mut out, self.filter.bytes as u64);
        out.extend_from_slice(&self.filter.checksum.to_le_bytes());
        write_varint(&mut out, self.severities.len() as u64);
        for (severity, count) in &self.severities {
            out.push(*severity);
            write_varint(&mut out, *count);
        }
        write_varint(&mut out, self.sections.len() as u64);
        for section in &self.sections {
            section.write(&mut out);
        }
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// [`Damaged`] when it is something else.
    pub fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged::NotABlock)?;
        let covered = bytes.len().checked_sub(CHECKSUM_BYTES);
        let (covered, checksum) = bytes.split_at(covered.ok_or(Damaged::Length)?);
        // In every version it stands there: a damaged head is not taken for a later one.
        if crc32c::crc32c(covered).to_le_bytes() != checksum {
            return Err(Damaged::Checksum("head"));
        }
        let version = rest.first_chunk().ok_or(Damaged::Length)?;
        match u16::from_le_bytes(*version) {
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
        let read = covered.get(MAGIC.len() + size_of::<u16>()..);
        let head = Self::read_fields(Input::new(read.unwrap_or_default()))?;
        head.check()?;
        Ok(head)
    }

    /// Whether all that it says can be.
    fn check(&self) -> Result<(), Damaged> {
        let counts = self.severities.iter().map(|(_, count)| *count);
        let counted = counts.reduce(u64::saturating_add);
        let bytes: usize = self.sections.iter().map(|section| section.bytes).sum();
        let kinds = |column: &Column| {
            let sections = self.sections.iter();
            sections.filter(|section| section.column == *column).count()
        };
        let of_all = [
            Column::Times,
            Column::Tails,
            Column::Levels,
            Column::Messages,
            Column::Shapes,
        ];
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
        )?;
        is_so(bytes <= MOST_BYTES_OF_ALL, "more than there can be")?;
        is_so(
            of_all.iter().all(|column| kinds(column) == 1) && kinds(&Column::Whole) <= 1,
            "a column that is missing, or there twice",
        )
    }

    fn read_fields(mut input: Input<'_>) -> Result<Self, Damaged> {
        let records = input.count(MOST_RECORDS)?;
        let mut id = || {
            let bytes = input.array::<RECORD_ID_BYTES>()?;
            RecordId::from_slice(&bytes).ok_or(Damaged::Length)
        };
        let (first, last) = (id()?, id()?);
        let words_version = input.byte()?;
        let filter = FilterEntry {
            bytes: input.count(MOST_BYTES)?,
            checksum: u32::from_le_bytes(input.array()?),
        };
        let mut severities = Vec::new();
        for _ in 0..input.count(1 << 8)? {
            severities.push((input.byte()?, input.varint()?));
        }
        let mut sections = Vec::new();
        for _ in 0..input.count(MOST_SECTIONS)? {
            sections.push(Section::read(&mut input, records)?);
        }
        input.end()?;
        Ok(Self {
            records,
            first,
            last,
            words_version,
            filter,
            severities,
            sections,
        })
    }
}
