//! The one connection that writes, and whether its commits wait for the disk.

use super::log::Checkpointer;
use super::schema;
use crate::database_file::FileError;
use rusqlite::Connection;
use std::path::Path;

/// When that is on the disk which is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Synced {
    /// When the commit is done.
    Now,
    /// With the next commit that waits for it, or when the log is put into the file. A machine that loses its power before
    /// loses it as a whole, and nothing else: the log has one order, and each sync is of all of it.
    Later,
}

/// The one connection that writes.
pub(super) struct Writer {
    connection: Connection,
    /// As it is set; unknown when it could not be set.
    synced: Option<Synced>,
    /// The number of the next block: those of this life are given once, also when a block is gone.
    next: u64,
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
        })
    }

    /// What puts into the file what this one commits.
    pub(super) fn checkpointer(&mut self, path: &Path) -> Result<Checkpointer, FileError> {
        Checkpointer::open(path, &mut self.connection)
    }

    /// What writes, with commits of this kind; and the number of the next block.
    pub(super) fn with(
        &mut self,
        synced: Synced,
    ) -> Result<(&mut Connection, &mut u64), rusqlite::Error> {
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
        Ok((&mut self.connection, &mut self.next))
    }
}

/// The number of the first block of this life.
fn next_number(connection: &Connection) -> Result<u64, rusqlite::Error> {
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
        // 2 syncs the log in each commit, and 1 before it is put into the file.
        for (synced, setting) in [
            (Synced::Now, 2),
            (Synced::Later, 1),
            (Synced::Later, 1),
            (Synced::Now, 2),
        ] {
            let (connection, _) = writer.with(synced).unwrap();
            let pragma = "PRAGMA synchronous";
            let found = connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
            assert_eq!(found, Ok(setting), "{synced:?}");
        }
        // What cannot be told to wait is not written with.
        let (connection, _) = writer.with(Synced::Later).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        assert!(writer.with(Synced::Now).is_err());
        assert!(writer.with(Synced::Later).is_err());
        writer.connection.execute_batch("COMMIT").unwrap();
        assert!(writer.with(Synced::Now).is_ok());
    }
}
