//! A connection that pages are read with, and its filter.

use super::message_filter::MessageFilter;
use crate::database_file::open_reader;
use rusqlite::Connection;
use std::path::Path;

/// A connection that pages are read with, one after another.
pub(super) struct Reader {
    pub(super) connection: Connection,
    /// What the connection's statements leave rows out by.
    pub(super) filter: MessageFilter,
}

impl Reader {
    /// Opens the file for reading only.
    pub(super) fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let connection = open_reader(path)?;
        let filter = MessageFilter::install(&connection)?;
        Ok(Self { connection, filter })
    }
}
