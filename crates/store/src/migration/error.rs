//! Why a move did not come to its end: one sentence each, that says what to do.

use crate::StoreError;
use crate::database_file::FileError;
use crate::layout::LayoutError;
use crate::sqlite::all_rows::Unread;
use std::io;
use std::path::Path;

/// Why a move did not come to its end. It goes on when that is mended.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// What is in the folder cannot be moved.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A file cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// One of both stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("{path}: {source}")]
    Disk {
        /// What was being looked at or written.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A row is none that a service wrote.
    #[error(
        "the row with the id {id} cannot be moved ({reason}): change it with `sqlite3`, or remove it"
    )]
    Row {
        /// As a record's id is shown.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk is filling up.
    #[error(
        "the disk has {free} bytes free, and {kept} are to stay free (STORE_MIN_FREE_DISK): make room; what is moved stays moved"
    )]
    NoRoom {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are to stay free.
        kept: u64,
    },
    /// All is moved, and what stands in the place of the rows is not what was.
    #[error(
        "logs.sqlite3 holds {rows} rows, and {came} came out of it into blocks.sqlite3: it is not the same any more; move the file away whose records are not wanted"
    )]
    OtherRows {
        /// Rows that are there.
        rows: u64,
        /// Rows that were moved.
        came: u64,
    },
    /// Something is missing, or there twice.
    #[error(
        "{rows} rows are in {folder}, and {records} records came into blocks: the rows are left as they are; move blocks.sqlite3 away, with its -wal and -shm, and begin again"
    )]
    Counts {
        /// The folder.
        folder: String,
        /// Rows that are there.
        rows: u64,
        /// Records that are in blocks.
        records: u64,
    },
    /// What was written does not come back.
    #[error(
        "what was moved to blocks in {folder} does not come back as it was ({reason}): the rows are left as they are; see whether the disk is sound, move blocks.sqlite3 away, with its -wal and -shm, and begin again"
    )]
    Unreadable {
        /// The folder.
        folder: String,
        /// What is wrong.
        reason: String,
    },
}

impl From<Unread> for MigrationError {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Store(error) => Self::Store(error),
            Unread::Row { id, reason } => Self::Row {
                id: id.to_string(),
                reason,
            },
        }
    }
}

impl MigrationError {
    pub(super) fn unreadable(folder: &Path, reason: &impl ToString) -> Self {
        Self::Unreadable {
            folder: folder.display().to_string(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk {
            path: path.display().to_string(),
            source,
        }
    }

    pub(super) fn counts(folder: &Path, rows: u64, records: u64) -> Self {
        Self::Counts {
            folder: folder.display().to_string(),
            rows,
            records,
        }
    }
}
