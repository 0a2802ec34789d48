//! The unsent batches on disk: each is here from before its first try until it was answered for good.
//!
//! A folder with one file for each batch, `{number:020}.batch`, numbered in the order in which they came,
//! also over several lives of the process:
//!
//! ```text
//! producer-spool 1 5d0c7e1a             format, and the CRC-32C of everything after this line
//! {"key":"…","logs":100,"gzip":false}   the Idempotency-Key, and what the body is
//! …                                     the body, byte for byte
//! ```
//!
//! A file is written under another name (`.new`), synced, and renamed; then the folder is synced. So a
//! `.new` file belongs to a batch of which nothing was sent, and a `.batch` file is whole. One that is
//! not was damaged later: it is renamed to `.damaged`, for a person to look at, and never sent.

mod file;
mod folder;

use crate::source::Body;
use folder::{Folder, Kind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A folder of unsent batches, which belongs to this process alone.
#[derive(Debug)]
pub struct Spool {
    folder: Folder,
    max_bytes: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// The next file's number.
    next: u64,
    logs: u64,
    bytes: u64,
}

/// A batch that is in the spool.
#[derive(Debug)]
pub struct Kept {
    number: u64,
    logs: u64,
    bytes: u64,
}

/// What was there at the start.
#[derive(Debug, Default)]
pub struct Found {
    /// The batches of earlier lives, oldest first.
    pub batches: Vec<Kept>,
    /// Files that were set aside now.
    pub damaged: u64,
}

/// Why a batch cannot be kept, or the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error("{0} is in use by another producer")]
    InUse(PathBuf),
    /// A bound.
    #[error("it is full: {held} of --spool-max-bytes {max_bytes} are in use")]
    Full {
        /// Bytes of the unsent batches.
        held: u64,
        /// The bound.
        max_bytes: u64,
    },
    /// What is in a file is not what was written.
    #[error("{path}: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk.
    #[error("{path}: {error}")]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The header.
    #[error("no header for a batch: {0}")]
    Header(#[from] serde_json::Error),
}

impl Spool {
    /// Opens the folder, makes it where there is none, and looks at every batch that is there.
    ///
    /// # Errors
    /// When another process has it, or the disk does not do what it is told.
    pub fn open(folder: &Path, max_bytes: u64) -> Result<(Self, Found), SpoolError> {
        let spool = Self {
            folder: Folder::open(folder)?,
            max_bytes,
            held: Mutex::default(),
        };
        let found = spool.survey()?;
        Ok((spool, found))
    }

    /// Removes what was never finished, sets aside what is damaged, and tells the rest.
    fn survey(&self) -> Result<Found, SpoolError> {
        let (mut found, mut older_damage) = (Found::default(), 0_u64);
        let mut held = self.held();
        for (number, kind) in self.folder.files()? {
            held.next = held.next.max(number.saturating_add(1));
            match kind {
                Kind::New => self.folder.remove(number, kind)?,
                Kind::Damaged => older_damage += 1,
                Kind::Batch => match self.inspect(number) {
                    Ok(kept) => {
                        held.logs += kept.logs;
                        held.bytes += kept.bytes;
                        found.batches.push(kept);
                    }
                    Err(SpoolError::Damaged { reason, .. }) => {
                        self.set_aside(number, &reason)?;
                        found.damaged += 1;
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        if older_damage > 0 {
            tracing::warn!(
                files = older_damage,
                "damaged batches that were set aside earlier are still in the spool"
            );
        }
        Ok(found)
    }

    fn inspect(&self, number: u64) -> Result<Kept, SpoolError> {
        let (bytes, _, body) = self.read_file(number)?;
        Ok(Kept {
            number,
            logs: body.logs,
            bytes,
        })
    }

    fn set_aside(&self, number: u64, reason: &str) -> Result<(), SpoolError> {
        self.folder.rename(number, Kind::Batch, Kind::Damaged)?;
        let file = self.folder.path(number, Kind::Damaged);
        let file = file.display();
        tracing::error!(%file, reason, "a batch of the spool is damaged; it is not sent and was set aside");
        Ok(())
    }

    fn read_file(&self, number: u64) -> Result<(u64, String, Body), SpoolError> {
        let bytes = self.folder.read(number)?;
        let length = size(&bytes);
        match file::decode(&bytes) {
            Ok((key, body)) => Ok((length, key, body)),
            Err(reason) => Err(SpoolError::Damaged {
                path: self.folder.path(number, Kind::Batch),
                reason,
            }),
        }
    }

    /// The key and the body of a batch, as they were given.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn read(&self, kept: &Kept) -> Result<(String, Body), SpoolError> {
        let (_, key, body) = self.read_file(kept.number)?;
        Ok((key, body))
    }

    /// Keeps a batch. When this returns, it survives the end of the process and of the power.
    ///
    /// # Errors
    /// When there is no room for it, or the disk does not take it. Then it is not in the spool.
    pub fn keep(&self, key: &str, body: &Body) -> Result<Kept, SpoolError> {
        let head = file::encode_head(key, body)?;
        let kept = self.reserve(body.logs, size(&head) + size(&body.bytes))?;
        if let Err(error) = self.folder.write(kept.number, &head, &body.bytes) {
            // It is not to be sent. Where it cannot be removed either, the next life sends it or removes it.
            for kind in [Kind::New, Kind::Batch] {
                drop(self.folder.remove(kept.number, kind));
            }
            self.release(&kept);
            return Err(error);
        }
        Ok(kept)
    }

    /// Forgets a batch that was answered for good.
    ///
    /// The folder is not synced: a file that a power cut brings back is sent once more under its key,
    /// which changes nothing.
    pub fn done(&self, kept: &Kept) {
        match self.folder.remove(kept.number, Kind::Batch) {
            Ok(()) => self.release(kept),
            Err(error) => tracing::warn!(
                "an answered batch stays in the spool; the next start sends it again: {error}"
            ),
        }
    }

    /// Logs of all batches that are in the spool.
    pub fn logs(&self) -> u64 {
        self.held().logs
    }

    fn reserve(&self, logs: u64, bytes: u64) -> Result<Kept, SpoolError> {
        let mut held = self.held();
        if held.bytes.saturating_add(bytes) > self.max_bytes {
            return Err(SpoolError::Full {
                held: held.bytes,
                max_bytes: self.max_bytes,
            });
        }
        let number = held.next;
        held.next += 1;
        held.logs += logs;
        held.bytes += bytes;
        Ok(Kept {
            number,
            logs,
            bytes,
        })
    }

    fn release(&self, kept: &Kept) {
        let mut held = self.held();
        held.logs -= kept.logs;
        held.bytes -= kept.bytes;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    /// Logs in the batches.
    pub fn logs(&self) -> u64 {
        self.batches.iter().map(|kept| kept.logs).sum()
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
