//! How the embedded store lies in its data folder: rows in `logs.sqlite3`, or blocks in `blocks.sqlite3`.
//!
//! A folder keeps the layout that it was begun with. Beside blocks stands a `logs.sqlite3` without records whose
//! format version is later than any of rows: programs that know rows alone refuse it, where they would begin an empty store. The
//! file of blocks is whole and durable before the mark is made, and a start makes up a mark that is missing.

use super::blocks::ledger::spools::SpoolId;
use super::blocks::{self, BlockSettings, BlockStore};
use super::database_file::{FileError, open_reader, user_version};
use super::sqlite::{self, SqliteStore};
use super::{Store, StoreError};
use logs::clock::Clock;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The format version of a `logs.sqlite3` that stands beside blocks: later than any of rows.
const MARK: i64 = 100;
/// What people see who open that file.
const NOTE: &str = "
PRAGMA busy_timeout=5000;
PRAGMA journal_mode=DELETE;
PRAGMA synchronous=EXTRA;
BEGIN IMMEDIATE;
CREATE TABLE note (text TEXT NOT NULL) STRICT;
INSERT INTO note VALUES ('The records are in blocks.sqlite3. This file keeps programs away that know rows alone.');
";

/// What the records lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A row for each, which `sqlite3` shows.
    Rows,
    /// Columns of thousands together.
    Blocks,
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Rows => "rows",
            Self::Blocks => "blocks",
        })
    }
}

/// Why the store of a folder cannot be opened: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// Blocks cannot note which spool is at hand.
    #[error(transparent)]
    Spool(#[from] StoreError),
    /// What comes from there could be stored twice.
    #[error(
        "the spool has lost its id, and some of what it holds may be stored already and forgotten: put its file spool-id back; \
         a start with --spool-recover delivers all of it once more, and stores twice what was forgotten"
    )]
    NamelessSpool,
    /// The spool could not be told from another at the next start.
    #[error("the spool's id cannot be kept: {0}")]
    SpoolId(io::Error),
    /// What is there is not what is asked for.
    #[error(
        "the data folder {folder} holds {held}, and LAYOUT asks for {wanted}: leave LAYOUT out, or take another DATA_DIR"
    )]
    Other {
        /// The folder.
        folder: String,
        /// What it holds.
        held: Layout,
        /// What was asked for.
        wanted: Layout,
    },
    /// The records are gone.
    #[error(
        "the records of {folder} are in {file}, which is missing there or is not whole: put it back (an empty store is begun only where logs.sqlite3 is gone too)"
    )]
    Missing {
        /// The folder.
        folder: String,
        /// The file of blocks.
        file: &'static str,
    },
    /// There are two stores.
    #[error(
        "the data folder {folder} holds rows (logs.sqlite3) and blocks (blocks.sqlite3): move the file with its -wal and -shm away whose records are not wanted"
    )]
    Both {
        /// The folder.
        folder: String,
    },
    /// The disk did not take the mark.
    #[error("cannot begin a store of blocks in {folder}: {source}")]
    Making {
        /// The folder.
        folder: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// The spool that will be delivered to a store.
#[derive(Clone, Copy)]
pub struct SpoolAtHand<'a> {
    /// Its id.
    pub id: SpoolId,
    /// The number of its oldest batch, where it lost its id and this is a new one; `None` also where an operator
    /// takes what may come twice.
    pub nameless_from: Option<u64>,
    /// Keeps the id, before the store knows of it.
    pub keep: &'a dyn Fn() -> io::Result<()>,
}

/// An embedded store that was opened.
pub struct Opened {
    /// It.
    pub store: Arc<dyn Store>,
    /// Below which number it may have forgotten what it has of the spool: nothing there is to be delivered again, and
    /// new numbers begin above.
    pub forgotten_below: u64,
    /// The same store, where it is blocks: it has a ledger of batches, of which some may be forgotten.
    pub blocks: Option<Arc<BlockStore>>,
}

