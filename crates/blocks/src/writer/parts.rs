//! The columns of a block, packed one after another, and what the directory says of each.

use super::{Block, BlockWriter};
use crate::damaged::Damaged;
use crate::filter::Filter;
use crate::head::{FilterEntry, Head, Summary};
use crate::leaf::Leaf;
use crate::section::{Column, Contents, Packer, Section};
use crate::tokens::{TokensWriter, WORDS_VERSION};
use crate::values::ValuesWriter;

impl BlockWriter {
    /// The block of the records that were taken; `None` of none.
    ///
    /// # Errors
    /// [`Damaged`] when nobody could read it: a fault of this program.
    pub fn finish(mut self, packer: &mut Packer) -> Result<Option<Block>, Damaged> {
        let (Some(first), Some(last)) = (self.ids.ids().first(), self.ids.ids().last()) else {
            return Ok(None);
        };
        let (first, last) = (*first, *last);
        let records = self.len();
        let mut parts = Parts::new(packer);
        let mut of_all = |column, write: &dyn Fn(&mut Vec<u8>)| {
            let contents = Contents {
                column,
                values: records,
                is_of_integers: false,
                has_arrays: false,
            };
            let mut bytes = Vec::new();
            write(&mut bytes);
            parts.add(contents, bytes);
        };
        of_all(Column::Times, &|out| self.ids.write_times(out));
        of_all(Column::Tails, &|out| self.ids.write_tails(out));
        of_all(Column::Levels, &|out| self.levels.write(out));
        of_all(Column::Messages, &|out| self.messages.write(out));
        let paths = self.shapes.paths();
        self.values.resize_with(paths.len(), ValuesWriter::default);
        let kept: Vec<bool> = self.values.iter().map(|values| values.len() > 0).collect();
        of_all(Column::Shapes, &|out| self.shapes.write(&kept, out));
        let columns = self.values.iter().zip(paths);
        for (values, path) in columns.filter(|(values, _)| values.len() > 0) {
            parts.add_values(values, path.as_deref(), &mut self.tokens);
        }
        let filter = Filter::of(&self.tokens.finish()).write();
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
}

/// Columns and their entries.
struct Parts<'a> {
    packer: &'a mut Packer,
    sections: Vec<Section>,
    columns: Vec<Vec<u8>>,
}

impl<'a> Parts<'a> {
    fn new(packer: &'a mut Packer) -> Self {
        Self {
            packer,
            sections: Vec::new(),
            columns: Vec::new(),
        }
    }

    fn add(&mut self, contents: Contents, bytes: Vec<u8>) {
        let (section, stored) = self.packer.pack(contents, bytes);
        self.sections.push(section);
        self.columns.push(stored);
    }

    /// Adds the values at a path, or attributes that are kept whole, and their tokens.
    fn add_values(&mut self, values: &ValuesWriter, path: Option<&str>, tokens: &mut TokensWriter) {
        let mut bytes = Vec::new();
        let written = values.write(&mut bytes);
        match written.different {
            Some(different) => add_tokens(path, different.into_iter(), tokens),
            // They are in the column as they are.
            None if written.is_of_integers => {}
            None => add_tokens(path, values.leaves(), tokens),
        }
        let column = path.map_or(Column::Whole, |path| Column::Attribute(path.to_owned()));
        let contents = Contents {
            column,
            values: values.len(),
            is_of_integers: written.is_of_integers,
            has_arrays: values.has_arrays(),
        };
        self.add(contents, bytes);
    }
}

fn add_tokens<'a>(
    path: Option<&str>,
    leaves: impl Iterator<Item = Leaf<'a>>,
    tokens: &mut TokensWriter,
) {
    match path {
        Some(path) => tokens.add_values(path, leaves),
        None => tokens.add_objects(leaves),
    }
}
