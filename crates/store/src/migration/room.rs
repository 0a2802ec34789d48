//! The room on the disk that a move takes, before it begins and while it goes on.

use super::error::MigrationError;
use crate::blocks;
use crate::identity::log_of;
use crate::sqlite;
use std::fs;
use std::io;
use std::path::Path;

/// Blocks take a part of what rows do, mostly an eighth. With what is known of batches of few records, which is there
/// twice for a while, it is this one at most, unless nothing in them can be compressed.
const MOST_OF_ROWS: u64 = 2;
/// The log beside the new file.
pub(super) const LOG_BYTES: u64 = 128 * 1024 * 1024;

/// Room on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that blocks will take beside the rows, at most, as far as that can be told.
    pub needed: u64,
    /// Bytes that are free.
    pub free: u64,
}

/// The room that the rest of a move takes, and what there is.
///
/// # Errors
/// [`MigrationError`] when nobody knows.
pub fn room(folder: &Path) -> Result<Room, MigrationError> {
    let rows = folder.join(sqlite::FILE_NAME);
    // What is in their log only will be in the file as well.
    let log = length(&log_of(&rows))?;
    let most = (length(&rows)? + log) / MOST_OF_ROWS;
    let rest = most.saturating_sub(length(&folder.join(blocks::FILE_NAME))?);
    Ok(Room {
        needed: rest + log + LOG_BYTES,
        free: free(folder)?,
    })
}

/// Whether so many bytes are free yet.
pub(super) fn check(folder: &Path, min_free_disk: u64) -> Result<(), MigrationError> {
    match free(folder)? {
        free if free < min_free_disk => Err(MigrationError::NoRoom {
            free,
            kept: min_free_disk,
        }),
        _ => Ok(()),
    }
}

fn length(file: &Path) -> Result<u64, MigrationError> {
    match fs::metadata(file) {
        Ok(file) => Ok(file.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(MigrationError::disk(file, error)),
    }
}

fn free(folder: &Path) -> Result<u64, MigrationError> {
    let disk = rustix::fs::statvfs(folder);
    let disk = disk.map_err(|error| MigrationError::disk(folder, error.into()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_that_it_takes_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("logs.sqlite3", 3_000_000),
            ("logs.sqlite3-wal", 50_000),
            ("blocks.sqlite3", 400_000),
        ] {
            fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        }
        let room = room(folder.path()).unwrap();
        assert_eq!(room.needed, 1_525_000 - 400_000 + 50_000 + LOG_BYTES);
        assert!(room.free > 0);
    }
}
