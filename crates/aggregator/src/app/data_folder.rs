//! The data folder: made, taken for this process alone, and closed to every other user of the machine.

use super::{StartError, cursor_key};
use rustix::fs::Mode;
use spool::disk::Folder;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use store::sqlite;

/// The spool's folder.
pub(crate) const SPOOL_FOLDER: &str = "spool";
/// The folder of refused records.
pub(super) const REJECTED_FOLDER: &str = "rejected";
/// Held by the process that has the folder.
const LOCK: &str = "lock";
/// Where a file system keeps what it has found: part of a volume, and of no program.
const LOST_AND_FOUND: &str = "lost+found";
/// What nobody but the user may do.
const OTHERS: u32 = 0o077;

/// Makes the data folder and takes it for this process alone; its whole path. From here on nothing
/// that this process makes can be read by another user.
pub(super) fn take(wanted: &Path) -> Result<(PathBuf, File), StartError> {
    let failed = |source| StartError::DataFolder {
        folder: wanted.display().to_string(),
        source,
    };
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    Folder::create(wanted).map_err(failed)?;
    // In full, so that the log says where the data is whatever the working folder was.
    let folder = std::path::absolute(wanted).map_err(failed)?;
    let lock = File::create(folder.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StartError::Locked(wanted.display().to_string()));
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    if let Err(error) = close(&folder) {
        let folder = folder.display();
        tracing::warn!(%error, %folder, "other users of this machine may be able to read the data folder");
    }
    Ok((folder, lock))
}

/// Closes what an earlier version has left open. A folder in which other things than ours lie is left
/// as it is, but for what is ours in it.
fn close(folder: &Path) -> io::Result<()> {
    let mut ours_alone = true;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match Kind::of(&entry.file_name()) {
            Kind::Folder => close_folder(&entry.path())?,
            Kind::File => close_one(&entry.path())?,
            Kind::Volume => {}
            Kind::Foreign => ours_alone = false,
        }
    }
    match ours_alone {
        true => close_one(folder),
        false => Ok(()),
    }
}

/// What an entry of the data folder is.
enum Kind {
    Folder,
    File,
    Volume,
    Foreign,
}

impl Kind {
    fn of(name: &OsStr) -> Self {
        let name = name.to_string_lossy();
        match &*name {
            SPOOL_FOLDER | REJECTED_FOLDER => Self::Folder,
            LOST_AND_FOUND => Self::Volume,
            LOCK => Self::File,
            _ if name.starts_with(sqlite::FILE_NAME) || cursor_key::is_file(&name) => Self::File,
            _ => Self::Foreign,
        }
    }
}

fn close_folder(folder: &Path) -> io::Result<()> {
    close_one(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry: DirEntry = entry?;
        if entry.file_type()?.is_file() {
            close_one(&entry.path())?;
        }
    }
    Ok(())
}

fn close_one(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    match mode & OTHERS {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)),
    }
}
