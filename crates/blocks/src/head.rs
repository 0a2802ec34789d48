//! The head of a block: enough to tell whether the rest has to be looked at, and where in it.

mod columns;
mod summary;

pub use summary::Summary;

use crate::damaged::Damaged;
use crate::filter::MOST_FILTER_BYTES;
use crate::input::{Input, write_varint};
use crate::section::{Column, MOST_BYTES_OF_ALL, Section};
use std::ops::Deref;

const CHECKSUM_BYTES: usize = 4;
/// Columns that a block may have: those of attributes, and few others.
const MOST_SECTIONS: usize = 1_000;

/// What a block says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What it begins with.
    pub summary: Summary,
    /// The rule of words by which the filter was made; see [`WORDS_VERSION`](crate::tokens::WORDS_VERSION).
    pub words_version: u8,
    /// What the filter is stored as.
    pub(crate) filter: FilterEntry,
    /// Its columns, in the order in which they are stored.
    pub sections: Vec<Section>,
}

/// A head is read for what its summary says, too.
impl Deref for Head {
    type Target = Summary;

    fn deref(&self) -> &Summary {
        &self.summary
    }
}

/// What a head says of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FilterEntry {
    pub(crate) bytes: usize,
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
        let mut out = self.summary.encode();
        out.push(self.words_version);
        write_varint(&mut out, self.filter.bytes as u64);
        out.extend_from_slice(&self.filter.checksum.to_le_bytes());
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
        let (summary, rest) = Summary::split(bytes)?;
        let covered = bytes.len().checked_sub(CHECKSUM_BYTES);
        let (covered, checksum) = bytes.split_at(covered.ok_or(Damaged::Length)?);
        if crc32c::crc32c(covered).to_le_bytes() != checksum {
            return Err(Damaged::Checksum("head"));
        }
        let read = rest.len().checked_sub(CHECKSUM_BYTES);
        let read = read.and_then(|length| rest.get(..length));
        let head = Self::read_fields(summary, Input::new(read.ok_or(Damaged::Length)?))?;
        head.check()?;
        Ok(head)
    }

    /// Whether all that it says can be.
    fn check(&self) -> Result<(), Damaged> {
        let sum = |bytes: fn(&Section) -> usize| self.sections.iter().map(bytes).sum::<usize>();
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
        is_so(
            sum(|section| section.bytes) <= MOST_BYTES_OF_ALL,
            "more than there can be",
        )?;
        is_so(
            sum(|section| section.stored) + self.filter.bytes == self.summary.bytes,
            "more or fewer bytes than its columns have",
        )?;
        is_so(
            of_all.iter().all(|column| kinds(column) == 1) && kinds(&Column::Whole) <= 1,
            "a column that is missing, or there twice",
        )
    }

    fn read_fields(summary: Summary, mut input: Input<'_>) -> Result<Self, Damaged> {
        let words_version = input.byte()?;
        let filter = FilterEntry {
            bytes: input.count(MOST_FILTER_BYTES)?,
            checksum: u32::from_le_bytes(input.array()?),
        };
        let mut sections = Vec::new();
        for _ in 0..input.count(MOST_SECTIONS)? {
            sections.push(Section::read(&mut input, summary.records)?);
        }
        input.end()?;
        Ok(Self {
            summary,
            words_version,
            filter,
            sections,
        })
    }
}
