//! Connections that blocks are read with, of whoever has the file open for that alone or for more.

use crate::StoreError;
use crate::database_file::open_reader;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The readers of a file.
pub(in crate::blocks) struct Readers {
    path: PathBuf,
    /// Connections that nothing is being read with.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(in crate::blocks) fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::default(),
        }
    }

    /// One that is free, if there is any.
    pub(super) fn idle(&self) -> Option<Connection> {
        self.all_idle().pop()
    }

    /// One more.
    pub(super) fn open(&self) -> Result<Connection, StoreError> {
        Ok(open_reader(&self.path)?)
    }

    pub(super) fn put_back(&self, reader: Connection) {
        self.all_idle().push(reader);
    }

    fn all_idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
