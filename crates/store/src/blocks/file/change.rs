//! One change of the file: one transaction, or none.

use super::super::ledger::have::Have;
use super::super::ledger::row::BatchRow;
use super::super::ledger::row::LedgerKey;
use super::super::storage::{Applied, Change, Made, Place, RowChange};
use super::old;
use crate::feed::embedded::EmbeddedFeed;
use logs::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

/// For others who have the file open.
const PATIENCE_MILLIS: u32 = 5_000;

const ROW: &str = "SELECT delay, received_at_ns, have, flags, spool, seq, written_at_ns
    FROM batches WHERE id = ?1";
const PUT_ROW: &str =
    "INSERT OR REPLACE INTO batches (id, delay, received_at_ns, have, flags, spool, seq, written_at_ns)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const ADD: &str = "INSERT INTO blocks (number, head, filter, columns) VALUES (?1, ?2, ?3, ?4)";
const LIST: &str = "INSERT INTO summaries (day, number, summary) VALUES (?1, ?2, ?3)";
const REMOVE: &str = "DELETE FROM blocks WHERE number = ?1";
const UNLIST: &str = "DELETE FROM summaries WHERE day = ?1 AND number = ?2";

/// Changes all of it or nothing. The next block has the number `next`, which rises.
pub(super) fn apply(
    connection: &mut Connection,
    next: &mut u64,
    change: &Change,
    feed: &EmbeddedFeed,
) -> Result<Applied, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for row in &change.rows {
        // Read again here: another may have stored some of the batch meanwhile.
        if read_row(&transaction, &row.key)? != row.before {
            return Ok(Applied::Outdated);
        }
        put_row(&transaction, row)?;
    }
    for of_before in &change.old {
        if old::read(&transaction, of_before.batch)?.as_ref() != Some(&of_before.before) {
            return Ok(Applied::Outdated);
        }
        if of_before.after != of_before.before {
            old::write(&transaction, of_before.batch, &of_before.after)?;
        }
    }
    for place in &change.remove {
        if !remove(&transaction, *place)? {
            return Ok(Applied::Outdated);
        }
    }
    let mut places = Vec::with_capacity(change.add.len());
    for made in &change.add {
        let place = Place {
            day: made.day,
            number: *next,
        };
        *next += 1;
        add(&transaction, place, made)?;
        places.push(place);
    }
    if let Some(announced) = &change.announced {
        feed.write(&transaction, announced)?;
    }
    transaction.commit()?;
    Ok(Applied::Done(places))
}

/// The rows of batches, in the order of their keys here.
pub(super) fn rows(
    connection: &Connection,
    keys: &[LedgerKey],
) -> Result<Vec<Option<BatchRow>>, rusqlite::Error> {
    keys.iter().map(|key| read_row(connection, key)).collect()
}

/// Empties the log, unless a reader needs it: whether it is empty. Nobody waits for that, since those who write
/// would, too.
pub(super) fn checkpoint(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let patience = |millis: u32| connection.pragma_update(None, "busy_timeout", millis);
    patience(0)?;
    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy = connection.query_row(truncate, [], |row| row.get::<_, bool>(0));
    patience(PATIENCE_MILLIS)?;
    Ok(!is_busy?)
}

/// Gives up to so many empty pages back to the disk; whether there may be more.
pub(super) fn give_back(connection: &Connection, pages: u32) -> Result<bool, rusqlite::Error> {
    let empty = |connection: &Connection| {
        connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, u32>(0))
    };
    if empty(connection)? == 0 {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    Ok(empty(connection)? > 0)
}

pub(super) fn add(
    connection: &Connection,
    place: Place,
    made: &Made,
) -> Result<(), rusqlite::Error> {
    let number = place.number.cast_signed();
    let block = &made.block;
    let columns = block.columns.concat();
    connection
        .prepare_cached(ADD)?
        .execute(params![number, block.head, block.filter, columns])?;
    connection.prepare_cached(LIST)?.execute(params![
        place.day.0,
        number,
        made.summary.encode()
    ])?;
    Ok(())
}

/// Whether it was there.
fn remove(connection: &Connection, place: Place) -> Result<bool, rusqlite::Error> {
    let number = place.number.cast_signed();
    let removed = connection.prepare_cached(REMOVE)?.execute([number])?;
    let unlisted = connection
        .prepare_cached(UNLIST)?
        .execute([place.day.0, number])?;
    Ok(removed == 1 && unlisted == 1)
}

fn read_row(connection: &Connection, key: &LedgerKey) -> Result<Option<BatchRow>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(ROW)?;
    statement.query_row([key], row_of).optional()
}

pub(super) fn row_of(row: &Row<'_>) -> Result<BatchRow, rusqlite::Error> {
    let damaged = |column, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, what.into())
    };
    let have = Have::decode(row.get_ref(2)?.as_blob()?);
    let flags = BatchRow::of_flags(row.get(3)?);
    let (kind, mark, elsewhere) = flags.ok_or_else(|| damaged(3, "no kind of batch"))?;
    Ok(BatchRow {
        delay: row.get(0)?,
        received_at: Timestamp::from_nanos(row.get(1)?),
        have: have.ok_or_else(|| damaged(2, "no set of positions"))?,
        mark,
        kind,
        spool: row.get(4)?,
        seq: row.get::<_, i64>(5)?.cast_unsigned(),
        elsewhere,
        written_at: Timestamp::from_nanos(row.get(6)?),
    })
}

fn put_row(connection: &Connection, change: &RowChange) -> Result<(), rusqlite::Error> {
    let row = &change.after;
    connection.prepare_cached(PUT_ROW)?.execute(params![
        change.key,
        row.delay,
        row.received_at.nanos(),
        row.have.encode(),
        row.flags(),
        row.spool,
        row.seq.cast_signed(),
        row.written_at.nanos(),
    ])?;
    Ok(())
}
