//! The columns and the filter that a head tells of, read and checked against it.

use super::{FilterEntry, Head};
use crate::damaged::Damaged;
use crate::filter::Filter;
use crate::ids::{Ids, Times};
use crate::input::Input;
use crate::levels::Levels;
use crate::row_set::RowSet;
use crate::rows::AttributeColumn;
use crate::section::{Column, Section, Unpacker};
use crate::shapes::Shapes;
use crate::texts::Texts;
use crate::values::Values;
use crate::values::counted::{Counted, Counting, Listing};
use std::ops::Range;

const OTHER_IDS: &str = "other ids than the head's";

impl Head {
    /// Where a column stands among the [sections](Self::sections).
    pub fn place(&self, column: &Column) -> Option<usize> {
        let mut columns = self.sections.iter().map(|section| &section.column);
        columns.position(|other| other == column)
    }

    /// Where each column stands when they are stored behind one another, in their order.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut end = 0;
        self.sections.iter().map(move |section| {
            let start = end;
            end += section.stored;
            start..end
        })
    }

    /// The columns that hold attributes, in the order in which [`Shapes`] names them, and where each stands among
    /// the [sections](Self::sections).
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

    /// Reads the filter.
    ///
    /// # Errors
    /// [`Damaged`] when it is something else than what was written, also when it is that of another block.
    pub fn filter(&self, stored: &[u8]) -> Result<Filter, Damaged> {
        match FilterEntry::of(stored) == self.filter {
            true => Filter::read(stored),
            false => Err(Damaged::Checksum("filter")),
        }
    }

    /// Bytes of the filter as it is stored.
    pub fn filter_bytes(&self) -> usize {
        self.filter.bytes
    }

    /// Reads [`Column::Times`].
    ///
    /// # Errors
    /// [`Damaged`], here and below, when it is something else than what was written.
    pub fn times(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Times, Damaged> {
        let bytes = self.unpack(&Column::Times, stored, unpacker)?;
        let times = Times::read(Input::new(&bytes), self.records)?;
        let all = times.as_slice();
        let ends = (Some(&self.first.time()), Some(&self.last.time()));
        match (all.first(), all.last()) == (ends.0, ends.1) {
            true => Ok(times),
            false => Err(Damaged::Impossible(OTHER_IDS)),
        }
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
        let ids = Ids::read(Input::new(&bytes), times)?;
        let all = ids.as_slice();
        match (all.first(), all.last()) == (Some(&self.first), Some(&self.last)) {
            true => Ok(ids),
            false => Err(Damaged::Impossible(OTHER_IDS)),
        }
    }

    /// Reads [`Column::Levels`].
    ///
    /// # Errors
    /// As above.
    pub fn levels(&self, stored: &[u8], unpacker: &mut Unpacker) -> Result<Levels, Damaged> {
        let bytes = self.unpack(&Column::Levels, stored, unpacker)?;
        let levels = Levels::read(Input::new(&bytes), self.records)?;
        let mut counts = [0_u64; 1 << 8];
        for (severity, count) in levels.counts(0..self.records) {
            if let Some(all) = counts.get_mut(usize::from(severity)) {
                *all += count;
            }
        }
        let counts = (0..=u8::MAX).zip(counts).filter(|(_, count)| *count > 0);
        match counts.eq(self.severities.iter().copied()) {
            true => Ok(levels),
            false => Err(Damaged::Impossible("other severities than the head's")),
        }
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

    /// Reads the column of attributes at this place among the [sections](Self::sections).
    ///
    /// # Errors
    /// As above.
    pub fn attribute(
        &self,
        place: usize,
        stored: &[u8],
        shapes: &Shapes,
        unpacker: &mut Unpacker,
    ) -> Result<AttributeColumn, Damaged> {
        let (number, section) = self.attribute_at(place)?;
        let values = Values::read(section.unpack(stored, unpacker)?, section.values)?;
        // By them the column is left unread.
        if values.integers() != section.integers {
            return Err(Damaged::Impossible("other integers than the head's"));
        }
        Ok(AttributeColumn::new(
            place,
            &section.column,
            values,
            shapes.places(number),
        ))
    }

    /// Counts the values of the column of an attribute at this place among the [sections](Self::sections), whose
    /// values may not be [arrays](Section::has_arrays): all of them, or those at some places.
    ///
    /// # Errors
    /// As above.
    pub fn counted(
        &self,
        place: usize,
        stored: &[u8],
        (among, listing): (Option<&RowSet>, Listing),
        unpacker: &mut Unpacker,
    ) -> Result<Counted, Damaged> {
        let (_, section) = self.attribute_at(place)?;
        let counting = Counting {
            count: section.values,
            among,
            listing,
        };
        counting.of(&section.unpack(stored, unpacker)?)
    }

    /// Where the values of some records stand in the column of an attribute at this place among the
    /// [sections](Self::sections).
    ///
    /// # Errors
    /// [`Damaged`] when there is no such column.
    pub fn values_of(
        &self,
        place: usize,
        shapes: &Shapes,
        among: &RowSet,
    ) -> Result<RowSet, Damaged> {
        let (number, section) = self.attribute_at(place)?;
        let (places, mut values) = (shapes.places(number), RowSet::none(section.values));
        for value in among.iter().filter_map(|record| places.of(record)) {
            values.add(value..value + 1);
        }
        Ok(values)
    }

    /// The column of attributes at a place among the sections, and its number in shapes.
    fn attribute_at(&self, place: usize) -> Result<(usize, &Section), Damaged> {
        let mut attributes = self.attributes().enumerate();
        let found = attributes.find(|(_, (other, _))| *other == place);
        let (number, (_, section)) = found.ok_or(Damaged::Impossible("a column is missing"))?;
        Ok((number, section))
    }
}
