//! The move of a data folder from rows to blocks, while no service runs on it.
//!
//! Takes a folder whose spool is empty; gives the same folder with blocks. Every state that a kill can leave says how
//! far it came, and a service serves none of those between the first and the last:
//!
//! | `logs.sqlite3` | `blocks.sqlite3` | what is to be done |
//! |---|---|---|
//! | rows | none | [`begin`]; a service goes on with the rows |
//! | rows, marked | none | [`forget`], and then all as from the start: the spool may be another one by now |
//! | rows, marked | unfinished | [`move_rows`] goes on behind the last row that is in blocks |
//! | rows, marked | of a service | [`remove_rows`] |
//! | the mark of blocks | of a service | nothing |
//!
//! | module | owns |
//! |---|---|
//! | `building` | rows become blocks |
//! | `deleted` | what is remembered of rows that are no more |
//! | `error` | why a move did not come to its end |
//! | `room` | the room that a move takes |

mod building;
mod deleted;
mod error;
mod room;

pub use super::blocks::Beginning;
pub use super::layout::{Standing, standing};
pub use error::MigrationError;
pub use room::{Room, room};

use super::blocks::{self, Come, IncomingFile, read_back, settle};
use super::database_file::{FileError, open_reader};
use super::layout;
use super::sqlite;
use super::sqlite::all_rows::{self, AllRows, RowChunk};
use building::Building;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

/// Chunks of rows that wait to become blocks.
const CHUNKS_AHEAD: usize = 4;
/// Markers of receipt in one transaction.
const RECEIPTS_AT_ONCE: u32 = 20_000;
/// Of what is known of batches; see [`IncomingFile::put_together`].
const PARTS: u64 = 256;
/// The file that takes the place of that of rows.
const NEW_MARK: &str = "logs.sqlite3.new";

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Rows are counted.
    Counting,
    /// Rows become blocks.
    Moving,
    /// What is known of each batch is put together, by parts.
    Batches,
    /// Blocks are read back, and rows counted.
    Checking,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub work: Work,
    /// Rows that are in blocks, or records that are read back, or parts.
    pub done: u64,
    /// Of so many; 0 while that is not known.
    pub of: u64,
}

/// Begins it: from here on no service takes the folder, and nobody adds a row.
///
/// # Errors
/// [`MigrationError`]
pub fn begin(folder: &Path, beginning: &Beginning) -> Result<(), MigrationError> {
    let logs = folder.join(sqlite::FILE_NAME);
    all_rows::mark(&logs)?;
    durable(&logs, folder)?;
    let blocks = folder.join(blocks::FILE_NAME);
    drop(IncomingFile::open(&blocks, Some(beginning))?);
    durable(&blocks, folder)
}

/// Forgets that it was begun, while nothing is moved yet.
///
/// # Errors
/// [`MigrationError`]
pub fn forget(folder: &Path) -> Result<(), MigrationError> {
    let logs = folder.join(sqlite::FILE_NAME);
    all_rows::unmark(&logs)?;
    durable(&logs, folder)
}

/// Moves all rows that are left, and the markers of receipt; leaves so many bytes of the disk free. From then on
/// the file of blocks is that of a service.
///
/// # Errors
/// [`MigrationError`]; what is moved by then need not be moved again.
pub fn move_rows(
    folder: &Path,
    min_free_disk: u64,
    tell: &mut dyn FnMut(Progress),
) -> Result<(), MigrationError> {
    let rows = AllRows::open(&folder.join(sqlite::FILE_NAME))?;
    let mut file = IncomingFile::open(&folder.join(blocks::FILE_NAME), None)?;
    let come = file.come()?;
    let mut progress = Progress {
        work: Work::Counting,
        done: come.sum.records,
        of: 0,
    };
    progress.of = if let Some(counted) = come.rows {
        counted
    } else {
        tell(progress);
        let counted = rows.count()?;
        file.note_rows(counted)?;
        counted
    };
    progress.work = Work::Moving;
    let mut building = Building::new(&mut file)?;
    let rows = read_ahead(rows, building.come.up_to.clone(), |chunk| {
        building.take(chunk, |done| {
            progress.done = done;
            tell(progress);
            room::check(folder, min_free_disk)
        })
    })?;
    progress.done = building.finish()?;
    tell(progress);
    if progress.done != progress.of {
        // One that was in the way may have been removed by hand.
        progress.of = rows.count()?;
        file.note_rows(progress.of)?;
    }
    if progress.done != progress.of {
        return Err(MigrationError::counts(folder, progress.of, progress.done));
    }
    file.put_together(|done| {
        tell(Progress {
            work: Work::Batches,
            done,
            of: PARTS,
        });
    })?;
    move_receipts(&rows, &mut file)?;
    deleted::move_all(&rows, &mut file)?;
    Ok(file.end()?)
}

