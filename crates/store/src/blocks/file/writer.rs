//! The one connection that writes, and whether its commits wait for the disk.

use super::change::checkpoint;
use super::log::Checkpointer;
use super::{old, schema};
use crate::database_file::FileError;
use crate::feed::embedded::EmbeddedFeed;
use logs::Timestamp;
use logs::clock::Clock;
use rusqlite::{Connection, ErrorCode, ffi};
use std::path::Path;
use std::sync::Arc;

/// When that is on the disk which is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Synced {
    /// When the commit is done.
    Now,
    /// With the next commit that waits for it, or when the log is put into the file. A machine that loses its power before
    /// loses it as a whole, and nothing else: the log has one order, and each sync is of all of it. Where the disk has
    /// failed to take it, the next sync says nothing of that: see [`Writer::doubt`].
    Later,
}

/// The one connection that writes.
pub(in crate::blocks) struct Writer {
    connection: Connection,
    /// As it is set; unknown when it could not be set.
    synced: Option<Synced>,
    /// The number of the next block: those of this life are given once, also when a block is gone.
    next: u64,
    is_in_doubt: bool,
}

impl Writer {
    /// Opens the file, and makes it when it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let connection = schema::open_writer(path)?;
        let next = next_number(&connection).map_err(FileError::open(path))?;
        Ok(Self {
            connection,
            synced: None,
            next,
            is_in_doubt: false,
        })
    }

    /// What puts into the file what this one commits.
    pub(super) fn checkpointer(&mut self, path: &Path) -> Result<Checkpointer, FileError> {
        Checkpointer::open(path, &mut self.connection)
    }

    /// The feed of what is stored, in a new life.
    pub(super) fn feed(
        &self,
        path: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<EmbeddedFeed, rusqlite::Error> {
        EmbeddedFeed::open(path.to_owned(), clock, &self.connection)
    }

    /// Until when what was received may be of before; `None` in a file that was begun with blocks.
    pub(super) fn before(&self) -> Result<Option<Timestamp>, rusqlite::Error> {
        old::before(&self.connection)
    }

    /// Writes, with commits of this kind; it is given the number of the next block, too.
    ///
    /// # Errors
    /// What `work` says; and, before it, when what is committed may not be on the disk and cannot be brought there.
    pub(super) fn write<T>(
        &mut self,
        synced: Synced,
        work: impl FnOnce(&mut Connection, &mut u64) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        self.settle()?;
        self.set(synced)?;
        let written = work(&mut self.connection, &mut self.next);
        if let Err(error) = &written
            && error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
        {
            self.doubt();
        }
        written
    }

    /// The disk has failed, and some of what was committed without a sync may never come to it. The system tells that
    /// once: a later sync succeeds, and a commit that stands behind a gap in the log is lost with the power.
    pub(super) fn doubt(&mut self) {
        self.is_in_doubt = true;
    }

    /// While there is doubt, nothing is committed: all that is, is first put into the file, and the log is begun anew.
    fn settle(&mut self) -> Result<(), rusqlite::Error> {
        if self.is_in_doubt {
            if !checkpoint(&self.connection)? {
                let reason =
                    "the disk failed to take the log of what was stored, and somebody reads of it";
                let code = ffi::Error::new(ffi::SQLITE_IOERR);
                return Err(rusqlite::Error::SqliteFailure(
                    code,
                    Some(reason.to_owned()),
                ));
            }
            self.is_in_doubt = false;
        }
        Ok(())
    }

    fn set(&mut self, synced: Synced) -> Result<(), rusqlite::Error> {
        if self.synced != Some(synced) {
            self.synced = None;
            let setting = match synced {
                Synced::Now => "FULL",
                Synced::Later => "NORMAL",
            };
            self.connection
                .pragma_update(None, "synchronous", setting)?;
            self.synced = Some(synced);
        }
        Ok(())
    }

    /// What its commits are set to, as SQLite names it: 2 syncs the log in each, and 1 before it is put into the file.
    #[cfg(test)]
    pub(in crate::blocks) fn setting(&self) -> i64 {
        let found = self
            .connection
            .query_row("PRAGMA synchronous", [], |row| row.get(0));
        found.unwrap_or(-1)
    }
}

/// The number of the first block of this life.
pub(super) fn next_number(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let greatest: Option<i64> =
        connection.query_row("SELECT MAX(number) FROM blocks", [], |row| row.get(0))?;
    Ok(greatest.map_or(1, |greatest| greatest.cast_unsigned() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_waits_for_the_disk_or_does_not_as_it_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&folder.path().join("blocks.sqlite3")).unwrap();
        for (synced, setting) in [
            (Synced::Now, 2),
            (Synced::Later, 1),
            (Synced::Later, 1),
            (Synced::Now, 2),
        ] {
            writer.write(synced, |_, _| Ok(())).unwrap();
            assert_eq!(writer.setting(), setting, "{synced:?}");
        }
        // What cannot be told to wait is not written with.
        let begin = |connection: &mut Connection, _: &mut u64| connection.execute_batch("BEGIN");
        writer.write(Synced::Later, begin).unwrap();
        assert!(writer.write(Synced::Now, |_, _| Ok(())).is_err());
        assert!(writer.write(Synced::Later, |_, _| Ok(())).is_err());
        writer.connection.execute_batch("COMMIT").unwrap();
        assert!(writer.write(Synced::Now, |_, _| Ok(())).is_ok());
    }

    #[test]
    fn behind_what_the_disk_may_not_have_nothing_is_committed_before_all_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.sqlite3");
        let mut writer = Writer::open(&path).unwrap();
        let log = || {
            std::fs::metadata(crate::identity::log_of(&path))
                .unwrap()
                .len()
        };
        let add = |connection: &mut Connection, next: &mut u64| {
            *next += 1;
            let add = "INSERT INTO blocks VALUES (?1, x'', x'', zeroblob(9000))";
            connection.execute(add, [next.cast_signed()])
        };
        let failed = |code| {
            move |_: &mut Connection, _: &mut u64| {
                let failure = ffi::Error::new(code);
                Err::<(), _>(rusqlite::Error::SqliteFailure(failure, None))
            }
        };
        writer.write(Synced::Later, add).unwrap();
        let with_one = log();
        assert!(writer.write(Synced::Now, failed(ffi::SQLITE_FULL)).is_err());
        writer.write(Synced::Later, add).unwrap();
        assert!(log() > with_one, "a full disk raises no doubt");

        assert!(
            writer
                .write(Synced::Now, failed(ffi::SQLITE_IOERR_FSYNC))
                .is_err()
        );
        let reader = crate::database_file::open_reader(&path).unwrap();
        let count = "SELECT COUNT(*) FROM blocks";
        reader.execute_batch("BEGIN").unwrap();
        reader
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap();
        for _ in 0..2 {
            assert!(writer.write(Synced::Now, add).is_err());
        }
        reader.execute_batch("COMMIT").unwrap();
        writer.write(Synced::Now, |_, _| Ok(())).unwrap();
        assert_eq!(log(), 0, "all of it is in the file");
        writer.write(Synced::Now, add).unwrap();
        let found = reader.query_row(count, [], |row| row.get::<_, i64>(0));
        assert_eq!(found, Ok(3));
    }
}
