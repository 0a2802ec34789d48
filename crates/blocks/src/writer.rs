//! Writes a block: takes records in the order of their ids, and gives its head, its columns and its filter.

mod parts;

use crate::filter::Filter;
use crate::head::Head;
use crate::ids::IdsWriter;
use crate::leaf::Leaf;
use crate::levels::LevelsWriter;
use crate::rows::{RowSource, Rows};
use crate::section::{Column, Contents, Packer};
use crate::shapes::{ShapesWriter, WHOLE_SHAPE};
use crate::structure;
use crate::texts::TextsWriter;
use crate::tokens::TokensWriter;
use crate::values::ValuesWriter;
use crate::{MOST_RECORDS, MOST_TEXT};
use parts::Parts;
use record::attributes::{write_json, write_value_json};
use record::bson_reader::{Elements, Value};
use record::document::StoredDocument;
use record::id::RecordId;

/// A block that was written. Its parts are stored apart, since they are read apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// For [`Head::read`].
    pub head: Vec<u8>,
    /// For [`Filter::read`].
    pub filter: Vec<u8>,
    /// For what [`Head`] reads, in the order of its sections.
    pub columns: Vec<Vec<u8>>,
}

/// Why a record was not taken. The block is what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Its id is not greater than the last one.
    #[error("the id of a record is not greater than that before it")]
    OutOfOrder,
    /// There are as many records as there can be, or as much text.
    #[error("the block is full")]
    Full,
    /// Its attributes are damaged.
    #[error("the attributes of a record are damaged")]
    Damaged,
}

/// Records that are gathered.
#[derive(Debug, Default)]
pub struct BlockWriter {
    ids: IdsWriter,
    levels: LevelsWriter,
    messages: TextsWriter,
    shapes: ShapesWriter,
    /// The values of each column that the shapes name.
    values: Vec<ValuesWriter>,
    /// Bytes of messages and attributes.
    text: usize,
    tokens: TokensWriter,
    structure: Vec<u8>,
    json: Vec<u8>,
}

impl BlockWriter {
    /// How many records there are.
    pub fn len(&self) -> usize {
        self.ids.ids().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory, about.
    pub fn memory(&self) -> usize {
        // An id, its receipt, its level, its shape, and what each value takes.
        let each = size_of::<RecordId>() + 4 * size_of::<u64>();
        self.len() * each + 2 * self.text + self.tokens.memory()
    }

    /// Takes a record as a store's documents have it.
    ///
    /// # Errors
    /// [`NotTaken`]; then nothing has changed.
    pub fn push(&mut self, record: &StoredDocument<'_>) -> Result<(), NotTaken> {
        let attributes = record.attributes;
        let attribute_bytes = attributes.map_or(0, |attributes| attributes.as_bytes().len());
        self.check(record.id, record.message.len() + attribute_bytes)?;
        let mut shape = None;
        if let Some(attributes) = attributes {
            let structure = &mut self.structure;
            let is_known = structure::of_document(attributes.as_bytes(), structure).is_some();
            let known = match is_known {
                true => self.shapes.of_structure(&self.structure),
                false => WHOLE_SHAPE,
            };
            if known == WHOLE_SHAPE {
                self.json.clear();
                write_json(attributes, &mut self.json).map_err(|_| NotTaken::Damaged)?;
                let json = std::str::from_utf8(&self.json).map_err(|_| NotTaken::Damaged)?;
                let columns = self.shapes.columns(known);
                push_value(&mut self.values, columns, 0, Leaf::Json(json));
            } else {
                let columns = self.shapes.columns(known);
                let (values, json) = (&mut self.values, &mut self.json);
                push_members(attributes.as_bytes(), values, columns, &mut 0, json);
            }
            shape = Some(known);
        }
        self.shapes.push(shape);
        self.push_head(record.id, record.received_at);
        self.levels.push(record.severity, record.level);
        self.push_message(record.message);
        self.text += attribute_bytes;
        Ok(())
    }

    /// Takes the record at a place of another block.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_row(
        &mut self,
        source: &mut RowSource,
        rows: &Rows<'_>,
        place: usize,
    ) -> Result<(), NotTaken> {
        let id = rows.id(place).ok_or(NotTaken::Damaged)?;
        let message = rows.message(place);
        let attributes = rows.attribute_bytes(place);
        self.check(id, message.len() + attributes)?;
        let shape = source.shape(rows, place, &mut self.shapes);
        if shape == Some(WHOLE_SHAPE) {
            self.json.clear();
            rows.write_attributes(place, &mut self.json);
            let json = std::str::from_utf8(&self.json).map_err(|_| NotTaken::Damaged)?;
            let columns = self.shapes.columns(WHOLE_SHAPE);
            push_value(&mut self.values, columns, 0, Leaf::Json(json));
        } else if let Some(shape) = shape {
            let columns = self.shapes.columns(shape);
            for (number, leaf) in rows.leaves(place).enumerate() {
                push_value(&mut self.values, columns, number, leaf);
            }
        }
        self.shapes.push(shape);
        self.push_head(id, rows.received(place));
        self.levels.push(rows.severity(place), rows.level(place));
        self.push_message(message);
        self.text += attributes;
        Ok(())
    }

