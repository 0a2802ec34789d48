//! The file of blocks: its settings, its tables, its format version.

use crate::database_file::{self, FileError, Format};
use rusqlite::{Connection, Transaction};
use std::path::Path;

/// The format of the tables; a file that holds a later one is not touched.
pub(crate) const FORMAT_VERSION: i64 = 1;

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

const FORMAT: Format = Format {
    version: FORMAT_VERSION,
    layout: "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;",
    writer_cache: 8_192,
};

/// Opens the file for writing; makes and marks it when it is new.
pub(super) fn open_writer(path: &Path) -> Result<Connection, FileError> {
    let create = |transaction: &Transaction<'_>| transaction.execute_batch(TABLES);
    database_file::open_writer(path, &FORMAT, create).map(|(connection, _)| connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database_file::user_version;

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
