//! A SQLite file that a store keeps its data in: how it is made and opened, and which are refused.

use super::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};
use std::path::Path;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
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
        /// The system's reason, or SQLite's.
        reason: String,
    },
    /// A later version wrote it.
    #[error(
        "the store {path} has format version {found}, and this version knows {known}: use a newer aggregator"
    )]
    Newer {
        /// The file.
        path: String,
        /// The version that it holds.
        found: i64,
        /// The last that is known.
        known: i64,
    },
}

impl FileError {
    /// SQLite could not open this file.
    pub(crate) fn open(path: &Path) -> impl Fn(rusqlite::Error) -> Self + Copy {
        |source| Self::Open {
            path: path.display().to_string(),
            source,
        }
    }

    /// This file cannot be looked at.
    pub(crate) fn look(path: &Path, reason: &impl ToString) -> Self {
        Self::Look {
            path: path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}

/// The format version of a file of rows, and of one of blocks, while records are moved from the one to the other.
pub(crate) const MOVING: i64 = 99;

/// For others who have a file open.
const PATIENCE_MILLIS: u32 = 5_000;

/// What files of one kind have in common.
pub(crate) struct Format {
    /// The version of a new file.
    pub(crate) version: i64,
    /// The last that is known; a file that holds a later one is not touched.
    pub(crate) known: i64,
    /// Settings that take effect only before the first table is made.
    pub(crate) layout: &'static str,
    /// KiB of pages that the writer keeps.
    pub(crate) writer_cache: u32,
}

/// Waits for others who have the file open, as the mode is changed by one alone.
const WAL: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL;";
/// What is freed within a page is overwritten, since the page is written anyway.
const WRITER_SETTINGS: &str = "PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000; PRAGMA journal_size_limit=67108864; PRAGMA secure_delete=FAST;";
const READER_SETTINGS: &str = "PRAGMA busy_timeout=5000; PRAGMA cache_size=-4096;";

/// Opens a file for writing; makes and marks it when it is new, with what `create` puts into it. Also the version that
/// it had, 0 when it was new.
pub(crate) fn open_writer(
    path: &Path,
    format: &Format,
    create: impl FnOnce(&Transaction<'_>) -> Result<(), rusqlite::Error>,
) -> Result<(Connection, i64), FileError> {
    let failed = FileError::open(path);
    let mut connection = Connection::open(path).map_err(failed)?;
    let found = user_version(&connection).map_err(failed)?;
    if found > format.known {
        return Err(FileError::Newer {
            path: path.display().to_string(),
            found,
            known: format.known,
        });
    }
    if found == 0 {
        make(&mut connection, format, create).map_err(failed)?;
    } else {
        // One that was restored by `VACUUM INTO` is in no WAL mode. The log is there from the first
        // read on.
        connection.execute_batch(WAL).map_err(failed)?;
        user_version(&connection).map_err(failed)?;
    }
    let cache = format!("PRAGMA cache_size=-{};", format.writer_cache);
    let settings = [WRITER_SETTINGS, &cache].concat();
    connection.execute_batch(&settings).map_err(failed)?;
    Ok((connection, found))
}

/// Opens a file for reading only.
///
/// # Errors
/// SQLite's reason.
pub fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(READER_SETTINGS)?;
    Ok(connection)
}

/// The format version that a file holds.
pub(crate) fn user_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Bytes of the pages that hold something: those that are free are there for what comes next.
pub(crate) fn bytes_in_use(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, u32>(0));
    let (pages, free) = (
        number("PRAGMA page_count")?,
        number("PRAGMA freelist_count")?,
    );
    let page = number("PRAGMA page_size")?;
    Ok(u64::from(pages.saturating_sub(free)) * u64::from(page))
}

/// Empties the log, unless a reader needs it: whether it is empty. Nobody waits for that, since those who write
/// would, too.
pub(crate) fn empty_log(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let patience = |millis: u32| connection.pragma_update(None, "busy_timeout", millis);
    patience(0)?;
    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy = connection.query_row(truncate, [], |row| row.get::<_, bool>(0));
    patience(PATIENCE_MILLIS)?;
    Ok(!is_busy?)
}

/// Has what is deleted meanwhile overwritten, where it stands: its pages, too, are written then.
pub(crate) fn overwriting<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    let secure = |connection: &Connection, setting: &str| {
        let set = format!("PRAGMA secure_delete={setting}");
        connection.query_row(&set, [], |_| Ok(()))
    };
    secure(connection, "ON")?;
    let done = work(connection);
    secure(connection, "FAST")?;
    done
}

/// A file up to this size is written anew as a whole when something was deleted for good, which takes less than a second.
const WRITTEN_ANEW: u64 = 64 * 1024 * 1024;

/// Leaves nothing of what was deleted in the file's free room, step by step: up to so many empty pages are given back, and
/// in the end the log is emptied, and a small file written anew. SQLite leaves copies of what it moves from one page to
/// another between the rows of the first; of a large file they stay. Whether it is done.
pub(crate) fn erase(connection: &Connection, pages: u32) -> Result<bool, rusqlite::Error> {
    if give_back(connection, pages)? || !empty_log(connection)? {
        return Ok(false);
    }
    if bytes_in_use(connection)? <= WRITTEN_ANEW
        && let Err(error) = connection.execute_batch("VACUUM")
    {
        tracing::warn!(%error, "the store's file cannot be written anew: between the records that it has, parts of deleted ones may stand");
    }
    empty_log(connection)
}

/// Gives up to so many empty pages back to the disk; whether there may be more.
pub(crate) fn give_back(connection: &Connection, pages: u32) -> Result<bool, rusqlite::Error> {
    let empty = |connection: &Connection| {
        connection.query_row("PRAGMA freelist_count", [], |row| row.get::<_, u32>(0))
    };
    let before = empty(connection)?;
    if before == 0 {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut steps = statement.query([])?;
    while steps.next()?.is_some() {}
    // A file that was made in another mode gives none back.
    Ok((1..before).contains(&empty(connection)?))
}

fn make(
    connection: &mut Connection,
    format: &Format,
    create: impl FnOnce(&Transaction<'_>) -> Result<(), rusqlite::Error>,
) -> Result<(), rusqlite::Error> {
    connection.execute_batch(format.layout)?;
    connection.execute_batch(WAL)?;
    let transaction = connection.transaction()?;
    create(&transaction)?;
    transaction.pragma_update(None, "user_version", format.version)?;
    transaction.commit()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::QueryTooSlow,
            Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
                Self::Rejected(text)
            }
            _ => Self::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    /// Before 3.51.3, one connection that puts the log into the file beside another that commits could lose what was
    /// committed ("the WAL-reset bug" of its release notes).
    #[test]
    fn sqlite_lets_one_put_the_log_into_the_file_while_another_commits() {
        let version = rusqlite::version_number();
        assert!(version >= 3_051_003, "{version}");
    }

    /// A build that leaves it out loses nothing, but waits for the disk once more in each commit.
    #[test]
    fn sqlite_is_built_to_sync_what_it_wrote_and_no_more() {
        let flags = option_env!("LIBSQLITE3_FLAGS").unwrap_or_default();
        assert!(flags.contains("-DHAVE_FDATASYNC=1"), "{flags:?}");
    }
}
