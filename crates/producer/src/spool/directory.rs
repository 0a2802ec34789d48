//! The directory of the spool: its lock, and what is done to its files, durable where it must be.

use super::SpoolError;
use bytes::Bytes;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const DIGITS: usize = 20;

/// What a file is, told by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A whole batch.
    Batch,
    /// One that is being written.
    New,
    /// One that was found damaged.
    Damaged,
}

impl FileKind {
    const ALL: [Self; 3] = [Self::Batch, Self::New, Self::Damaged];

    fn suffix(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::New => "new",
            Self::Damaged => "damaged",
        }
    }
}

/// A directory that belongs to this process alone.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// The same directory, to sync its entries.
    entries: File,
    /// Held as long as the process lives.
    _lock: File,
}

impl Directory {
    /// Opens and locks it; makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, SpoolError> {
        let failed = |error| disk_error(path, error);
        fs::create_dir_all(path).map_err(failed)?;
        let lock = lock_file(path)?;
        let whole = path.canonicalize().map_err(failed)?;
        if let Some(parent) = whole.parent() {
            let synced = File::open(parent).and_then(|entries| entries.sync_all());
            synced.map_err(|error| disk_error(parent, error))?;
        }
        Ok(Self {
            path: path.to_owned(),
            entries: File::open(path).map_err(failed)?,
            _lock: lock,
        })
    }

    /// The files of the spool; others in the directory are left alone.
    pub(super) fn files(&self) -> Result<Vec<(u64, FileKind)>, SpoolError> {
        let failed = |error| disk_error(&self.path, error);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            files.extend(name.to_str().and_then(parse_name));
        }
        files.sort_unstable_by_key(|(number, _)| *number);
        Ok(files)
    }

    /// Writes a batch: after this, and not before, it is there, whatever happens.
    pub(super) fn write(&self, number: u64, head: &[u8], body: &[u8]) -> Result<(), SpoolError> {
        let new = self.path(number, FileKind::New);
        let failed = |error| disk_error(&new, error);
        let mut file = File::create_new(&new).map_err(failed)?;
        file.write_all(head).map_err(failed)?;
        file.write_all(body).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        self.rename(number, FileKind::New, FileKind::Batch)
    }

    /// Makes another kind of a file, durably.
    pub(super) fn rename(
        &self,
        number: u64,
        from: FileKind,
        to: FileKind,
    ) -> Result<(), SpoolError> {
        let from = self.path(number, from);
        fs::rename(&from, self.path(number, to)).map_err(|error| disk_error(&from, error))?;
        let synced = self.entries.sync_all();
        synced.map_err(|error| disk_error(&self.path, error))
    }

    /// The bytes of a batch.
    pub(super) fn read(&self, number: u64) -> Result<Bytes, SpoolError> {
        let path = self.path(number, FileKind::Batch);
        let bytes = fs::read(&path).map_err(|error| disk_error(&path, error))?;
        Ok(Bytes::from(bytes))
    }

    /// Removes a file; a power cut may bring it back.
    pub(super) fn remove(&self, number: u64, kind: FileKind) -> Result<(), SpoolError> {
        let path = self.path(number, kind);
        fs::remove_file(&path).map_err(|error| disk_error(&path, error))
    }

    /// Where a file is.
    pub(super) fn path(&self, number: u64, kind: FileKind) -> PathBuf {
        self.path
            .join(format!("{number:0DIGITS$}.{}", kind.suffix()))
    }
}

fn lock_file(directory: &Path) -> Result<File, SpoolError> {
    let path = directory.join("lock");
    let file = File::create(&path).map_err(|error| disk_error(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(disk_error(&path, error)),
    }
}

fn parse_name(name: &str) -> Option<(u64, FileKind)> {
    let (number, suffix) = name.split_once('.')?;
    let kind = FileKind::ALL
        .into_iter()
        .find(|kind| kind.suffix() == suffix)?;
    let is_ours = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_ours)?, kind))
}

fn disk_error(path: &Path, error: io::Error) -> SpoolError {
    SpoolError::Disk {
        path: path.to_owned(),
        error,
    }
}