    fn check(&self, id: RecordId, bytes: usize) -> Result<(), NotTaken> {
        let last = self.ids.ids().last();
        if last.is_some_and(|last| *last >= id) {
            return Err(NotTaken::OutOfOrder);
        }
        let text = self.text.saturating_add(bytes);
        let is_full = self.len() >= MOST_RECORDS || text > MOST_TEXT;
        match is_full && !self.is_empty() {
            true => Err(NotTaken::Full),
            false => Ok(()),
        }
    }

    fn push_head(&mut self, id: RecordId, received: i64) {
        self.ids.push(id, received);
    }

    fn push_message(&mut self, message: &str) {
        self.tokens.add_message(message);
        self.messages.push(message.as_bytes());
        self.text += message.len();
    }

    /// The block of the records that were taken; `None` of none.
    pub fn finish(mut self, packer: &mut Packer) -> Option<Block> {
        let (first, last) = (*self.ids.ids().first()?, *self.ids.ids().last()?);
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
        let head = Head {
            records,
            first,
            last,
            severities: self.levels.severities(),
            sections: parts.sections,
        };
        Some(Block {
            head: head.write(),
            filter: Filter::of(&self.tokens.finish()).write(),
            columns: parts.columns,
        })
    }
}

/// Adds a value to the column that is the `number`th of a shape.
#[inline]
fn push_value(values: &mut Vec<ValuesWriter>, columns: &[u16], number: usize, leaf: Leaf<'_>) {
    let Some(column) = columns.get(number) else {
        return;
    };
    let column = usize::from(*column);
    if values.len() <= column {
        values.resize_with(column + 1, ValuesWriter::default);
    }
    if let Some(values) = values.get_mut(column) {
        values.push(leaf);
    }
}

/// Adds all values of a document whose structure is known, the next of which is the `next`th of its shape.
fn push_members(
    document: &[u8],
    values: &mut Vec<ValuesWriter>,
    columns: &[u16],
    next: &mut usize,
    json: &mut Vec<u8>,
) {
    for (_, value) in Elements::of(document).into_iter().flatten().flatten() {
        if let Some(inner) = structure::inner(value) {
            push_members(inner, values, columns, next, json);
            continue;
        }
        json.clear();
        let leaf = match value {
            Value::Integer(number) => Leaf::Integer(number),
            Value::String(text) => Leaf::Text(std::str::from_utf8(text).unwrap_or_default()),
            _ => {
                write_value_json(value, json).unwrap_or_default();
                Leaf::Json(std::str::from_utf8(json).unwrap_or_default())
            }
        };
        push_value(values, columns, *next, leaf);
        *next += 1;
    }
}
