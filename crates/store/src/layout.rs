//! How the embedded store lies in its data folder: rows in `logs.sqlite3`, or blocks in `blocks.sqlite3`.
//!
//! A folder keeps the layout that it was begun with. Beside blocks stands a `logs.sqlite3` without records whose
//! format version is later than any of rows: programs that know rows alone refuse it, where they would begin an empty store. The
//! file of blocks is whole and durable before the mark is made, and a start makes up a mark that is missing.

mod error;

pub use error::LayoutError;

use super::Store;
use super::blocks::ledger::spools::SpoolId;
use super::blocks::{self, BlockSettings, BlockStore};
use super::database_file::{FileError, MOVING, open_reader, user_version};
use super::sqlite::{self, SqliteStore};
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
    /// Rows that are being moved, or blocks that they are being moved to.
    Moving,
    Store,
}

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No store.
    Empty,
    /// Rows.
    Rows,
    /// Rows that are about to be moved to blocks; none is yet.
    Marked,
    /// Rows of which some are in blocks.
    Moving,
    /// Rows all of which are in blocks.
    Moved,
    /// Blocks, and whether older programs are kept away from them.
    Blocks {
        /// They are.
        marked: bool,
    },
}

/// What a folder holds.
///
/// # Errors
/// [`LayoutError`] when nothing can be made of it.
pub fn standing(folder: &Path) -> Result<Standing, LayoutError> {
    let (logs, blocks) = (
        folder.join(sqlite::FILE_NAME),
        folder.join(blocks::FILE_NAME),
    );
    let rows = look(&logs).map_err(FileError::open(&logs))?;
    let found = look(&blocks).map_err(FileError::open(&blocks))?;
    let shown = || folder.display().to_string();
    Ok(match (rows, found) {
        (Found::Nothing, Found::Nothing) => Standing::Empty,
        (Found::Store, Found::Nothing) => Standing::Rows,
        (Found::Moving, Found::Nothing) => Standing::Marked,
        (Found::Moving, Found::Moving) => Standing::Moving,
        (Found::Moving, Found::Store | Found::Mark) => Standing::Moved,
        (Found::Mark, Found::Store | Found::Mark) => Standing::Blocks { marked: true },
        (Found::Nothing, Found::Store | Found::Mark) => Standing::Blocks { marked: false },
        (Found::Mark, Found::Nothing) => {
            return Err(LayoutError::Missing {
                folder: shown(),
                file: blocks::FILE_NAME,
            });
        }
        (Found::Mark | Found::Nothing, Found::Moving) => {
            return Err(LayoutError::RowsMissing { folder: shown() });
        }
        (Found::Store, Found::Store | Found::Mark | Found::Moving) => {
            return Err(LayoutError::Both { folder: shown() });
        }
    })
}

/// The layout of a folder, which is marked where it is that of blocks.
fn settle(folder: &Path, wanted: Option<Layout>) -> Result<Layout, LayoutError> {
    let shown = || folder.display().to_string();
    let standing = standing(folder)?;
    let held = match standing {
        Standing::Empty => None,
        Standing::Rows => Some(Layout::Rows),
        Standing::Blocks { .. } => Some(Layout::Blocks),
        Standing::Marked | Standing::Moving | Standing::Moved => {
            return Err(LayoutError::Unfinished { folder: shown() });
        }
    };
    let layout = wanted.or(held).unwrap_or(Layout::Blocks);
    if let Some(held) = held.filter(|held| *held != layout) {
        return Err(LayoutError::Other {
            folder: shown(),
            held,
            wanted: layout,
        });
    }
    if layout == Layout::Blocks && standing != (Standing::Blocks { marked: true }) {
        begin(folder)?;
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
        (MOVING, _) => Found::Moving,
        (0, 0) => Found::Nothing,
        _ => Found::Store,
    })
}

/// Whether rows are being moved to blocks, from this file. Nothing is changed.
pub(super) fn is_being_moved(path: &Path) -> bool {
    let version = open_reader(path).and_then(|file| user_version(&file));
    version.is_ok_and(|version| version == MOVING)
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
fn begin(folder: &Path) -> Result<(), LayoutError> {
    let (logs, blocks) = (
        folder.join(sqlite::FILE_NAME),
        folder.join(blocks::FILE_NAME),
    );
    blocks::make(folder)?;
    let durable = |file: &Path| {
        let mut both = [file, folder].into_iter();
        let result = both.try_for_each(|path| File::open(path)?.sync_all());
        result.map_err(|source| LayoutError::Making {
            folder: folder.display().to_string(),
            source,
        })
    };
    durable(&blocks)?;
    mark(&logs).map_err(FileError::open(&logs))?;
    durable(&logs)
}

/// In the file that is there, if there is one: what SQLite has left beside an unfinished one belongs to it.
pub(super) fn mark(logs: &Path) -> Result<(), rusqlite::Error> {
    let connection = Connection::open(logs)?;
    connection.execute_batch(NOTE)?;
    connection.pragma_update(None, "user_version", MARK)?;
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests;
