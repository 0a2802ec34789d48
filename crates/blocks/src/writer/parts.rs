//! The columns of a block, packed one after another, and what the directory says of each.

use crate::leaf::Leaf;
use crate::section::{Column, Contents, Packer, Section};
use crate::tokens::TokensWriter;
use crate::values::ValuesWriter;

/// Columns and their entries.
pub(super) struct Parts<'a> {
    packer: &'a mut Packer,
    pub(super) sections: Vec<Section>,
    pub(super) columns: Vec<Vec<u8>>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(packer: &'a mut Packer) -> Self {
        Self {
            packer,
            sections: Vec::new(),
            columns: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, contents: Contents, bytes: Vec<u8>) {
        let (section, stored) = self.packer.pack(contents, bytes);
        self.sections.push(section);
        self.columns.push(stored);
    }

    /// Adds the values at a path, or attributes that are kept whole, and their tokens.
    pub(super) fn add_values(
        &mut self,
        values: &ValuesWriter,
        path: Option<&str>,
        tokens: &mut TokensWriter,
    ) {
        let mut bytes = Vec::new();
        let is_of_integers = values.write(&mut bytes);
        let is_array = |leaf| matches!(leaf, Leaf::Json(json) if json.starts_with('['));
        let column = path.map_or(Column::Whole, |path| Column::Attribute(path.to_owned()));
        let contents = Contents {
            column,
            values: values.len(),
            is_of_integers,
            has_arrays: values.leaves().any(is_array),
        };
        self.add(contents, bytes);
        match path {
            Some(_) if is_of_integers => {}
            Some(path) => tokens.add_values(path, values.leaves()),
            None => tokens.add_objects(values.leaves()),
        }
    }
}
