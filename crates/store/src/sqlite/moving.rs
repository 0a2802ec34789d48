//! Moves very large texts out of `logs` that an earlier version left there, a few at a time, while
//! the service works: beside them every other record is slow. The others stay where they are, and are
//! read there.

use super::database::Database;
use super::large::STAND_IN;
use super::read::ReadError;
use super::schema::MARK;
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::time::Duration;

/// Texts of so many bytes are moved. Shorter ones, of which a file may be full, cost their neighbours
/// fractions of a millisecond.
const MOVED_FROM: i64 = 64 * 1024;
/// Rows that are looked at in one step. Of a row no more than its lengths is read.
const ROWS_IN_A_STEP: usize = 4_000;
/// Bytes after which a transaction takes no further text: others wait to write.
const BYTES_IN_A_STEP: i64 = 1024 * 1024;

/// Steps after which it is noted how far it came, also where nothing was found, so that a long file is not
/// gone through from its beginning at each start.
const NOTED_EVERY: u32 = 100;

/// How far the file has been gone through.
#[derive(Default)]
pub(super) struct Mover {
    /// The last row that was looked at; `None` before the first.
    behind: Option<Vec<u8>>,
    steps: u32,
}

/// What one step found.
struct Found {
    ids: Vec<Vec<u8>>,
    /// The last row that was looked at, when there may be more behind it.
    next: Option<Vec<u8>>,
}

impl Mover {
    /// Moves some; whether there may be more.
    ///
    /// # Errors
    /// The store's, after which the same step can be tried again.
    pub(super) fn step(&mut self, database: &Database) -> Result<bool, StoreError> {
        let behind = match &self.behind {
            Some(behind) => Some(behind.clone()),
            None => database.with_reader(|reader| Ok(mark(&reader.connection)?))?,
        };
        let Some(behind) = behind else {
            return Ok(false);
        };
        let found = database
            .with_reader(|reader| find(&reader.connection, &behind).map_err(ReadError::from))?;
        self.steps += 1;
        let is_noted = self.steps.is_multiple_of(NOTED_EVERY);
        if !found.ids.is_empty() || found.next.is_none() || is_noted {
            database.write(Duration::MAX, |writer| move_out(writer, &found))?;
        }
        let goes_on = found.next.is_some();
        self.behind = found.next;
        Ok(goes_on)
    }
}

/// Where the texts begin; `None` when there are none.
fn mark(connection: &Connection) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    let mark = "SELECT unhex(value) FROM logs_meta WHERE name = ?1";
    connection
        .query_row(mark, [MARK], |row| row.get(0))
        .optional()
}

/// The very large ones among the next rows.
fn find(connection: &Connection, behind: &[u8]) -> Result<Found, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, octet_length(message) + ifnull(octet_length(attributes), 0)
        FROM logs WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let limit = i64::try_from(ROWS_IN_A_STEP).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![behind, limit])?;
    let (mut ids, mut looked_at, mut bytes, mut last) = (Vec::new(), 0, 0, None);
    while let Some(row) = rows.next()? {
        let (id, length): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
        if length >= MOVED_FROM {
            bytes += length;
            ids.push(id.clone());
        }
        looked_at += 1;
        last = Some(id);
        if bytes >= BYTES_IN_A_STEP {
            return Ok(Found { ids, next: last });
        }
    }
    let next = last.filter(|_| looked_at >= ROWS_IN_A_STEP);
    Ok(Found { ids, next })
}

fn move_out(connection: &mut Connection, found: &Found) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    for id in &found.ids {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO logs_large (id, message, attributes)
                SELECT id, message, attributes FROM logs WHERE id = ?1",
            )?
            .execute([id])?;
        transaction
            .prepare_cached("UPDATE logs SET message = ?2, attributes = NULL WHERE id = ?1")?
            .execute(params![id, STAND_IN])?;
    }
    match &found.next {
        Some(next) => transaction.execute(
            "UPDATE logs_meta SET value = hex(?2) WHERE name = ?1",
            params![MARK, next],
        )?,
        None => transaction.execute("DELETE FROM logs_meta WHERE name = ?1", [MARK])?,
    };
    transaction.commit()
}

#[cfg(test)]
mod tests;
