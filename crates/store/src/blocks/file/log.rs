//! SQLite's log of what was committed: how long it is, and who puts it into the file itself.
//!
//! SQLite would have the commit do it that makes the log long, and whoever waits for that one would wait for the file's
//! sync, too. Here it is done in the background by a connection of its own, beside the commits.

use super::schema;
use crate::database_file::FileError;
use crate::identity::log_of;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::ffi::c_int;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many pages are put into the file in the background.
const DUE: u32 = 1_000;
/// With so many a commit does it after all: nobody else had the time, or came to the end of what was committed meanwhile,
/// at which alone the log can begin anew.
const OVERDUE: u32 = 4_000;
/// What is committed during one takes the next much less time, and so on.
const TRIES: u32 = 4;
/// Where it does not begin anew, since somebody reads of it, the next try is so many pages later.
const STEP: u32 = 1_000;

/// What puts the log into the file.
pub(super) struct Checkpointer {
    connection: Connection,
    /// The log itself, to sync it. SQLite removes it with the last connection only, and locks nothing of it.
    log: File,
    /// Pages in the log, as of the last commit.
    pages: Arc<AtomicU32>,
    turn: Turn,
}

impl Checkpointer {
    /// Opens the file that `writer` writes, which SQLite then leaves to this one.
    pub(super) fn open(path: &Path, writer: &mut Connection) -> Result<Self, FileError> {
        let connection = schema::open_writer(path)?;
        let pages = Arc::new(AtomicU32::new(0));
        let (noted, mut turn) = (Arc::clone(&pages), Turn::new(OVERDUE));
        let hook = move |log: &mut Wal, pages: c_int| {
            let pages = u32::try_from(pages).unwrap_or_default();
            noted.store(pages, Ordering::Relaxed);
            if turn.has_come(pages) {
                // It is committed whatever comes of this, and what is left is done another time.
                drop(log.checkpoint());
            }
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(FileError::open(path))?;
        // As SQLite has it, which follows links.
        let database = connection
            .path()
            .map_or_else(|| path.to_owned(), PathBuf::from);
        let log = File::open(log_of(&database)).map_err(|error| FileError::look(path, &error))?;
        Ok(Self {
            connection,
            log,
            pages,
            turn: Turn::new(DUE),
        })
    }

    /// Brings to the disk what was committed and not synced: whoever commits next would wait for that, too.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.log.sync_data()
    }

    /// Puts what is committed into the file when that is due.
    pub(super) fn step(&mut self) -> Result<(), rusqlite::Error> {
        if self.turn.has_come(self.pages.load(Ordering::Relaxed)) {
            self.all()?;
        }
        Ok(())
    }

    /// Puts what is committed into the file, unless somebody reads what stands there. Nobody waits for it who writes.
    pub(super) fn all(&mut self) -> Result<(), rusqlite::Error> {
        for _ in 0..TRIES {
            let done = self.pass()?;
            let noted = &self.pages;
            // Where nothing was committed meanwhile, the next commit begins the log anew.
            if noted
                .compare_exchange(done, 0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                self.turn = Turn::new(DUE);
                break;
            }
        }
        Ok(())
    }

    /// How many pages of the log are in the file now, and synced if no more are committed.
    fn pass(&self) -> Result<u32, rusqlite::Error> {
        let passive = "PRAGMA wal_checkpoint(PASSIVE)";
        // Below 0 while a commit does it, or another process.
        let done = self
            .connection
            .query_row(passive, [], |row| row.get::<_, i64>(2))?;
        Ok(u32::try_from(done).unwrap_or_default())
    }
}

/// When a log of some length is to be put into the file.
struct Turn {
    first: u32,
    next: u32,
    last: u32,
}

impl Turn {
    /// With so many pages at the earliest.
    fn new(first: u32) -> Self {
        Self {
            first,
            next: first,
            last: 0,
        }
    }

    /// Whether it has come, of a log that is so long now.
    fn has_come(&mut self, pages: u32) -> bool {
        let has_begun_anew = pages < self.last;
        if has_begun_anew {
            self.next = self.first;
        }
        self.last = pages;
        let has_come = pages >= self.next;
        if has_come {
            self.next = pages.saturating_add(STEP);
        }
        has_come
    }
}

#[cfg(test)]
mod tests;
