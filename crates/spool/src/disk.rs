//! The seam to the disk: one folder of files, with every operation that durability rests on.
//!
//! The spool speaks to the disk through these two traits only, so that a simulated disk can lose
//! what was not synced, fail, fill up and crash between any two operations.

use logs::counted;
pub(super) use open_file::DIRECT_MIN_BYTES;
use open_file::OpenFile;
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod folder;
mod open_file;

/// One folder. Names are plain file names in it.
#[expect(
    clippy::missing_errors_doc,
    reason = "each fails with the system's reason, and no other way"
)]
pub trait Disk: Send + Sync + 'static {
    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Makes an empty file, also in the place of one that is there.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes an empty file where none is; `AlreadyExists` when there is one.
    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file that is there.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, in one step, also in the place of one that is there.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes durable what was created, renamed and removed.
    fn sync_folder(&self) -> io::Result<()>;
    /// Bytes that may still be written to this file system.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open file.
#[expect(
    clippy::missing_errors_doc,
    reason = "each fails with the system's reason, and no other way"
)]
pub trait DiskFile: Send + Sync + 'static {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads some bytes from `offset` on; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some bytes at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts it off at `length`.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Makes its bytes and its length durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
/// The first failure; then any part of `bytes` may have been written.
pub fn write_all_at(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads until `buffer` is full or the file ends; says how much that was.
///
/// # Errors
/// The first failure.
pub fn read_full_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// There is less room on the disk than is to stay free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} free, and {least} are to stay so", counted(*free, "byte is", "bytes are"))]
pub struct LittleRoom {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes that are to stay free.
    pub least: u64,
}

/// Whether the disk may hold so many bytes more, when `least` are to stay free.
///
/// # Errors
/// [`LittleRoom`] when it may not.
pub fn check_room(disk: &dyn Disk, least: u64, bytes: u64) -> Result<(), LittleRoom> {
    // A file system that cannot say how full it is shows it when it is written to.
    let free = disk.free_bytes().unwrap_or(u64::MAX);
    match free < least.saturating_add(bytes) {
        true => Err(LittleRoom { free, least }),
        false => Ok(()),
    }
}

/// Whether an error means that there is no room, and not that the disk is broken.
pub fn is_no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::WriteZero
    )
}

/// Whether an error of reading means that this place of the disk cannot be read (a bad sector, or one
/// that the file system's own checksum does not fit), and another may be.
pub fn is_unreadable(error: &io::Error) -> bool {
    let lost = [Errno::IO, Errno::BADMSG, Errno::ILSEQ, Errno::NODATA];
    Errno::from_io_error(error).is_some_and(|error| lost.contains(&error))
}

/// A folder of the machine's own file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, made durably when it is not there, as are those above it; what is made is
    /// the user's alone.
    ///
    /// # Errors
    /// The system's reason.
    pub fn create(path: &Path) -> io::Result<Self> {
        folder::make(path, &|folder| File::open(folder)?.sync_all())?;
        Ok(Self::at(path))
    }

    /// The folder at `path`, as it is.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenFile::create(&self.path.join(name))?))
    }

    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenFile::create_new(&self.path.join(name))?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(OpenFile::open(&self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let space = rustix::fs::statvfs(&self.path)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }
}
