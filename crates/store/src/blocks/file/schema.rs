//! The file of blocks: its settings, its tables, its format version.

use super::super::ledger::spools::SpoolId;
use crate::database_file::{self, FileError, Format, MOVING};
use crate::feed::table as feed;
use rusqlite::{Connection, Transaction, params};
use std::path::Path;

/// The format of the tables; a file that holds a later one is not touched.
pub(crate) const FORMAT_VERSION: i64 = 3;
/// The one without a feed, of a file whose records came out of rows; it is upgraded when it is opened, as is 1, which is the
/// same of any other file.
pub(super) const WITHOUT_FEED: i64 = 2;

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

/// `old_batches` are known by the eight bytes in the ids of their records. `moved` is one row: what was received until
/// when may be of before, how many records came with which sum, and, while they come, out of how many rows, and up to
/// which id they and the markers of receipt are here. `came` is there only while they come: what of which batches is in the
/// blocks of a transaction, whose `number` rises.
const OLD_TABLES: &str = "
CREATE TABLE old_batches (
    id             BLOB    NOT NULL PRIMARY KEY,
    received_at_ns INTEGER,
    have           BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE moved (
    before_ns      INTEGER NOT NULL,
    records        INTEGER NOT NULL,
    sum            BLOB    NOT NULL,
    rows           INTEGER,
    up_to          BLOB    NOT NULL,
    receipts_up_to BLOB    NOT NULL
) STRICT;
CREATE TABLE came (
    part   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    have   BLOB    NOT NULL,
    PRIMARY KEY (part, number)
) STRICT, WITHOUT ROWID;
";
const BEGIN: &str = "INSERT INTO moved VALUES (?1, 0, zeroblob(16), NULL, x'', x'')";
const PUT_SPOOL: &str =
    "INSERT INTO spools (number, id, forgotten_below, left_at_ns) VALUES (1, ?1, ?2, NULL)";
const NOTE_OLD: &str =
    "INSERT OR IGNORE INTO old_batches (id, received_at_ns, have) VALUES (?1, NULL, x'')";

const FORMAT: Format = Format {
    version: FORMAT_VERSION,
    known: FORMAT_VERSION,
    layout: "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL;",
    writer_cache: 8_192,
};

/// Opens the file for writing; makes and marks it when it is new.
pub(super) fn open_writer(path: &Path) -> Result<Connection, FileError> {
    let create = |transaction: &Transaction<'_>| {
        transaction.execute_batch(TABLES)?;
        feed::create(transaction)
    };
    let (mut connection, found) = database_file::open_writer(path, &FORMAT, create)?;
    if matches!(found, 1..=WITHOUT_FEED) {
        upgrade(&mut connection).map_err(FileError::open(path))?;
    }
    Ok(connection)
}

/// What is in the file stays as it is. All of it counts as announced.
fn upgrade(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    feed::create(&transaction)?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    transaction.commit()
}

/// Whether its records came out of rows, or some of them.
pub(super) fn has_old(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'moved')";
    connection.query_row(exists, [], |row| row.get(0))
}

/// What a file of blocks begins with that records come into from rows.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The spool that is at hand, of which all is in the rows.
    pub spool: SpoolId,
    /// Behind all that it had.
    pub next_seq: u64,
    /// The batches of which dead letters are kept.
    pub lettered: Vec<[u8; 8]>,
    /// No batch of before was received later, in nanoseconds since 1970.
    pub before_ns: i64,
}

/// Opens a file that records come into from rows, for one that writes nothing else; what is new in it begins with
/// `beginning`. What is committed last may be gone after a power cut, and then all that was committed behind it.
pub(super) fn open_moving(
    path: &Path,
    beginning: Option<&Beginning>,
) -> Result<Connection, FileError> {
    let format = Format {
        version: MOVING,
        known: MOVING,
        layout: FORMAT.layout,
        writer_cache: 65_536,
    };
    let create = |transaction: &Transaction<'_>| {
        let Some(beginning) = beginning else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(OLD_TABLES)?;
        transaction.execute(BEGIN, [beginning.before_ns])?;
        let spool = params![beginning.spool, beginning.next_seq.cast_signed()];
        transaction.execute(PUT_SPOOL, spool)?;
        let mut note = transaction.prepare(NOTE_OLD)?;
        let mut batches = beginning.lettered.iter();
        batches.try_for_each(|batch| note.execute([batch]).map(drop))
    };
    let (connection, _) = database_file::open_writer(path, &format, create)?;
    let settings = "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;";
    connection
        .execute_batch(settings)
        .map_err(FileError::open(path))?;
    Ok(connection)
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
        assert_eq!(user_version(&connection), Ok(3));
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
        for later in [4, MOVING] {
            connection
                .pragma_update(None, "user_version", later)
                .unwrap();
            let refused = open_writer(&path).unwrap_err().to_string();
            let said = format!("has format version {later}, and this version knows 3");
            assert!(refused.contains(&said), "{refused}");
        }
    }

    #[test]
    fn a_file_of_an_earlier_version_gets_a_feed_and_keeps_what_it_knows_of_old_batches() {
        for (earlier, has_moved) in [(1, false), (WITHOUT_FEED, true)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("blocks.sqlite3");
            let connection = open_writer(&path).unwrap();
            connection
                .execute_batch("DROP TABLE feed; DROP TABLE feed_id;")
                .unwrap();
            if has_moved {
                connection.execute_batch(OLD_TABLES).unwrap();
                connection.execute(BEGIN, [7]).unwrap();
            }
            connection
                .pragma_update(None, "user_version", earlier)
                .unwrap();
            drop(connection);
            for _ in 0..2 {
                let upgraded = open_writer(&path).unwrap();
                assert_eq!(user_version(&upgraded), Ok(FORMAT_VERSION));
                assert_eq!(feed::is_in(&upgraded), Ok(true));
                assert_eq!(has_old(&upgraded), Ok(has_moved));
            }
        }
    }
}
