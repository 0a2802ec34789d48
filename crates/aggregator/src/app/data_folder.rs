//! The data folder: made, taken for this process alone, and closed to every other user of the machine.

use super::{StartError, cursor_key};
use crate::deliver::backup_lock;
use crate::retention::deletion;
use rustix::fs::Mode;
use spool::disk::Folder;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use store::{blocks, sqlite};

/// The spool's folder.
pub(crate) const SPOOL_FOLDER: &str = "spool";
/// The folder of refused records.
pub(super) const REJECTED_FOLDER: &str = "rejected";
/// Held by the process that has the folder.
pub(super) const LOCK: &str = "lock";
/// There while a backup is put into the folder.
pub(super) const RESTORING: &str = "restoring";
/// Where a file system keeps what it has found: part of a volume, and of no program.
pub(super) const LOST_AND_FOUND: &str = "lost+found";
/// What nobody but the user may do.
const OTHERS: u32 = 0o077;

/// Makes the data folder and takes it for this process alone; its whole path. From here on nothing
/// that this process makes can be read by another user.
pub(super) fn take(wanted: &Path) -> Result<(PathBuf, File), StartError> {
    let (folder, lock) = take_unfinished(wanted)?;
    check_restored(wanted)?;
    let failed = |source| StartError::data_folder(wanted, source);
    // A backup may be made by another user, who is not to make it.
    let backups = folder.join(backup_lock::FILE_NAME);
    let made = File::options().create(true).append(true).open(backups);
    drop(made.map_err(failed)?);
    Ok((folder, lock))
}

/// Whether a backup that was to be put into the folder is all in it, or none was.
///
/// # Errors
/// [`StartError::Unrestored`], or the system's reason.
pub(crate) fn check_restored(folder: &Path) -> Result<(), StartError> {
    let mark = folder.join(RESTORING).try_exists();
    match mark.map_err(|source| StartError::data_folder(folder, source))? {
        true => Err(StartError::Unrestored(folder.display().to_string())),
        false => Ok(()),
    }
}

/// Of a file or a folder that is there and another user's: whose it is, and who runs this.
pub(super) fn other_owner(path: &Path) -> Option<(u32, u32)> {
    let me = rustix::process::geteuid().as_raw();
    let owner = fs::metadata(path).ok()?.uid();
    (owner != me).then_some((owner, me))
}

/// Whether a process has the folder.
pub(super) fn is_taken(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// [`take`], also of a folder that a backup is not all in yet.
pub(super) fn take_unfinished(wanted: &Path) -> Result<(PathBuf, File), StartError> {
    let failed = |source| StartError::data_folder(wanted, source);
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
    let mut left = LeftOpen::default();
    close(&folder, &mut left);
    if let Some((path, error)) = &left.first {
        let (path, others) = (path.display(), left.others);
        tracing::warn!(%error, %path, others, "other users of this machine may be able to read what is in the data folder");
    }
    Ok((folder, lock))
}

/// What could not be closed to others.
#[derive(Debug, Default)]
struct LeftOpen {
    first: Option<(PathBuf, io::Error)>,
    /// How many beside the first.
    others: usize,
}

impl LeftOpen {
    /// Notes a failure; all that follows is closed all the same.
    fn note<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(error) if self.first.is_none() => self.first = Some((path.to_owned(), error)),
            Err(_) => self.others += 1,
        }
        None
    }
}

/// Closes what an earlier version has left open. A folder in which other things than ours lie is left
/// as it is, but for what is ours in it.
fn close(folder: &Path, left: &mut LeftOpen) {
    let Some(entries) = left.note(folder, fs::read_dir(folder)) else {
        return;
    };
    let mut ours_alone = true;
    for entry in entries {
        let Some(entry) = left.note(folder, entry) else {
            ours_alone = false;
            continue;
        };
        let path = entry.path();
        match Kind::of(&entry.file_name()) {
            Kind::Folder => close_folder(&path, left),
            Kind::File => close_one(&path, left),
            Kind::Volume => {}
            Kind::Foreign => ours_alone = false,
        }
    }
    if ours_alone {
        close_one(folder, left);
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
            LOCK | RESTORING | backup_lock::FILE_NAME => Self::File,
            _ if is_of_store(&name) || cursor_key::is_file(&name) || deletion::is_file(&name) => {
                Self::File
            }
            _ => Self::Foreign,
        }
    }
}

/// A database, or what SQLite keeps beside one.
fn is_of_store(name: &str) -> bool {
    let files = [sqlite::FILE_NAME, blocks::FILE_NAME];
    files.iter().any(|file| name.starts_with(file))
}

fn close_folder(folder: &Path, left: &mut LeftOpen) {
    close_one(folder, left);
    let entries = left.note(folder, fs::read_dir(folder));
    for entry in entries.into_iter().flatten() {
        let Some(entry) = left.note(folder, entry) else {
            continue;
        };
        let path = entry.path();
        let kind = left.note(&path, entry.file_type());
        if kind.is_some_and(|kind| kind.is_file()) {
            close_one(&path, left);
        }
    }
}

fn close_one(path: &Path, left: &mut LeftOpen) {
    left.note(path, without_others(path));
}

fn without_others(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    match mode & OTHERS {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn open_to_all(path: &Path) {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    fn is_closed(path: &Path) -> bool {
        fs::metadata(path).unwrap().permissions().mode() & OTHERS == 0
    }

    #[test]
    fn what_cannot_be_closed_is_told_and_leaves_nothing_else_open() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join(SPOOL_FOLDER);
        fs::create_dir(&spool).unwrap();
        let of_folder = [
            sqlite::FILE_NAME,
            blocks::FILE_NAME,
            "blocks.sqlite3-wal",
            LOCK,
        ];
        let of_folder = of_folder.map(|name| folder.path().join(name));
        let files: Vec<PathBuf> = of_folder.into_iter().chain([spool.join("1.seg")]).collect();
        for file in &files {
            fs::write(file, "").unwrap();
            open_to_all(file);
        }
        let folders = [spool, folder.path().to_owned()];
        for path in &folders {
            open_to_all(path);
        }
        for number in 0..3 {
            let name = format!("{}-{number}", sqlite::FILE_NAME);
            symlink("nowhere", folder.path().join(name)).unwrap();
        }

        let mut left = LeftOpen::default();
        close(folder.path(), &mut left);
        let open: Vec<_> = files
            .iter()
            .chain(&folders)
            .filter(|path| !is_closed(path))
            .collect();
        assert!(open.is_empty(), "{open:?}");
        assert_eq!(left.others, 2);
        let (path, error) = left.first.unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(
            path.to_string_lossy().contains(sqlite::FILE_NAME),
            "{path:?}"
        );
    }
}
