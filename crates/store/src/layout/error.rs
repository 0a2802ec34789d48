//! Why the store of a folder cannot be opened.

use super::Layout;
use crate::StoreError;
use crate::database_file::FileError;
use std::io;

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
    /// It is neither the one nor the other yet.
    #[error(
        "the rows of {folder} are being moved to blocks, and that is not finished: run `aggregator migrate`"
    )]
    Unfinished {
        /// The folder.
        folder: String,
    },
    /// The rows are gone before they were moved.
    #[error(
        "the records of {folder} were being moved from rows to blocks, and logs.sqlite3 is missing there or is not the one that they were moved from: put it back and run `aggregator migrate`"
    )]
    RowsMissing {
        /// The folder.
        folder: String,
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
