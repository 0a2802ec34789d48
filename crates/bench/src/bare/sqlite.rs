//! A loop over our table: prepared statement, one transaction for every thousand rows, the same syncs.

use super::{Done, Stopwatch};
use crate::failure::Failure;
use crate::records::{self, Pool};
use logs::clock::SystemClock;
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::Arc;
use store::sqlite::{FILE_NAME, SqliteStore};

const BATCH: u64 = 1000;

/// The service's own, for its writer.
const SETTINGS: &str =
    "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16384;";

const INSERT: &str =
    "INSERT INTO logs (id, time_ns, severity, level, message, attributes, received_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

pub(super) fn run(data: &Path, seconds: f64) -> Result<Done, Failure> {
    let pool = Pool::make()?;
    // The service makes its file, so that it is the same table for certain.
    drop(SqliteStore::open(data, Arc::new(SystemClock::start()))?);
    let mut connection = Connection::open(data.join(FILE_NAME))?;
    connection.execute_batch(SETTINGS)?;
    let watch = Stopwatch::start()?;
    let mut batches = 0;
    while watch.seconds() < seconds {
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for (position, (place, record)) in (0..).zip(pool.batch(batches, BATCH)) {
            let id = records::id(place, batches, position);
            insert.execute(params![
                id.plain(),
                id.time().nanos(),
                logs::severity_of(&record.level),
                record.level,
                record.message,
                record.attributes_json,
                id.time().millis(),
            ])?;
        }
        drop(insert);
        transaction.commit()?;
        batches += 1;
    }
    watch.done(batches * BATCH, 0, Vec::new())
}
