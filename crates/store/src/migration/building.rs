//! Rows become blocks, a few of them in one transaction with how far that goes.

use super::error::MigrationError;
use crate::StoreError;
use crate::blocks::{Addition, Come, HaveByBatch, IncomingFile, RowBlocks, batch_and_position};
use crate::record_sum::{RecordSum, Summed};
use crate::sqlite::all_rows::{OneRow, RowChunk};
use bson::RawDocument;
use record::attributes::{write_bson, write_json};
use record::document::StoredDocument;
use record::id::RecordId;

/// Records in one transaction, about.
const RECORDS_AT_ONCE: u64 = if cfg!(test) { 50 } else { 32_768 };
/// Blocks in one transaction, where days have few records.
const BLOCKS_AT_ONCE: usize = 64;
/// Bytes of blocks in one transaction, and one block more: of what cannot be compressed they are as large as its text.
const BYTES_AT_ONCE: usize = if cfg!(test) { 40_000 } else { 16 * 1024 * 1024 };
const NANOS_PER_MILLI: i64 = 1_000_000;

/// What is being built.
pub(super) struct Building<'a> {
    file: &'a mut IncomingFile,
    /// How far the file is when what is gathered is added.
    pub(super) come: Come,
    blocks: RowBlocks,
    /// Whole blocks that are not in the file yet.
    gathered: Addition,
    records: u64,
    bytes: usize,
    /// What is in the block that is not whole yet.
    open: Open,
    bson: Vec<u8>,
    json: Vec<u8>,
}

#[derive(Default)]
struct Open {
    last: Vec<u8>,
    sum: RecordSum,
    latest_ms: i64,
    have: HaveByBatch,
}

impl<'a> Building<'a> {
    pub(super) fn new(file: &'a mut IncomingFile) -> Result<Self, StoreError> {
        Ok(Self {
            come: file.come()?,
            file,
            blocks: RowBlocks::new()?,
            gathered: Addition::default(),
            records: 0,
            bytes: 0,
            open: Open::default(),
            bson: Vec::new(),
            json: Vec::new(),
        })
    }

    /// Takes rows that follow those before; `added` is told how many records are in the file, each time that some were
    /// added.
    pub(super) fn take(
        &mut self,
        chunk: &RowChunk,
        mut added: impl FnMut(u64) -> Result<(), MigrationError>,
    ) -> Result<(), MigrationError> {
        for row in chunk.rows() {
            self.take_row(row)?;
            if self.is_enough() {
                self.add()?;
                added(self.come.sum.records)?;
            }
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        self.gathered.blocks.len() >= BLOCKS_AT_ONCE
            || self.records >= RECORDS_AT_ONCE
            || self.bytes >= BYTES_AT_ONCE
    }

    fn take_row(&mut self, row: OneRow<'_>) -> Result<(), MigrationError> {
        let Some(id) = RecordId::from_slice(row.id) else {
            return Err(StoreError::Damaged("a row has no id".to_owned()).into());
        };
        let wrong = |reason: &dyn std::error::Error| MigrationError::Row {
            id: id.to_string(),
            reason: reason.to_string(),
        };
        let mut bson = std::mem::take(&mut self.bson);
        bson.clear();
        if let Some(json) = row.attributes {
            write_bson(json, &mut bson).map_err(|error| wrong(&error))?;
        }
        let attributes = match row.attributes {
            Some(_) => Some(RawDocument::from_bytes(&bson).map_err(|error| wrong(&error))?),
            None => None,
        };
        let stored = StoredDocument {
            id,
            severity: row.severity,
            level: row.level,
            message: row.message,
            attributes,
            received_at: row.received_ms,
        };
        if !self.blocks.has_room_for(&stored) {
            self.close_block()?;
        }
        let mut taken = self.blocks.push(&stored);
        if taken.is_full() {
            self.close_block()?;
            taken = self.blocks.push(&stored);
        }
        taken.result().map_err(|error| wrong(&error))?;
        self.json.clear();
        if let Some(attributes) = attributes {
            // As readers get them, who may not see every blank that somebody wrote.
            let written = write_json(attributes, &mut self.json);
            written.map_err(|error| wrong(&error))?;
        }
        self.open.sum.add(&Summed {
            id,
            severity: row.severity,
            level: row.level,
            message: row.message,
            attributes: attributes.map(|_| self.json.as_slice()),
            received_at: row.received_ms,
        });
        self.bson = bson;
        self.open.note(row);
        Ok(())
    }

    fn close_block(&mut self) -> Result<(), StoreError> {
        let Some(made) = self.blocks.finish()? else {
            return Ok(());
        };
        let open = std::mem::take(&mut self.open);
        self.bytes += made.bytes();
        self.gathered.blocks.push(made);
        for (batch, have) in open.have {
            self.gathered.have.entry(batch).or_default().union(&have);
        }
        self.records += open.sum.records;
        self.come.sum.join(open.sum);
        self.come.up_to = open.last;
        // Of a clock that is put back later, too.
        let latest = (open.latest_ms.saturating_add(1)).saturating_mul(NANOS_PER_MILLI);
        self.come.before_ns = self.come.before_ns.max(latest);
        Ok(())
    }

    fn add(&mut self) -> Result<(), StoreError> {
        if !self.gathered.blocks.is_empty() {
            self.file.add(&self.gathered, &self.come)?;
            self.gathered = Addition::default();
            (self.records, self.bytes) = (0, 0);
        }
        Ok(())
    }

    /// Adds the rest; how many records are in the file.
    pub(super) fn finish(mut self) -> Result<u64, StoreError> {
        self.close_block()?;
        self.add()?;
        Ok(self.come.sum.records)
    }
}

impl Open {
    fn note(&mut self, row: OneRow<'_>) {
        self.last.clear();
        self.last.extend_from_slice(row.id);
        self.latest_ms = self.latest_ms.max(row.received_ms);
        if let Some((batch, position)) = batch_and_position(row.id) {
            self.have.entry(batch).or_default().insert(position);
        }
    }
}