/// Reads rows on a thread of its own while others become blocks.
fn read_ahead(
    rows: AllRows,
    behind: Vec<u8>,
    mut take: impl FnMut(&RowChunk) -> Result<(), MigrationError>,
) -> Result<AllRows, MigrationError> {
    thread::scope(|scope| {
        let (sender, chunks) = mpsc::sync_channel(CHUNKS_AHEAD);
        let reading = scope.spawn(move || {
            let read = rows.each(&behind, |chunk| sender.send(chunk).is_ok());
            read.map(|()| rows)
        });
        // The thread ends when nobody takes what it reads any more.
        for chunk in chunks {
            take(&chunk)?;
        }
        match reading.join() {
            Ok(read) => Ok(read?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn move_receipts(rows: &AllRows, file: &mut IncomingFile) -> Result<(), MigrationError> {
    let mut behind = file.come()?.receipts_up_to;
    loop {
        let receipts = rows.receipts(&behind, RECEIPTS_AT_ONCE)?;
        let Some((last, _)) = receipts.last() else {
            return Ok(());
        };
        behind = last.to_vec();
        file.add_receipts(&receipts)?;
    }
}

/// Reads all blocks back and counts the rows, and removes the rows when every record of them is in blocks as it was; how
/// many there are.
///
/// # Errors
/// [`MigrationError`]; then the rows are still there.
pub fn remove_rows(folder: &Path, tell: &mut dyn FnMut(Progress)) -> Result<u64, MigrationError> {
    let (logs, path) = (
        folder.join(sqlite::FILE_NAME),
        folder.join(blocks::FILE_NAME),
    );
    settle(&path)?;
    durable(&path, folder)?;
    let reader = open_reader(&path).map_err(FileError::open(&path))?;
    let came = Come::of(&reader)?.sum;
    drop(reader);
    let mut progress = Progress {
        work: Work::Checking,
        done: 0,
        of: came.records,
    };
    tell(progress);
    let rows = AllRows::open(&logs)?;
    let deleted = deleted::count(&rows)?;
    let (rows, found) = thread::scope(|scope| {
        let rows = scope.spawn(move || rows.count());
        let found = read_back(&path, &mut |done| {
            progress.done = done;
            tell(progress);
        });
        (rows.join(), found)
    });
    let rows = match rows {
        Ok(rows) => rows?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let (found, known) = found.map_err(|error| MigrationError::unreadable(folder, &error))?;
    if found.records != came.records {
        let counted = format!("{} records are there of {}", found.records, came.records);
        return Err(MigrationError::unreadable(folder, &counted));
    }
    if found != came {
        let other = "some records are not as they were in rows";
        return Err(MigrationError::unreadable(folder, &other));
    }
    // What was deleted on purpose is known, and not there.
    if known > found.records.saturating_add(deleted) {
        let more = format!(
            "{known} records of batches are known, and {} are there",
            found.records
        );
        return Err(MigrationError::unreadable(folder, &more));
    }
    if rows != came.records {
        let came = came.records;
        return Err(MigrationError::OtherRows { rows, came });
    }
    replace(folder, &logs)?;
    Ok(rows)
}

/// Puts the mark that the records are in blocks in the place of the rows, in one step.
fn replace(folder: &Path, logs: &Path) -> Result<(), MigrationError> {
    let new = folder.join(NEW_MARK);
    for unfinished in [new.clone(), with_suffix(&new, "-journal")] {
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(MigrationError::disk(&unfinished, error));
            }
            _ => {}
        }
    }
    layout::mark(&new).map_err(FileError::open(&new))?;
    durable(&new, folder)?;
    fs::rename(&new, logs).map_err(|error| MigrationError::disk(logs, error))?;
    sync(folder)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The file is on the disk, and in its folder.
fn durable(file: &Path, folder: &Path) -> Result<(), MigrationError> {
    sync(file)?;
    sync(folder)
}

fn sync(path: &Path) -> Result<(), MigrationError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| MigrationError::disk(path, error))
}

#[cfg(test)]
mod tests;
