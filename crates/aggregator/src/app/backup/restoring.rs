//! Puts a backup into a data folder that is new: all of it, or a folder that no service starts on.

use super::copying::{Copied, sync_folder, write};
use super::manifest::{self, Manifest};
use super::{BackupError, Contents};
use crate::app::StartError;
use crate::app::data_folder::{self, LOCK, LOST_AND_FOUND, RESTORING};
use crate::deliver::backup_lock;
use spool::disk::Folder;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// Why a backup was not restored: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no backup.
    #[error(
        "{folder} is no backup, or one that was not finished: {file} cannot be read ({reason})"
    )]
    NoBackup {
        /// The folder.
        folder: String,
        /// What is missing, or wrong.
        file: &'static str,
        /// Why.
        reason: String,
    },
    /// A later version made it.
    #[error(
        "the backup has format version {found}, and this version knows {known}: use a newer aggregator"
    )]
    Newer {
        /// Its version.
        found: u32,
        /// The last that is known.
        known: u32,
    },
    /// A file is not what was written.
    #[error(
        "{0} is not what was backed up: its length or its sum is another; nothing of this backup is to be used"
    )]
    Damaged(String),
    /// Something is in the data folder.
    #[error("there is something in the data folder {0}: a backup goes into an empty one")]
    NotEmpty(String),
    /// The service could not use what would be made.
    #[error(
        "the data folder {folder} belongs to the user with the number {owner}, and this one has {me}: run it as the user that the service runs as"
    )]
    OtherUser {
        /// The folder.
        folder: String,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        me: u32,
    },
    /// The data folder cannot be taken.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Copy(#[from] BackupError),
}

/// Puts a backup into a data folder in which nothing is.
///
/// # Errors
/// [`RestoreError`]; when something is in the folder by then, no service starts on it.
pub fn restore(backup: &Path, data_dir: &Path) -> Result<Contents, RestoreError> {
    let manifest = read(backup)?;
    check_lengths(backup, &manifest)?;
    check_user(data_dir)?;
    let (folder, _lock) = data_folder::take_unfinished(data_dir)?;
    check_empty(&folder)?;
    let mark = folder.join(RESTORING);
    let failed = BackupError::file(&mark);
    write(&b""[..], &mark).map_err(failed)?;
    sync_folder(&folder)?;
    for file in &manifest.files {
        copy(backup, file, &folder)?;
    }
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            sync_folder(&path)?;
        }
    }
    sync_folder(&folder)?;
    fs::remove_file(&mark).map_err(failed)?;
    sync_folder(&folder)?;
    Ok(Contents {
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        layout: manifest.layout,
    })
}

fn read(backup: &Path) -> Result<Manifest, RestoreError> {
    let none = |reason: String| RestoreError::NoBackup {
        folder: backup.display().to_string(),
        file: manifest::FILE_NAME,
        reason,
    };
    let mut text = Vec::new();
    let file = File::open(backup.join(manifest::FILE_NAME));
    let read = file.and_then(|file| file.take(manifest::MAX_BYTES).read_to_end(&mut text));
    read.map_err(|error| none(error.to_string()))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| none(error.to_string()))?;
    match manifest.format {
        found if found > manifest::FORMAT => Err(RestoreError::Newer {
            found,
            known: manifest::FORMAT,
        }),
        _ => Ok(manifest),
    }
}

/// Before anything is written: whether all is there.
fn check_lengths(backup: &Path, manifest: &Manifest) -> Result<(), RestoreError> {
    for file in &manifest.files {
        let path = backup.join(file.path().map_err(BackupError::file(backup))?);
        let found = fs::metadata(&path).map_err(BackupError::file(&path))?;
        if found.len() != file.bytes {
            return Err(RestoreError::Damaged(path.display().to_string()));
        }
    }
    Ok(())
}

/// What one user makes, for himself alone, is of no use to another.
fn check_user(data_dir: &Path) -> Result<(), RestoreError> {
    match data_folder::other_owner(data_dir) {
        Some((owner, me)) => Err(RestoreError::OtherUser {
            folder: data_dir.display().to_string(),
            owner,
            me,
        }),
        None => Ok(()),
    }
}

fn check_empty(folder: &Path) -> Result<(), RestoreError> {
    let own = [LOCK, LOST_AND_FOUND, backup_lock::FILE_NAME];
    let failed = BackupError::file(folder);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !own.iter().any(|own| name == *own) {
            return Err(RestoreError::NotEmpty(folder.display().to_string()));
        }
    }
    Ok(())
}

fn copy(backup: &Path, file: &Copied, folder: &Path) -> Result<(), RestoreError> {
    let path = file.path().map_err(BackupError::file(backup))?;
    let (from, to) = (backup.join(path), folder.join(path));
    if let Some(above) = to.parent() {
        Folder::create(above).map_err(BackupError::file(above))?;
    }
    let content = File::open(&from).map_err(BackupError::file(&from))?;
    let copied = write(content, &to).map_err(BackupError::file(&to))?;
    match copied == (file.blake3.clone(), file.bytes) {
        true => Ok(()),
        false => Err(RestoreError::Damaged(from.display().to_string())),
    }
}
