//! The head of a block: enough to tell whether the rest has to be looked at, and where in it.

use crate::damaged::Damaged;
use crate::ids::{Ids, Times};
use crate::input::{Input, write_varint};
use crate::levels::Levels;
use crate::section::{Column, Section, Unpacker};
use crate::shapes::Shapes;
use crate::texts::Texts;
use crate::values::Values;
use crate::{FORMAT_VERSION, MOST_RECORDS};
use record::id::{RECORD_ID_BYTES, RecordId};

const MAGIC: &[u8; 8] = b"LOGBLOCK";
const CHECKSUM_BYTES: usize = 4;
/// Columns that a block may have: those of attributes, and few others.
const MOST_SECTIONS: usize = 1_000;

/// What a block says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Records in it.
    pub records: usize,
    /// The least of their ids.
    pub first: RecordId,
    /// The greatest of their ids.
    pub last: RecordId,
    /// How many have which severity, ascending.
    pub severities: Vec<(u8, u64)>,
    /// Its columns, in the order in which they are stored.
    pub sections: Vec<Section>,
}

impl Head {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        write_varint(&mut out, self.records as u64);
        out.extend_from_slice(self.first.as_bytes());
        out.extend_from_slice(self.last.as_bytes());
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
        let version = rest.first_chunk().ok_or(Damaged::Length)?;
        let version = u16::from_le_bytes(*version);
        if version > FORMAT_VERSION {
            return Err(Damaged::Newer {
                found: version,
                known: FORMAT_VERSION,
            });
        }
        let covered = bytes.len().checked_sub(CHECKSUM_BYTES);
        let (covered, checksum) = bytes.split_at(covered.ok_or(Damaged::Length)?);
        if crc32c::crc32c(covered).to_le_bytes() != checksum {
            return Err(Damaged::Checksum("head"));
        }
        let read = covered.get(MAGIC.len() + size_of::<u16>()..);
        Self::read_fields(Input::new(read.unwrap_or_default()))
    }

    fn read_fields(mut input: Input<'_>) -> Result<Self, Damaged> {
        let records = input.count(MOST_RECORDS)?;
        let mut id = || {
            let bytes = input.array::<RECORD_ID_BYTES>()?;
            RecordId::from_slice(&bytes).ok_or(Damaged::Length)
        };
        let (first, last) = (id()?, id()?);
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
            severities,
            sections,
        })
    }

    /// Where a column stands among the [sections](Self::sections).
    pub fn place(&self, column: &Column) -> Option<usize> {
        let mut columns = self.sections.iter().map(|section| &section.column);
        columns.position(|other| other == column)
    }

    /// The places of the columns that hold attributes, in the order in which [`Shapes`] names them.
    pub fn attributes(&self) -> impl Iterator<Item = (usize, &Section)> {
        let sections = self.sections.iter().enumerate();
        sections.filter(|(_, section)| section.column.is_of_attributes())
    }

    /// What is stored of the column of this kind, which every block has.
    fn unpack(
        &self,
        column: &Column,
        stored: &[u8],
        unpacker: &mut Unpacker,
    ) -> Result<Vec<u8>, Damaged> {
        let section = self
            .place(column)
            .and_then(|place| self.sections.get(place));
        let section = section.ok_or(Damaged::Impossible("a column is missing"))?;
        section.unpack(stored, unpacker)
    }

    /// Reads [`Column::Times`].
    ///
    /// # Errors
    /// [`Damaged`], here and below, when it is something else than what was written.
    pub fn times(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Times, Damaged> {
        let bytes = self.unpack(&Column::Times, stored, unpacker)?;
        Times::read(Input::new(&bytes), self.records)
    }

    /// Reads [`Column::Tails`].
    ///
    /// # Errors
    /// As above.
    pub fn ids(
        &self,
        times: &Times,
        stored: &[u8],
        unpacker: &mut Unpacker,
    ) -> Result<Ids, Damaged> {
        let bytes = self.unpack(&Column::Tails, stored, unpacker)?;
        Ids::read(Input::new(&bytes), times)
    }

    /// Reads [`Column::Levels`].
    ///
    /// # Errors
    /// As above.
    pub fn levels(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Levels, Damaged> {
        let bytes = self.unpack(&Column::Levels, stored, unpacker)?;
        Levels::read(Input::new(&bytes), self.records)
    }

    /// Reads [`Column::Messages`].
    ///
    /// # Errors
    /// As above.
    pub fn messages(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Texts, Damaged> {
        let bytes = self.unpack(&Column::Messages, stored, unpacker)?;
        Texts::read(bytes, self.records)
    }

    /// Reads [`Column::Shapes`].
    ///
    /// # Errors
    /// As above.
    pub fn shapes(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Shapes, Damaged> {
        let bytes = self.unpack(&Column::Shapes, stored, unpacker)?;
        let values: Vec<usize> = self
            .attributes()
            .map(|(_, section)| section.values)
            .collect();
        Shapes::read(Input::new(&bytes), self.records, &values)
    }

    /// Reads the column of attributes at this place among the sections.
    ///
    /// # Errors
    /// As above.
    pub fn values(
        &self,
        place: usize,
        stored: &[u8],
        unpacker: &mut Unpacker,
    ) -> Result<Values, Damaged> {
        let section = self.sections.get(place);
        let section = section.filter(|section| section.column.is_of_attributes());
        let section = section.ok_or(Damaged::Impossible("a column is missing"))?;
        Values::read(section.unpack(stored, unpacker)?, section.values)
    }
}
