//! The file of blocks: its settings, its tables, its format version.

use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The format of the tables; a file that holds a later one is not touched.
const FORMAT_VERSION: i64 = 1;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BlocksError {
    /// SQLite could not open it or set it up.
    #[error("cannot open the store {path}: {source}")]
    Open {
        /// The file.
        path: String,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// What was opened cannot be looked at.
    #[error("cannot look at the store {path}: {reason}")]
    Look {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// A later version wrote it.
    #[error(
        "the store {path} has format version {found}, and this version knows {FORMAT_VERSION}: use a newer aggregator"
    )]
    Newer {
        /// The file.
        path: String,
        /// The version that it holds.
        found: i64,
    },
}

/// `summaries` is what is planned by; those of a day stand beside one another. `blocks` has what of a block is read by
/// parts: its columns stand behind one another in one value, since a value for each would leave half a page
/// empty for each.
const TABLES: &str = "
CREATE TABLE summaries (
    day     INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    summary BLOB    NOT NULL,
    PRIMARY KEY (day, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE blocks (
    number  INTEGER NOT NULL PRIMARY KEY,
    head    BLOB    NOT NULL,
    filter  BLOB    NOT NULL,
    columns BLOB    NOT NULL
) STRICT;
CREATE TABLE batches (
    id             BLOB    NOT NULL PRIMARY KEY,
    delay          INTEGER,
    received_at_ns INTEGER NOT NULL,
    have           BLOB    NOT NULL,
    flags          INTEGER NOT NULL,
    spool          INTEGER NOT NULL,
    seq            INTEGER NOT NULL,
    written_at_ns  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE spools (
    number          INTEGER NOT NULL PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE,
    forgotten_below INTEGER NOT NULL,
    left_at_ns      INTEGER
) STRICT;
";

/// These take effect only before the first table is made.
const LAYOUT: &str = "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;";
/// Waits for others who have the file open, as the mode is changed by one alone.
const WAL: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL;";
const WRITER_SETTINGS: &str = "PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8192;";
const READER_SETTINGS: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-4096;";

/// Opens the file for writing; makes and marks it when it is new.
///
/// # Errors
/// [`BlocksError`].
pub(super) fn open_writer(path: &Path) -> Result<Connection, BlocksError> {
    let shown = || path.display().to_string();
    let failed = |source| BlocksError::Open {
        path: shown(),
        source,
    };
    let mut connection = Connection::open(path).map_err(failed)?;
    let found = user_version(&connection).map_err(failed)?;
    if found > FORMAT_VERSION {
        return Err(BlocksError::Newer {
            path: shown(),
            found,
        });
    }
    if found == 0 {
        create(&mut connection).map_err(failed)?;
    } else {
        // One that was restored by `VACUUM INTO` is in no WAL mode. The log is there from the first
        // read on.
        connection.execute_batch(WAL).map_err(failed)?;
        user_version(&connection).map_err(failed)?;
    }
    connection.execute_batch(WRITER_SETTINGS).map_err(failed)?;
    Ok(connection)
}

/// Opens the file for reading only.
pub(super) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(READER_SETTINGS)?;
    Ok(connection)
}

fn user_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn create(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(LAYOUT)?;
    connection.execute_batch(WAL)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_marked_and_a_file_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.sqlite3");
        let connection = open_writer(&path).unwrap();
        assert_eq!(user_version(&connection), Ok(1));
        for (setting, expected) in [
            ("auto_vacuum", "2"),
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("page_size", "8192"),
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
        connection.pragma_update(None, "user_version", 2).unwrap();
        drop(connection);
        let refused = open_writer(&path).unwrap_err().to_string();
        assert!(refused.contains("has format version 2"), "{refused}");
    }
}
