//! How many blocks the embedded store has, read from its file while the service works.

use crate::failure::Failure;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use store::blocks::FILE_NAME;

const DAY_NANOS: i64 = 86_400_000_000_000;

/// Those with records of the UTC day of this time.
pub(crate) fn of_day(data: &Path, nanos: i64) -> Result<u64, Failure> {
    let day = nanos.div_euclid(DAY_NANOS);
    count(data, "SELECT count(*) FROM summaries WHERE day = ?1", [day])
}

/// All of them.
pub(crate) fn all(data: &Path) -> Result<u64, Failure> {
    count(data, "SELECT count(*) FROM summaries", [])
}

fn count(data: &Path, sql: &str, parameters: impl rusqlite::Params) -> Result<u64, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join(FILE_NAME), flags)?;
    let count: i64 = connection.query_row(sql, parameters, |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