/// Opens the store of a data folder, which nobody else has; where there is none, one in the layout that is wanted is
/// begun, or in blocks. It is told which `spool` will be delivered to it, before anything of that is.
///
/// # Errors
/// [`LayoutError`]
pub fn open(
    folder: &Path,
    wanted: Option<Layout>,
    clock: Arc<dyn Clock>,
    settings: BlockSettings,
    spool: SpoolAtHand<'_>,
) -> Result<Opened, LayoutError> {
    let keep_id = || (spool.keep)().map_err(LayoutError::SpoolId);
    Ok(match settle(folder, wanted)? {
        // Their records have ids of their own: they forget none.
        Layout::Rows => {
            let store = Arc::new(SqliteStore::open(folder, clock)?);
            keep_id()?;
            Opened {
                store,
                forgotten_below: 0,
                blocks: None,
            }
        }
        Layout::Blocks => {
            let blocks = Arc::new(BlockStore::open(folder, clock, settings)?);
            if let Some(oldest) = spool.nameless_from
                && blocks.may_have_forgotten(oldest)?
            {
                return Err(LayoutError::NamelessSpool);
            }
            keep_id()?;
            Opened {
                forgotten_below: blocks.meet_spool(spool.id)?.forgotten_below,
                store: Arc::clone(&blocks) as Arc<dyn Store>,
                blocks: Some(blocks),
            }
        }
    })
}

/// What stands at the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// No file, or one that nothing was made in.
    Nothing,
    /// The mark that the records are in blocks.
    Mark,
    Store,
}

/// The layout of a folder, which is marked where it is that of blocks.
fn settle(folder: &Path, wanted: Option<Layout>) -> Result<Layout, LayoutError> {
    let (logs, blocks) = (
        folder.join(sqlite::FILE_NAME),
        folder.join(blocks::FILE_NAME),
    );
    let rows = look(&logs).map_err(FileError::open(&logs))?;
    let has_blocks = look(&blocks).map_err(FileError::open(&blocks))? != Found::Nothing;
    let shown = || folder.display().to_string();
    let held = match (rows, has_blocks) {
        (Found::Nothing, false) => None,
        (Found::Store, false) => Some(Layout::Rows),
        (Found::Mark | Found::Nothing, true) => Some(Layout::Blocks),
        (Found::Mark, false) => {
            return Err(LayoutError::Missing {
                folder: shown(),
                file: blocks::FILE_NAME,
            });
        }
        (Found::Store, true) => return Err(LayoutError::Both { folder: shown() }),
    };
    let layout = wanted.or(held).unwrap_or(Layout::Blocks);
    if let Some(held) = held.filter(|held| *held != layout) {
        return Err(LayoutError::Other {
            folder: shown(),
            held,
            wanted: layout,
        });
    }
    if layout == Layout::Blocks && rows != Found::Mark {
        begin(folder, &logs, &blocks)?;
    }
    Ok(layout)
}

/// What there is at a path. Nothing is changed, but that what a crash left unfinished is rolled back.
fn look(path: &Path) -> Result<Found, rusqlite::Error> {
    // Any other error is told by whoever opens the file.
    if fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(Found::Nothing);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA busy_timeout=5000;")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    let tables: u32 = connection.query_row(tables, [], |row| row.get(0))?;
    Ok(match (version, tables) {
        (MARK, _) => Found::Mark,
        (0, 0) => Found::Nothing,
        _ => Found::Store,
    })
}

/// Whether there is a file of rows that holds records, and not the mark beside blocks. Nothing is changed.
pub(super) fn holds_rows(path: &Path) -> Result<bool, rusqlite::Error> {
    if fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(false);
    }
    let version = user_version(&open_reader(path)?)?;
    Ok(!matches!(version, 0 | MARK))
}

/// Makes a file of blocks, if there is none, and then the mark; both are durable.
fn begin(folder: &Path, logs: &Path, blocks: &Path) -> Result<(), LayoutError> {
    blocks::make(folder)?;
    let durable = |file: &Path| {
        let mut both = [file, folder].into_iter();
        let result = both.try_for_each(|path| File::open(path)?.sync_all());
        result.map_err(|source| LayoutError::Making {
            folder: folder.display().to_string(),
            source,
        })
    };
    durable(blocks)?;
    mark(logs).map_err(FileError::open(logs))?;
    durable(logs)
}

/// In the file that is there, if there is one: what SQLite has left beside an unfinished one belongs to it.
fn mark(logs: &Path) -> Result<(), rusqlite::Error> {
    let connection = Connection::open(logs)?;
    connection.execute_batch(NOTE)?;
    connection.pragma_update(None, "user_version", MARK)?;
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests;
