//! The columns of a block, packed one after another, and what the directory says of each.

use super::held::Held;
use super::{Block, BlockWriter, another_number};
use crate::MOST_TEXT;
use crate::damaged::Damaged;
use crate::head::{FilterEntry, Head, Summary};
use crate::section::{Column, Contents, Packer, Section};
use crate::tokens::{TokensWriter, WORDS_VERSION};
use crate::values::ValuesWriter;

/// Bytes of memory that are kept for the next block at most.
const KEPT: usize = 24 * 1024 * 1024;

impl BlockWriter {
    /// The block of the records that were taken; `None` of none. Then there are none, and others may be taken; what
    /// memory there was is kept for them.
    ///
    /// # Errors
    /// [`Damaged`] when nobody could read it: a fault of this program.
    pub fn finish(&mut self, packer: &mut Packer) -> Result<Option<Block>, Damaged> {
        let block = self.write(packer);
        self.clear();
        block
    }

    fn write(&mut self, packer: &mut Packer) -> Result<Option<Block>, Damaged> {
        let (Some(first), Some(last)) = (self.ids.ids().first(), self.ids.ids().last()) else {
            return Ok(None);
        };
        let (first, last) = (*first, *last);
        let records = self.len();
        let mut parts = Parts::new(packer, records);
        let column = &mut self.column;
        parts.add_of_all(
            Column::Times,
            written(column, |out| self.ids.write_times(out)),
        );
        parts.add_of_all(
            Column::Tails,
            written(column, |out| self.ids.write_tails(out)),
        );
        parts.add_of_all(
            Column::Levels,
            written(column, |out| self.levels.write(out)),
        );
        parts.add_of_all(Column::Messages, self.messages.written());
        let columns = self.shapes.paths().len();
        if self.values.len() < columns {
            self.values.resize_with(columns, ValuesWriter::default);
        }
        let kept = self.values.iter().map(|values| values.len() > 0);
        let kept: Vec<bool> = kept.collect();
        let write_shapes = |out: &mut Vec<u8>| self.shapes.write(&kept, out);
        parts.add_of_all(Column::Shapes, written(column, write_shapes));
        let columns = self.values.iter_mut().zip(self.shapes.paths());
        for (values, path) in columns.filter(|(values, _)| values.len() > 0) {
            column.clear();
            parts.add_values(values, path.as_deref(), &mut self.tokens, column);
        }
        let filter = self.tokens.finish().write();
        let stored: usize = parts.sections.iter().map(|section| section.stored).sum();
        let head = Head {
            summary: Summary {
                records,
                first,
                last,
                bytes: stored + filter.len(),
                text: self.held.bytes(),
                severities: self.levels.severities(),
            },
            words_version: WORDS_VERSION,
            filter: FilterEntry::of(&filter),
            sections: parts.sections,
        };
        let head = head.write();
        Head::read(&head)?;
        Ok(Some(Block {
            head,
            filter,
            columns: parts.columns,
        }))
    }

    /// Forgets all records.
    fn clear(&mut self) {
        let values = self.values.iter().map(ValuesWriter::memory);
        let kept = values.sum::<usize>() + self.messages.memory() + self.column.capacity();
        if kept > KEPT || self.held.bytes() > MOST_TEXT {
            *self = Self::default();
            return;
        }
        self.number = another_number();
        self.ids.clear();
        self.levels.clear();
        self.messages.clear();
        self.shapes.clear();
        self.values.iter_mut().for_each(ValuesWriter::clear);
        self.held = Held::default();
        self.tokens.clear();
    }
}

/// What `write` appends, in place of what was there.
fn written(column: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
    column.clear();
    write(column);
    column
}

/// Columns and their entries.
struct Parts<'a> {
    packer: &'a mut Packer,
    sections: Vec<Section>,
    columns: Vec<Vec<u8>>,
    records: usize,
}

impl<'a> Parts<'a> {
    fn new(packer: &'a mut Packer, records: usize) -> Self {
        Self {
            packer,
            records,
            sections: Vec::new(),
            columns: Vec::new(),
        }
    }

    fn add(&mut self, contents: Contents, bytes: &[u8]) {
        let (section, stored) = self.packer.pack(contents, bytes);
        self.sections.push(section);
        self.columns.push(stored);
    }

    /// Adds a column in which each record has a value.
    fn add_of_all(&mut self, column: Column, bytes: &[u8]) {
        let contents = Contents {
            column,
            values: self.records,
            integers: None,
            has_arrays: false,
        };
        self.add(contents, bytes);
    }

    /// Adds the values at a path, or attributes that are kept whole, and their tokens.
    fn add_values(
        &mut self,
        values: &mut ValuesWriter,
        path: Option<&str>,
        tokens: &mut TokensWriter,
        bytes: &mut Vec<u8>,
    ) {
        let integers = values.write(bytes);
        match path {
            // They are in the column as they are.
            _ if integers.is_some() => {}
            Some(path) => tokens.add_values(path, values.different()),
            None => tokens.add_objects(values.different()),
        }
        let column = path.map_or(Column::Whole, |path| Column::Attribute(path.to_owned()));
        let contents = Contents {
            column,
            values: values.len(),
            integers,
            has_arrays: values.has_arrays(),
        };
        self.add(contents, bytes);
    }
}
