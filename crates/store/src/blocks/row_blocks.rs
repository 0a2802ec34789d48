//! Blocks of records that come in the order of their ids, each of one day.

use super::portion::finish;
use super::spare_threads::no_memory;
use super::storage::{Day, Made};
use crate::StoreError;
use blocks::section::Packer;
use blocks::writer::{BlockWriter, NotTaken};
use record::document::StoredDocument;

/// What is being written.
pub(crate) struct RowBlocks {
    writer: BlockWriter,
    packer: Packer,
    day: Option<Day>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Taken(Result<(), NotTaken>);

impl RowBlocks {
    pub(crate) fn new() -> Result<Self, StoreError> {
        Ok(Self {
            writer: BlockWriter::default(),
            packer: Packer::new().map_err(|error| no_memory(&error))?,
            day: None,
        })
    }

    /// Whether the block that is open is of the record's day, or none is open.
    pub(crate) fn has_room_for(&self, stored: &StoredDocument<'_>) -> bool {
        self.day.is_none_or(|day| day == Day::of(stored.id.time()))
    }

    /// Takes a record into the block that is open.
    pub(crate) fn push(&mut self, stored: &StoredDocument<'_>) -> Taken {
        self.day = Some(Day::of(stored.id.time()));
        Taken(self.writer.push(stored))
    }

    /// The block that is open, if there is anything in it.
    pub(crate) fn finish(&mut self) -> Result<Option<Made>, StoreError> {
        self.day = None;
        finish(&mut self.writer, &mut self.packer)
    }
}

impl Taken {
    /// Whether another block has to be begun for it.
    pub(crate) fn is_full(self) -> bool {
        self.0 == Err(NotTaken::Full)
    }

    /// Why it was not taken.
    pub(crate) fn result(self) -> Result<(), NotTaken> {
        self.0
    }
}
