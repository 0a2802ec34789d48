//! Records that the store refused for good: kept durably beside the spool, with the reason, until
//! an operator has looked at them and puts them back.

mod file_format;

pub use file_format::{DeadLetter, Refusal};

use file_format::{UNFINISHED, name, number, read};
use serde::Serialize;
use spool::disk::{self, Disk};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why refused records cannot be kept or given back.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The bound is reached.
    #[error("{used} bytes of refused records are kept, and {limit} may be")]
    Full {
        /// Bytes that are kept.
        used: u64,
        /// Bytes that may be.
        limit: u64,
    },
    /// The disk does not do what it is asked.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// For `/health`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterSnapshot {
    /// Records that are kept.
    pub records: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Bytes that they may take; then nothing more is handed on to the store.
    pub max_bytes: u64,
}

/// What was refused.
pub struct DeadLetters {
    disk: Arc<dyn Disk>,
    max_bytes: u64,
    files: Mutex<Files>,
    /// Held by whoever puts records back: one at a time.
    replaying: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Files {
    kept: BTreeMap<u64, Size>,
    /// A number is never given twice in a life of the process: who forgets a file forgets that one.
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct Size {
    records: u64,
    bytes: u64,
}

impl DeadLetters {
    /// Opens the folder.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(disk: Arc<dyn Disk>, max_bytes: u64) -> io::Result<Self> {
        let mut kept = BTreeMap::new();
        for name in disk.list()? {
            if name.ends_with(UNFINISHED) {
                disk.remove(&name)?;
            } else if let Some(number) = number(&name) {
                let records = read(&*disk, number)?;
                let size = Size {
                    records: records.len() as u64,
                    bytes: disk.open(&name)?.length()?,
                };
                kept.insert(number, size);
            }
        }
        Ok(Self {
            disk,
            max_bytes,
            files: Mutex::new(Files {
                next: kept.last_key_value().map_or(1, |(last, _)| last + 1),
                kept,
            }),
            replaying: tokio::sync::Mutex::new(()),
        })
    }

    /// Keeps refusals, all of them or none. When this returns, they are on disk.
    ///
    /// # Errors
    /// [`DeadLetterError`]; then none is kept.
    pub async fn add(self: &Arc<Self>, refusals: Vec<Refusal>) -> Result<(), DeadLetterError> {
        self.blocking(move |letters| letters.write(&refusals)).await
    }

    /// The numbers of the files, oldest first.
    pub fn numbers(&self) -> Vec<u64> {
        self.files().kept.keys().copied().collect()
    }

    /// What a file holds.
    ///
    /// # Errors
    /// The disk's, and when the file is not what was written.
    pub async fn read(self: &Arc<Self>, number: u64) -> Result<Vec<DeadLetter>, DeadLetterError> {
        self.blocking(move |letters| Ok(read(&*letters.disk, number)?))
            .await
    }

    /// Forgets a file, once what it holds is safe elsewhere.
    ///
    /// # Errors
    /// The disk's.
    pub async fn forget(self: &Arc<Self>, number: u64) -> Result<(), DeadLetterError> {
        self.blocking(move |letters| {
            match letters.disk.remove(&name(number)) {
                // It was removed before, and the folder could not be synced.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            letters.disk.sync_folder()?;
            letters.files().kept.remove(&number);
            Ok(())
        })
        .await
    }

    /// How much is kept.
    pub fn snapshot(&self) -> DeadLetterSnapshot {
        let empty = DeadLetterSnapshot {
            max_bytes: self.max_bytes,
            ..DeadLetterSnapshot::default()
        };
        self.files()
            .kept
            .values()
            .fold(empty, |sum, size| DeadLetterSnapshot {
                records: sum.records + size.records,
                bytes: sum.bytes + size.bytes,
                ..sum
            })
    }

    /// Waits until nobody else puts records back.
    pub async fn replay_alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.replaying.lock().await
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, DeadLetterError> + Send + 'static,
    ) -> Result<T, DeadLetterError> {
        let letters = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&letters)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    /// The lock is held throughout: two portions that are refused at once get two numbers.
    fn write(&self, refusals: &[Refusal]) -> Result<(), DeadLetterError> {
        let mut files = self.files();
        let used: u64 = files.kept.values().map(|size| size.bytes).sum();
        let content = file_format::encode(refusals);
        // The last ones may pass the bound: else a single large refusal would never find room.
        if used >= self.max_bytes {
            let limit = self.max_bytes;
            return Err(DeadLetterError::Full { used, limit });
        }
        let number = files.next;
        let unfinished = name(number) + UNFINISHED;
        let file = self.disk.create(&unfinished)?;
        disk::write_all_at(&*file, &content, 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, &name(number))?;
        self.disk.sync_folder()?;
        let (records, bytes) = (refusals.len() as u64, content.len() as u64);
        files.next += 1;
        files.kept.insert(number, Size { records, bytes });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
