//! Copies a data folder that is in use, so that the copy has all that was acknowledged before, and nothing twice.
//!
//! The order is what matters: the spool as it stands at the beginning, then the store at one moment, then what was refused.
//! What was acknowledged before is in the copied spool, or was in the store when that was copied; and the copied store knows
//! what it has of the copied spool. Meanwhile nothing goes back from what was refused, and nothing is forgotten
//! ([`BackupLock`]). The model of this is `store`'s, among those of its ledger.

mod copying;
mod manifest;
pub mod restoring;

use super::cursor_key;
use super::data_folder::{LOST_AND_FOUND, REJECTED_FOLDER, RESTORING, SPOOL_FOLDER, is_taken};
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters;
use copying::{Copied, copy_file, copy_folder, copy_growing, file_names};
use logs::Timestamp;
use manifest::Manifest;
use rustix::fs::Mode;
use spool::copies;
use spool::disk::Folder;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use store::inspection::{Found, InspectionError};

/// Why no backup was made, or none was restored: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no such folder.
    #[error("there is no data folder {0}")]
    NoFolder(String),
    /// Nothing is in it.
    #[error("{0} is no data folder of an aggregator: there is neither a spool nor a store in it")]
    NothingThere(String),
    /// An aggregator of an earlier version runs on it.
    #[error(
        "an aggregator of an earlier version runs on {0}, which does not know of backups: stop it first, or start it anew in this version"
    )]
    Earlier(String),
    /// The data folder is what a restore that broke off has left.
    #[error("not all of a backup was put into {0}: there is nothing to back up")]
    Unrestored(String),
    /// So many files that no restore would read of all.
    #[error("there are too many files in {0} for one backup")]
    TooMany(String),
    /// The folder for the backup holds something.
    #[error("{0} is there and not empty: give a folder that is new")]
    NotEmpty(String),
    /// It would be copied into itself.
    #[error("{0} lies in the data folder: give a folder elsewhere")]
    Inside(String),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Files came and went all the time.
    #[error("{0} changed each time that it was looked at: try again")]
    Restless(String),
    /// The store cannot be copied.
    #[error(transparent)]
    Store(#[from] InspectionError),
}

impl BackupError {
    /// Whether a file is not there.
    fn is_missing(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    fn file(path: &Path) -> impl Fn(io::Error) -> Self + Copy {
        |source| Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
    /// How the records lie; `None` where there is no embedded store.
    pub layout: Option<String>,
}

/// Makes a backup of a data folder in a new folder. `tell_waiting` is called when records are being put back, which is
/// waited for.
///
/// # Errors
/// [`BackupError`]; what was made is then no backup yet, and no restore takes it for one.
pub fn make(
    data_dir: &Path,
    target: &Path,
    now: Timestamp,
    tell_waiting: impl FnOnce(),
) -> Result<Contents, BackupError> {
    if !data_dir.is_dir() {
        return Err(BackupError::NoFolder(data_dir.display().to_string()));
    }
    check_folder(data_dir)?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // Of a spool that is behind, each segment is opened.
    drop(rlimit::increase_nofile_limit(u64::MAX));
    find_store(data_dir)?;
    make_target(data_dir, target)?;
    let lock = BackupLock::of(data_dir);
    let _alone = lock
        .begin(tell_waiting)
        .map_err(BackupError::file(data_dir))?;
    // It may have been waited for whoever has moved the records.
    let store = find_store(data_dir)?;
    let layout = store.as_ref().map(|store| store.layout.to_string());
    let files = copy(data_dir, target, store.as_ref())?;
    let manifest = Manifest::new(now, layout.clone(), files);
    manifest.write(target)?;
    Ok(Contents {
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        layout,
    })
}

/// The embedded store, if there is one.
fn find_store(data_dir: &Path) -> Result<Option<Found>, BackupError> {
    match Found::of(data_dir) {
        Ok(found) => Ok(Some(found)),
        Err(InspectionError::Missing(_)) if data_dir.join(SPOOL_FOLDER).is_dir() => Ok(None),
        Err(InspectionError::Missing(_)) => {
            Err(BackupError::NothingThere(data_dir.display().to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a folder that is half restored, and one whose service would not leave it alone.
fn check_folder(data_dir: &Path) -> Result<(), BackupError> {
    let failed = BackupError::file(data_dir);
    let shown = || data_dir.display().to_string();
    if data_dir.join(RESTORING).try_exists().map_err(failed)? {
        return Err(BackupError::Unrestored(shown()));
    }
    let is_known = BackupLock::of(data_dir).is_known().map_err(failed)?;
    match !is_known && is_taken(data_dir).map_err(failed)? {
        true => Err(BackupError::Earlier(shown())),
        false => Ok(()),
    }
}

/// Copies everything, in the order that matters.
fn copy(data_dir: &Path, target: &Path, store: Option<&Found>) -> Result<Vec<Copied>, BackupError> {
    let mut files = Vec::new();
    copy_folder(
        data_dir,
        SPOOL_FOLDER,
        target,
        copies::is_copied,
        &mut files,
    )?;
    if let Some(store) = store {
        for name in store.copy_to(target)? {
            let (sum, bytes) = copying::sync_and_sum(&target.join(name))?;
            files.push(Copied {
                path: name.to_owned(),
                bytes,
                blake3: sum,
            });
        }
    }
    copy_growing(
        data_dir,
        REJECTED_FOLDER,
        target,
        dead_letters::is_finished,
        &mut files,
    )?;
    for name in file_names(data_dir)? {
        if cursor_key::is_file(&name) {
            files.push(copy_file(data_dir, &name, target)?);
        }
    }
    Ok(files)
}

/// Makes the folder of the backup, which may be there when nothing is in it.
fn make_target(data_dir: &Path, target: &Path) -> Result<(), BackupError> {
    let failed = BackupError::file(target);
    let shown = || target.display().to_string();
    let is_in_the_way =
        |entry: io::Result<DirEntry>| entry.is_ok_and(|entry| entry.file_name() != LOST_AND_FOUND);
    if fs::read_dir(target).is_ok_and(|mut entries| entries.any(is_in_the_way)) {
        return Err(BackupError::NotEmpty(shown()));
    }
    let whole = |path: &Path| -> io::Result<PathBuf> {
        // What is not there yet lies where the folder above it lies.
        let there = path.ancestors().find(|above| above.exists());
        fs::canonicalize(there.unwrap_or(Path::new(".")))
    };
    let outside = std::path::absolute(target).and_then(|path| whole(&path));
    let data = fs::canonicalize(data_dir).map_err(BackupError::file(data_dir))?;
    if outside.map_err(failed)?.starts_with(data) {
        return Err(BackupError::Inside(shown()));
    }
    Folder::create(target).map(drop).map_err(failed)
}
