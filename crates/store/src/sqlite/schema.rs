//! The SQLite file: its settings, its tables, its format version.

use super::large;
use crate::database_file::{self, FileError, Format};
use crate::feed::table as feed;
use logs::Timestamp;
use rusqlite::Connection;
use std::path::Path;

/// The format of the rows; a file that holds a later one is not touched.
pub(crate) const FORMAT_VERSION: i64 = 3;
/// The one without a feed; it is upgraded when it is opened, as the one before is.
const WITHOUT_FEED: i64 = 2;
/// The one without large texts of their own.
const WITHOUT_LARGE: i64 = 1;

/// In `logs_meta` while there may be very large texts among the rows: the hexadecimal digits of an id,
/// behind which they are.
pub(super) const MARK: &str = "large_texts_behind";

/// What there is in every format. `time_ns` says again what the id begins with, for people who open the file with `sqlite3`;
/// nothing here reads it. `attributes` is JSON text.
const TABLES: &str = "
CREATE TABLE logs (
    id          BLOB    NOT NULL PRIMARY KEY,
    time_ns     INTEGER NOT NULL,
    severity    INTEGER NOT NULL,
    level       TEXT,
    message     TEXT    NOT NULL,
    attributes  TEXT,
    received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX logs_by_severity ON logs (severity, id) WHERE severity >= 13;
CREATE TABLE logs_receipts (
    id             BLOB    NOT NULL PRIMARY KEY,
    received_at_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE logs_meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Takes effect only before the first table is made.
const AUTO_VACUUM: &str = "PRAGMA auto_vacuum=INCREMENTAL;";

const FORMAT: Format = Format {
    version: FORMAT_VERSION,
    known: FORMAT_VERSION,
    layout: AUTO_VACUUM,
    writer_cache: 16_384,
};

/// Opens the file for writing; makes and marks it when it is new.
pub(super) fn open_writer(path: &Path, now: Timestamp) -> Result<Connection, FileError> {
    let (mut connection, found) = database_file::open_writer(path, &FORMAT, |transaction| {
        create_tables(transaction)?;
        let sql = "INSERT INTO logs_meta (name, value) VALUES ('created_at', ?1)";
        transaction.execute(sql, [now.to_string()]).map(drop)
    })?;
    if matches!(found, WITHOUT_LARGE | WITHOUT_FEED) {
        upgrade(&mut connection, found).map_err(FileError::open(path))?;
    }
    Ok(connection)
}

pub(super) fn create_tables(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(TABLES)?;
    connection.execute_batch(large::TABLE)?;
    feed::create(connection)
}

/// The version of a file with these tables, which lost its mark.
pub(super) fn version_of(connection: &Connection) -> Result<i64, rusqlite::Error> {
    Ok(match feed::is_in(connection)? {
        true => FORMAT_VERSION,
        false => WITHOUT_FEED,
    })
}

/// What is in the file stays as it is, but for a mark that there may be large texts among its rows. All of it counts as
/// announced.
fn upgrade(connection: &mut Connection, found: i64) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    if found == WITHOUT_LARGE {
        transaction.execute_batch(large::TABLE)?;
        transaction.execute(
            "INSERT INTO logs_meta (name, value) VALUES (?1, '')",
            [MARK],
        )?;
    }
    feed::create(&transaction)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()
}

/// Makes a file as an earlier version made it.
#[cfg(test)]
pub(super) fn create_without_large(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(AUTO_VACUUM).unwrap();
    connection.execute_batch("PRAGMA journal_mode=WAL").unwrap();
    connection.execute_batch(TABLES).unwrap();
    let version = WITHOUT_LARGE;
    connection
        .pragma_update(None, "user_version", version)
        .unwrap();
    connection
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_file::user_version;

    #[test]
    fn a_file_that_an_operator_restored_or_set_to_another_mode_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let now = Timestamp::from_nanos(0);
        let writer = open_writer(&path, now).unwrap();
        let copy = folder.path().join("copy.sqlite3");
        let vacuum = format!("VACUUM INTO '{}'", copy.display());
        writer.execute_batch(&vacuum).unwrap();
        let delete = "PRAGMA journal_mode=DELETE";
        writer.query_row(delete, [], |_| Ok(())).unwrap();
        drop(writer);
        for file in [path, copy] {
            let _writer = open_writer(&file, now).unwrap();
            let log = format!("{}-wal", file.display());
            assert!(Path::new(&log).exists(), "{log}");
        }
    }

    #[test]
    fn a_new_file_is_marked_and_a_file_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let now = Timestamp::from_nanos(0);
        let connection = open_writer(&path, now).unwrap();
        assert_eq!(user_version(&connection), Ok(3));
        for (setting, expected) in [
            ("auto_vacuum", "2"),
            ("journal_mode", "wal"),
            ("synchronous", "2"),
        ] {
            let value: String = connection
                .query_row(
                    &format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}"),
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(value, expected, "{setting}");
        }
        connection.pragma_update(None, "user_version", 4).unwrap();
        drop(connection);
        let refused = open_writer(&path, now).unwrap_err().to_string();
        assert!(refused.contains("has format version 4"), "{refused}");
    }

    #[test]
    fn a_file_of_an_earlier_version_gets_a_feed_when_it_is_opened_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let now = Timestamp::from_nanos(0);
        let connection = open_writer(&path, now).unwrap();
        assert_eq!(version_of(&connection), Ok(FORMAT_VERSION));
        connection
            .execute_batch("DROP TABLE feed; DROP TABLE feed_id; PRAGMA user_version=2;")
            .unwrap();
        assert_eq!(version_of(&connection), Ok(WITHOUT_FEED));
        drop(connection);
        for _ in 0..2 {
            let upgraded = open_writer(&path, now).unwrap();
            assert_eq!(user_version(&upgraded), Ok(FORMAT_VERSION));
            assert_eq!(feed::is_in(&upgraded), Ok(true));
        }
    }
}
