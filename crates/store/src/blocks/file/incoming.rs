//! A file of blocks while records come into it from rows: each transaction writes blocks, which positions of which
//! batches are in them, and up to which row that goes.

use super::super::storage::{Made, Place};
use super::came::{self, HaveByBatch};
use super::schema::{Beginning, WITHOUT_FEED, open_moving};
use super::writer::next_number;
use super::{change, old};
use crate::StoreError;
use crate::database_file::FileError;
use crate::record_sum::RecordSum;
use logs::Timestamp;
use record::id::{BatchId, PLAIN_ID_BYTES};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use std::path::Path;

const PLACE: &str = "SELECT records, sum, up_to, receipts_up_to, before_ns, rows FROM moved";
const PUT_PLACE: &str = "UPDATE moved SET records = ?1, sum = ?2, up_to = ?3, before_ns = ?4";
const PUT_RECEIPTS: &str = "UPDATE moved SET receipts_up_to = ?1";
const PUT_ROWS: &str = "UPDATE moved SET rows = ?1";

/// How far the file has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Come {
    /// Over the records that are in it, as they were in rows.
    pub(crate) sum: RecordSum,
    /// The id of the last row; empty before the first.
    pub(crate) up_to: Vec<u8>,
    /// The last marker of receipt; empty before the first.
    pub(crate) receipts_up_to: Vec<u8>,
    /// No batch of before was received later, in nanoseconds since 1970.
    pub(crate) before_ns: i64,
    /// How many rows there are; `None` before they are counted.
    pub(crate) rows: Option<u64>,
}

impl Come {
    /// How far a file in any state has come.
    pub(crate) fn of(connection: &Connection) -> Result<Self, StoreError> {
        let come = connection.query_row(PLACE, [], |row| {
            let records = row.get::<_, i64>(0)?.cast_unsigned();
            Ok(Self {
                sum: RecordSum::from_parts(records, row.get(1)?),
                up_to: row.get(2)?,
                receipts_up_to: row.get(3)?,
                before_ns: row.get(4)?,
                rows: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
            })
        });
        Ok(come?)
    }
}

/// What one transaction adds.
#[derive(Debug, Default)]
pub(crate) struct Addition {
    pub(crate) blocks: Vec<Made>,
    /// Of what is in them.
    pub(crate) have: HaveByBatch,
}

/// The file, open for the one that moves.
pub(crate) struct IncomingFile {
    connection: Connection,
    next: u64,
}

impl IncomingFile {
    /// Opens it; makes it when it is not there and `beginning` is given.
    pub(crate) fn open(path: &Path, beginning: Option<&Beginning>) -> Result<Self, FileError> {
        let connection = open_moving(path, beginning)?;
        let next = next_number(&connection).map_err(FileError::open(path))?;
        Ok(Self { connection, next })
    }

    pub(crate) fn come(&self) -> Result<Come, StoreError> {
        Come::of(&self.connection)
    }

    /// Notes how many rows there are to come.
    pub(crate) fn note_rows(&self, rows: u64) -> Result<(), StoreError> {
        self.connection.execute(PUT_ROWS, [rows.cast_signed()])?;
        Ok(())
    }

    /// Adds blocks, and notes how far it came with them.
    pub(crate) fn add(&mut self, addition: &Addition, come: &Come) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for made in &addition.blocks {
            let place = Place {
                day: made.day,
                number: self.next,
            };
            self.next += 1;
            change::add(&transaction, place, made)?;
        }
        came::note(&transaction, come.sum.records, &addition.have)?;
        let records = come.sum.records.cast_signed();
        let place = params![records, come.sum.bytes(), come.up_to, come.before_ns];
        transaction.execute(PUT_PLACE, place)?;
        Ok(transaction.commit()?)
    }

    /// Puts together what is known of each batch, when all rows have come.
    pub(crate) fn put_together(&mut self, done: impl FnMut(u64)) -> Result<(), StoreError> {
        came::put_together(&mut self.connection, done)
    }

    /// Notes when batches were received first, of which the last is named.
    pub(crate) fn add_receipts(&mut self, receipts: &[([u8; 8], i64)]) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (batch, nanos) in receipts {
            let batch = BatchId::from_bytes(*batch);
            let mut known = old::read(&transaction, batch)?.unwrap_or_default();
            known.received_at = Some(Timestamp::from_nanos(*nanos));
            old::write(&transaction, batch, &known)?;
        }
        if let Some((last, _)) = receipts.last() {
            transaction.execute(PUT_RECEIPTS, [last])?;
        }
        Ok(transaction.commit()?)
    }

    /// Everything has come, durably: from here on it is a file as any other.
    pub(crate) fn end(self) -> Result<(), StoreError> {
        let connection = self.connection;
        // What was committed before was not synced.
        put_into_file(&connection)?;
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(came::DROP)?;
        // A service that opens it begins its feed: what came out of rows is not announced.
        transaction.pragma_update(None, "user_version", WITHOUT_FEED)?;
        transaction.commit()?;
        change::checkpoint(&connection)?;
        connection.close().map_err(|(_, error)| error.into())
    }
}

/// Puts all that was committed into the file itself, durably: one that was killed may have left the last of it in the log
/// alone, and not even there for good.
///
/// # Errors
/// Those of SQLite, and when somebody else reads it.
pub(crate) fn settle(path: &Path) -> Result<(), StoreError> {
    put_into_file(&Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
    )?)
}

fn put_into_file(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("PRAGMA synchronous=FULL;")?;
    match change::checkpoint(connection)? {
        true => Ok(()),
        false => Err(StoreError::Unavailable(
            "somebody else reads the file of blocks".to_owned(),
        )),
    }
}

/// What an id of a row says of its batch: its eight bytes, and the position in it.
pub(crate) fn batch_and_position(id: &[u8; PLAIN_ID_BYTES]) -> Option<([u8; 8], u32)> {
    let (_, rest) = id.split_first_chunk::<8>()?;
    let (batch, position) = rest.split_first_chunk::<8>()?;
    Some((*batch, u32::from_be_bytes(*position.first_chunk()?)))
}
