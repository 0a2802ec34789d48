//! What is known of batches whose records came out of rows.

use super::super::ledger::have::Have;
use super::super::ledger::old_batches::OldBatch;
use super::schema::has_old;
use logs::Timestamp;
use record::id::BatchId;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

const READ: &str = "SELECT received_at_ns, have FROM old_batches WHERE id = ?1";
const WRITE: &str =
    "INSERT OR REPLACE INTO old_batches (id, received_at_ns, have) VALUES (?1, ?2, ?3)";

/// Until when what was received may be of before; `None` in a file that was begun with blocks.
pub(super) fn before(connection: &Connection) -> Result<Option<Timestamp>, rusqlite::Error> {
    if !has_old(connection)? {
        return Ok(None);
    }
    let before = "SELECT before_ns FROM moved";
    connection.query_row(before, [], |row| {
        Ok(Some(Timestamp::from_nanos(row.get(0)?)))
    })
}

pub(super) fn read(
    connection: &Connection,
    batch: BatchId,
) -> Result<Option<OldBatch>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(READ)?;
    let old = statement.query_row([batch.as_bytes()], |row| {
        let have = Have::decode(row.get_ref(1)?.as_blob()?).ok_or_else(|| {
            let what = "no set of positions";
            rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, what.into())
        });
        Ok(OldBatch {
            received_at: row.get::<_, Option<i64>>(0)?.map(Timestamp::from_nanos),
            have: have?,
        })
    });
    old.optional()
}

pub(super) fn write(
    connection: &Connection,
    batch: BatchId,
    old: &OldBatch,
) -> Result<(), rusqlite::Error> {
    let received_at = old.received_at.map(Timestamp::nanos);
    let row = params![batch.as_bytes(), received_at, old.have.encode()];
    connection.prepare_cached(WRITE)?.execute(row).map(drop)
}
