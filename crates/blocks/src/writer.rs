//! Writes a block: takes records in the order of their ids, and gives its head, its columns and its filter.

mod held;
mod parts;
mod rows;

use crate::ids::IdsWriter;
use crate::leaf::RawLeaf;
use crate::levels::LevelsWriter;
use crate::shapes::{Found, ShapesWriter, WHOLE_SHAPE};
use crate::structure::{Gathered, is_text};
use crate::texts::TextsWriter;
use crate::tokens::TokensWriter;
use crate::values::ValuesWriter;
use crate::{MOST_OF_ONE, MOST_RECORDS, MOST_TEXT};
use held::Held;
use record::attributes::write_json;
use record::document::StoredDocument;
use record::id::RecordId;
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering};

/// A block that was written. Its parts are stored apart, since they are read apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// For [`Head::read`](crate::head::Head::read).
    pub head: Vec<u8>,
    /// For [`Head::filter`](crate::head::Head::filter).
    pub filter: Vec<u8>,
    /// For what [`Head`](crate::head::Head) reads, in the order of its sections.
    pub columns: Vec<Vec<u8>>,
}

/// Why a record was not taken. The block is what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Its id is not greater than the last one.
    #[error("the id of a record is not greater than that before it")]
    OutOfOrder,
    /// There are as many records as there can be, or as much in them: another block takes it. Never said of the
    /// first one.
    #[error("the block is full")]
    Full,
    /// No block takes it: it has more than [`MOST_OF_ONE`] bytes.
    #[error("a record is larger than any block")]
    TooLarge,
    /// Its attributes are damaged.
    #[error("the attributes of a record are damaged")]
    Damaged,
}

/// Records that are gathered.
#[derive(Debug)]
pub struct BlockWriter {
    /// No other writer of this process has it.
    number: u64,
    ids: IdsWriter,
    levels: LevelsWriter,
    messages: TextsWriter,
    shapes: ShapesWriter,
    /// The values of each column that the shapes name.
    values: Vec<ValuesWriter>,
    held: Held,
    tokens: TokensWriter,
    gathered: Gathered,
    json: Vec<u8>,
    column: Vec<u8>,
}

/// A record but for its attributes.
#[derive(Debug, Clone, Copy)]
struct Fields<'a> {
    id: RecordId,
    severity: u8,
    level: Option<&'a str>,
    message: &'a str,
    received: i64,
}

/// A number that no writer had before.
fn another_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

impl Default for BlockWriter {
    fn default() -> Self {
        Self {
            number: another_number(),
            ids: IdsWriter::default(),
            levels: LevelsWriter::default(),
            messages: TextsWriter::default(),
            shapes: ShapesWriter::default(),
            values: Vec::new(),
            held: Held::default(),
            tokens: TokensWriter::default(),
            gathered: Gathered::default(),
            json: Vec::new(),
            column: Vec::new(),
        }
    }
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
        // An id, its receipt, its level, its shape, where its message ends.
        let record = size_of::<RecordId>() + 4 * size_of::<u64>();
        // Its kind and where it ends, and the number; what grows has room for as much again.
        let value = 4 * size_of::<u64>();
        let held = 2 * self.held.text + value * self.held.values;
        self.len() * record + held + self.shapes.memory() + self.tokens.memory()
    }

    /// Takes a record as a store's documents have it.
    ///
    /// # Errors
    /// [`NotTaken`]; then nothing has changed.
    pub fn push(&mut self, record: &StoredDocument<'_>) -> Result<(), NotTaken> {
        let mut gathered = take(&mut self.gathered);
        let taken = self.push_document(record, &mut gathered);
        self.gathered = gathered;
        taken
    }

    fn push_document(
        &mut self,
        record: &StoredDocument<'_>,
        gathered: &mut Gathered,
    ) -> Result<(), NotTaken> {
        let fields = Fields {
            id: record.id,
            severity: record.severity,
            level: record.level,
            message: record.message,
            received: record.received_at,
        };
        self.check_id(record.id)?;
        let Some(attributes) = record.attributes else {
            return self.add(fields, None, std::iter::empty()).map(drop);
        };
        let document = attributes.as_bytes();
        let known = gathered.gather_known(document, self.shapes.known());
        let found = match known.map(Found::Known) {
            None if gathered.gather(document) => {
                Some(self.shapes.of_structure(gathered.structure()))
            }
            known => known,
        };
        if let Some(found) = found.filter(|found| !found.is_whole()) {
            return self
                .add(fields, Some(found), gathered.leaves(document))
                .map(drop);
        }
        let mut json = take(&mut self.json);
        json.clear();
        let written = write_json(attributes, &mut json).map_err(|_| NotTaken::Damaged);
        let added = written.and_then(|()| self.add_whole(fields, &json));
        self.json = json;
        added.map(drop)
    }

    fn check_id(&self, id: RecordId) -> Result<(), NotTaken> {
        match self.ids.ids().last() {
            Some(last) if *last >= id => Err(NotTaken::OutOfOrder),
            _ if self.len() >= MOST_RECORDS => Err(NotTaken::Full),
            _ => Ok(()),
        }
    }

    fn add_whole(&mut self, fields: Fields<'_>, json: &[u8]) -> Result<u16, NotTaken> {
        if !is_text(json) {
            return Err(NotTaken::Damaged);
        }
        let whole = Found::Known(WHOLE_SHAPE);
        let added = self.add(fields, Some(whole), std::iter::once(RawLeaf::Json(json)))?;
        Ok(added.unwrap_or(WHOLE_SHAPE))
    }

    /// Adds a record with attributes of this shape, if it has any. The shape's number.
    fn add<'a>(
        &mut self,
        fields: Fields<'_>,
        found: Option<Found>,
        leaves: impl Iterator<Item = RawLeaf<'a>> + Clone,
    ) -> Result<Option<u16>, NotTaken> {
        let level = self.levels.find(fields.severity, fields.level);
        let mut record = Held {
            text: fields.message.len() + level.bytes,
            values: 0,
        };
        for leaf in leaves.clone() {
            record = record.with(Held {
                text: leaf.text_bytes(),
                values: 1,
            });
        }
        record.text += found.as_ref().map_or(0, Found::bytes);
        let columns = found
            .as_ref()
            .map_or(&[][..], |found| self.shapes.columns(found));
        if columns.len() != record.values {
            return Err(NotTaken::Damaged);
        }
        let held = self.held.with(record);
        if record.bytes() > MOST_OF_ONE {
            return Err(NotTaken::TooLarge);
        }
        if held.bytes() > MOST_TEXT && !self.is_empty() {
            return Err(NotTaken::Full);
        }
        for (column, leaf) in columns.iter().zip(leaves) {
            push_value(&mut self.values, *column, leaf);
        }
        let shape = found.map(|found| self.shapes.add(found));
        self.shapes.push(shape);
        self.ids.push(fields.id, fields.received);
        self.levels.push(level);
        self.tokens.add_message(fields.message);
        self.messages.push(fields.message.as_bytes());
        self.held = held;
        Ok(shape)
    }
}

#[inline]
fn push_value(values: &mut Vec<ValuesWriter>, column: u16, leaf: RawLeaf<'_>) {
    let column = usize::from(column);
    if values.len() <= column {
        values.resize_with(column + 1, ValuesWriter::default);
    }
    if let Some(values) = values.get_mut(column) {
        values.push(leaf);
    }
}

#[cfg(test)]
mod tests;
