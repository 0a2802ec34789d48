//! What is remembered of rows that were deleted on purpose: `logs_deleted`, a table that is made with the first of them
//! and written in the transaction that deletes them.

use crate::blocks::ledger::have::Have;
use crate::deleted::{Deleted, by_batch};
use record::id::{BatchId, RecordId};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

const TABLE: &str = "
CREATE TABLE IF NOT EXISTS logs_deleted (
    batch    BLOB    NOT NULL PRIMARY KEY,
    first_ns INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL,
    have     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
";
const IS_THERE: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'logs_deleted'";
const READ: &str = "SELECT first_ns, last_ns, have FROM logs_deleted WHERE batch = ?1";
const WRITE: &str =
    "INSERT OR REPLACE INTO logs_deleted (batch, first_ns, last_ns, have) VALUES (?1, ?2, ?3, ?4)";
const ALL: &str = "SELECT first_ns, last_ns, have, batch FROM logs_deleted WHERE batch > ?1 ORDER BY batch LIMIT ?2";

/// Remembers that these are deleted: in the transaction that does it.
pub(super) fn remember(
    transaction: &Connection,
    ids: impl IntoIterator<Item = RecordId>,
) -> Result<(), rusqlite::Error> {
    transaction.execute_batch(TABLE)?;
    for (batch, mut deleted) in by_batch(ids) {
        if let Some(before) = read(transaction, batch)? {
            deleted.union(&before);
        }
        let row = params![
            batch.as_bytes(),
            deleted.first,
            deleted.last,
            deleted.have.encode()
        ];
        transaction.prepare_cached(WRITE)?.execute(row)?;
    }
    Ok(())
}

/// Whether anything is remembered, or was.
fn is_there(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let mut statement = connection.prepare_cached(IS_THERE)?;
    let found = statement.query_row([], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

fn read(connection: &Connection, batch: BatchId) -> Result<Option<Deleted>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(READ)?;
    let read = statement.query_row([batch.as_bytes()], deleted);
    read.optional()
}

fn deleted(row: &Row<'_>) -> Result<Deleted, rusqlite::Error> {
    let have = Have::decode(row.get_ref(2)?.as_blob()?).ok_or_else(|| {
        let what = "no set of positions";
        rusqlite::Error::FromSqlConversionFailure(2, Type::Blob, what.into())
    });
    Ok(Deleted {
        first: row.get(0)?,
        last: row.get(1)?,
        have: have?,
    })
}

/// Tells the rows of one insert whether they were deleted before.
pub(super) struct Memory<'a> {
    connection: &'a Connection,
    is_there: bool,
    /// The batch that was asked for last: its rows follow one another.
    last: Option<(BatchId, Option<Deleted>)>,
}

impl<'a> Memory<'a> {
    /// As it is in this transaction.
    pub(super) fn of(connection: &'a Connection) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            connection,
            is_there: is_there(connection)?,
            last: None,
        })
    }

    /// Whether a row was deleted on purpose.
    pub(super) fn has(&mut self, id: RecordId) -> Result<bool, rusqlite::Error> {
        if !self.is_there {
            return Ok(false);
        }
        let batch = id.batch();
        if !matches!(&self.last, Some((last, _)) if *last == batch) {
            self.last = Some((batch, read(self.connection, batch)?));
        }
        let deleted = self.last.as_ref().and_then(|(_, deleted)| deleted.as_ref());
        Ok(deleted.is_some_and(|deleted| deleted.has(id)))
    }
}

/// The next few batches behind `after` of which anything is remembered, in their order.
pub(super) fn batches(
    connection: &Connection,
    after: Option<BatchId>,
    most: u32,
) -> Result<Vec<(BatchId, Have)>, rusqlite::Error> {
    if !is_there(connection)? {
        return Ok(Vec::new());
    }
    // The empty one is less than any.
    let after = after.map_or_else(Vec::new, |batch| batch.as_bytes().to_vec());
    let mut statement = connection.prepare_cached(ALL)?;
    let rows = statement.query_map(params![after, most], |row| {
        let batch = BatchId::from_bytes(row.get(3)?);
        Ok((batch, deleted(row)?.have))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests;
