//! The spool: each unsent batch is on disk from before its first attempt until it was answered for good.
//!
//! It is a directory with one file for each batch, `{number:020}.batch`, numbered in the order in which
//! they came, also over several runs:
//!
//! ```text
//! producer-spool 1 5d0c7e1a             format, and the CRC-32C of everything after this line
//! {"key":"…","logs":100,"gzip":false}   the Idempotency-Key, and what the payload is
//! …                                     the payload, byte for byte
//! ```
//!
//! A file is written under another name (`.new`), synced, and renamed; then the directory is synced. So a
//! `.new` file belongs to a batch of which nothing was sent, and a `.batch` file is whole. One that is
//! not was damaged later: it is renamed to `.damaged`, for a person to look at, and never sent.

mod directory;
mod file_format;

use crate::payload::Payload;
use directory::{Directory, FileKind};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A directory of unsent batches, which belongs to this process alone.
#[derive(Debug)]
pub struct Spool {
    directory: Directory,
    max_bytes: u64,
    usage: Mutex<Usage>,
}

#[derive(Debug, Default)]
struct Usage {
    /// The next file's number.
    next: u64,
    logs: u64,
    bytes: u64,
}

/// A batch that is in the spool.
#[derive(Debug)]
pub struct SpoolEntry {
    number: u64,
    logs: u64,
    bytes: u64,
}

/// What was there at the start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The batches of earlier runs, oldest first.
    pub entries: Vec<SpoolEntry>,
    /// Files that were quarantined now.
    pub damaged: u64,
}

/// Why a batch cannot be stored, or the spool cannot be used.
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
        /// Which file or directory.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The header.
    #[error("no header for a batch: {0}")]
    Header(#[from] serde_json::Error),
}

impl Spool {
    /// Opens the directory, makes it where there is none, and checks every batch that is there.
    ///
    /// # Errors
    /// When another process has it, or the disk does not do what it is told.
    pub fn open(directory: &Path, max_bytes: u64) -> Result<(Self, Recovered), SpoolError> {
        let spool = Self {
            directory: Directory::open(directory)?,
            max_bytes,
            usage: Mutex::default(),
        };
        let recovered = spool.recover()?;
        Ok((spool, recovered))
    }

    /// Removes what was never finished, quarantines what is damaged, and tells the rest.
    fn recover(&self) -> Result<Recovered, SpoolError> {
        let (mut recovered, mut quarantined_earlier) = (Recovered::default(), 0_u64);
        let mut usage = self.usage();
        for (number, kind) in self.directory.files()? {
            usage.next = usage.next.max(number.saturating_add(1));
            match kind {
                FileKind::New => self.directory.remove(number, kind)?,
                FileKind::Damaged => quarantined_earlier += 1,
                FileKind::Batch => match self.verify(number) {
                    Ok(entry) => {
                        usage.logs += entry.logs;
                        usage.bytes += entry.bytes;
                        recovered.entries.push(entry);
                    }
                    Err(SpoolError::Damaged { reason, .. }) => {
                        self.quarantine(number, &reason)?;
                        recovered.damaged += 1;
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        if quarantined_earlier > 0 {
            tracing::warn!(
                files = quarantined_earlier,
                "damaged batches that were set aside earlier are still in the spool"
            );
        }
        Ok(recovered)
    }

    fn verify(&self, number: u64) -> Result<SpoolEntry, SpoolError> {
        let (bytes, _, payload) = self.read_file(number)?;
        Ok(SpoolEntry {
            number,
            logs: payload.logs,
            bytes,
        })
    }

    fn quarantine(&self, number: u64, reason: &str) -> Result<(), SpoolError> {
        self.directory
            .rename(number, FileKind::Batch, FileKind::Damaged)?;
        let file = self.directory.path(number, FileKind::Damaged);
        let file = file.display();
        tracing::error!(%file, reason, "a batch of the spool is damaged; it is not sent and was set aside");
        Ok(())
    }

    fn read_file(&self, number: u64) -> Result<(u64, String, Payload), SpoolError> {
        let bytes = self.directory.read(number)?;
        let length = size(&bytes);
        match file_format::decode(&bytes) {
            Ok((key, payload)) => Ok((length, key, payload)),
            Err(reason) => Err(SpoolError::Damaged {
                path: self.directory.path(number, FileKind::Batch),
                reason,
            }),
        }
    }

    /// The key and the payload of a batch, as they were given.
    ///
    /// # Errors
    /// When it cannot be read any more.
    pub fn read(&self, entry: &SpoolEntry) -> Result<(String, Payload), SpoolError> {
        let (_, key, payload) = self.read_file(entry.number)?;
        Ok((key, payload))
    }

    /// Stores a batch. When this returns, it survives the end of the process and of the power.
    ///
    /// # Errors
    /// When there is no room for it, or the disk does not take it. Then it is not in the spool.
    pub fn store(&self, key: &str, payload: &Payload) -> Result<SpoolEntry, SpoolError> {
        let head = file_format::encode_head(key, payload)?;
        let entry = self.reserve(payload.logs, size(&head) + size(&payload.bytes))?;
        if let Err(error) = self.directory.write(entry.number, &head, &payload.bytes) {
            // It is not to be sent. Where it cannot be removed either, the next run sends it or removes it.
            for kind in [FileKind::New, FileKind::Batch] {
                drop(self.directory.remove(entry.number, kind));
            }
            self.release(&entry);
            return Err(error);
        }
        Ok(entry)
    }

    /// Removes a batch that was answered for good.
    ///
    /// The directory is not synced: a file that a power cut brings back is sent once more under its key,
    /// which changes nothing.
    pub fn remove(&self, entry: &SpoolEntry) {
        match self.directory.remove(entry.number, FileKind::Batch) {
            Ok(()) => self.release(entry),
            Err(error) => tracing::warn!(
                "an answered batch stays in the spool; the next start sends it again: {error}"
            ),
        }
    }

    /// Logs of all batches that are in the spool.
    pub fn logs(&self) -> u64 {
        self.usage().logs
    }

    fn reserve(&self, logs: u64, bytes: u64) -> Result<SpoolEntry, SpoolError> {
        let mut usage = self.usage();
        if usage.bytes.saturating_add(bytes) > self.max_bytes {
            return Err(SpoolError::Full {
                held: usage.bytes,
                max_bytes: self.max_bytes,
            });
        }
        let number = usage.next;
        usage.next += 1;
        usage.logs += logs;
        usage.bytes += bytes;
        Ok(SpoolEntry {
            number,
            logs,
            bytes,
        })
    }

    fn release(&self, entry: &SpoolEntry) {
        let mut usage = self.usage();
        usage.logs -= entry.logs;
        usage.bytes -= entry.bytes;
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recovered {
    /// Logs in the batches.
    pub fn logs(&self) -> u64 {
        self.entries.iter().map(|entry| entry.logs).sum()
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
