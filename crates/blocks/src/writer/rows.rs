//! Records of other blocks.

use super::held::Held;
use super::{BlockWriter, Fields, NotTaken, ValuesWriter};
use crate::leaf::RawLeaf;
use crate::rows::RowSource;
use crate::shapes::Found;
use crate::{MOST_RECORDS, MOST_TEXT};
use std::mem::take;
use std::ops::Range;

/// Records that are sooner taken one by one than column by column.
const FEW: usize = if cfg!(test) { 2 } else { 32 };

impl BlockWriter {
    /// Takes the record at a place of another block. A source may be used for more than one writer.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_row(&mut self, source: &mut RowSource<'_>, place: usize) -> Result<(), NotTaken> {
        source.is_for(self.number);
        let rows = source.rows();
        let fields = Fields {
            id: rows.id(place).ok_or(NotTaken::Damaged)?,
            severity: rows.severity(place),
            level: rows.level(place),
            message: rows.message(place),
            received: rows.received(place),
        };
        self.check_id(fields.id)?;
        let found = source.shape(place, &self.shapes);
        if !found.as_ref().is_some_and(Found::is_whole) {
            let leaves = rows.leaves(place).map(RawLeaf::from);
            if let Some(shape) = self.add(fields, found, leaves)? {
                source.learn(place, shape, self.shapes.columns(&Found::Known(shape)));
            }
            return Ok(());
        }
        let mut json = take(&mut self.json);
        json.clear();
        rows.write_attributes(place, &mut json);
        let added = self.add_whole(fields, &json);
        self.json = json;
        let shape = added?;
        source.learn(place, shape, self.shapes.columns(&Found::Known(shape)));
        Ok(())
    }

    /// Takes the records at some places of another block, as [`Self::push_row`] takes each, but column by column where
    /// that can be done. How many were taken, and why the next one was not.
    pub fn push_rows(
        &mut self,
        source: &mut RowSource<'_>,
        places: Range<usize>,
    ) -> (usize, Result<(), NotTaken>) {
        source.is_for(self.number);
        if self.can_append(source, &places) {
            self.learn(source, places.clone());
            if source.is_plain() {
                self.append(source, places.clone());
                return (places.len(), Ok(()));
            }
        }
        for (taken, place) in places.clone().enumerate() {
            if let Err(not_taken) = self.push_row(source, place) {
                return (taken, Err(not_taken));
            }
        }
        (places.len(), Ok(()))
    }

    /// Whether there are enough of them to take them together, and room for all that the block has.
    fn can_append(&self, source: &RowSource<'_>, places: &Range<usize>) -> bool {
        let rows = source.rows();
        let is_behind = match (self.ids.ids().last(), rows.id(places.start)) {
            (Some(last), Some(first)) => *last < first,
            (None, first) => first.is_some(),
            (Some(_), None) => false,
        };
        let is_there = places.end <= rows.ids.as_slice().len();
        let has_room = self.len() + places.len() <= MOST_RECORDS
            && self.held.bytes().saturating_add(rows.text) <= MOST_TEXT;
        places.len() >= FEW && is_behind && is_there && has_room
    }

    /// Learns the shapes of all of them.
    fn learn(&mut self, source: &mut RowSource<'_>, places: Range<usize>) {
        for place in places {
            if source.known_shape(place).is_some() {
                continue;
            }
            if let Some(found) = source.shape(place, &self.shapes) {
                self.held.text += found.bytes();
                let shape = self.shapes.add(found);
                source.learn(place, shape, self.shapes.columns(&Found::Known(shape)));
            }
        }
    }

    /// Appends them, whose shapes are known.
    fn append(&mut self, source: &mut RowSource<'_>, places: Range<usize>) {
        let rows = source.rows();
        self.ids.append(rows.ids, places.clone());
        let mut held = Held {
            text: rows.messages.run(places.clone()).len(),
            values: 0,
        };
        self.messages.append(rows.messages, places.clone());
        for place in places.clone() {
            self.shapes.push(source.known_shape(place));
            self.tokens.add_message(rows.message(place));
            if let Some(level) = source.known_level(place) {
                self.levels.push_known(level);
                continue;
            }
            let found = self.levels.find(rows.severity(place), rows.level(place));
            held.text += found.bytes;
            source.learn_level(place, self.levels.push(found));
        }
        for (column, number) in source.columns() {
            let number = usize::from(number);
            if self.values.len() <= number {
                self.values.resize_with(number + 1, ValuesWriter::default);
            }
            let places = column.places_of(places.clone());
            if let Some(values) = self.values.get_mut(number) {
                held.values += places.len();
                held.text += values.append(column.values(), places);
            }
        }
        self.held = self.held.with(held);
    }
}
