//! Records that the store refused for good: kept durably beside the spool, with the reason, until
//! an operator has looked at them and puts them back.
//!
//! A folder of files `{number, 20 digits}.rej`, one for each refused portion: "LOGSREJ1", a CRC-32C
//! of what follows (u32, little-endian), and BSON documents `{reason, rejected_at, document}`, where
//! `document` is the refused document's own bytes. A file has its name only when it is durable.

use bson::raw::{RawBsonRef, RawDocument};
use logs::Timestamp;
use record::bson_writer::BsonWriter;
use serde::Serialize;
use spool::disk::{self, Disk};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MAGIC: [u8; 8] = *b"LOGSREJ1";
const HEAD_BYTES: usize = 12;
const SUFFIX: &str = ".rej";
const UNFINISHED: &str = ".new";

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

/// A refused document with its reason, encoded.
#[derive(Debug, Clone)]
pub struct Refusal(Vec<u8>);

impl Refusal {
    /// A refusal of the document in these bytes.
    pub fn new(document: &[u8], reason: &str, rejected_at: Timestamp) -> Self {
        let mut bytes = Vec::with_capacity(document.len() + reason.len() + 64);
        let mut writer = BsonWriter::new(&mut bytes);
        let whole = writer.open();
        writer.string("reason", reason);
        writer.date("rejected_at", rejected_at.millis());
        writer.binary("document", 0, document);
        writer.close(whole);
        Self(bytes)
    }
}

/// A refused document as it is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The store's reason.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub rejected_at: i64,
    /// The document's own bytes.
    pub document: Vec<u8>,
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
        self.blocking(move |rejected| rejected.write(&refusals))
            .await
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
        self.blocking(move |rejected| Ok(read(&*rejected.disk, number)?))
            .await
    }

    /// Forgets a file, once what it holds is safe elsewhere.
    ///
    /// # Errors
    /// The disk's.
    pub async fn forget(self: &Arc<Self>, number: u64) -> Result<(), DeadLetterError> {
        self.blocking(move |rejected| {
            match rejected.disk.remove(&name(number)) {
                // It was removed before, and the folder could not be synced.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            rejected.disk.sync_folder()?;
            rejected.files().kept.remove(&number);
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
        let rejected = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&rejected)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    /// The lock is held throughout: two portions that are refused at once get two numbers.
    fn write(&self, refusals: &[Refusal]) -> Result<(), DeadLetterError> {
        let mut files = self.files();
        let used: u64 = files.kept.values().map(|size| size.bytes).sum();
        let body: Vec<u8> = refusals
            .iter()
            .flat_map(|refusal| &refusal.0)
            .copied()
            .collect();
        let bytes = (HEAD_BYTES + body.len()) as u64;
        // The last ones may pass the bound: else a single large refusal would never find room.
        if used >= self.max_bytes {
            let limit = self.max_bytes;
            return Err(DeadLetterError::Full { used, limit });
        }
        let number = files.next;
        let unfinished = name(number) + UNFINISHED;
        let file = self.disk.create(&unfinished)?;
        let sum = crc32c::crc32c(&body).to_le_bytes();
        disk::write_all_at(&*file, &[&MAGIC[..], &sum, &body].concat(), 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, &name(number))?;
        self.disk.sync_folder()?;
        let records = refusals.len() as u64;
        files.next += 1;
        files.kept.insert(number, Size { records, bytes });
        Ok(())
    }
}

fn name(number: u64) -> String {
    format!("{number:020}{SUFFIX}")
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

fn read(disk: &dyn Disk, number: u64) -> io::Result<Vec<DeadLetter>> {
    let file = disk.open(&name(number))?;
    let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let read = disk::read_full_at(&*file, &mut bytes, 0)?;
    let broken = || io::Error::other(format!("{} is damaged", name(number)));
    let (head, body) = bytes
        .get(..read)
        .and_then(|bytes| bytes.split_at_checked(HEAD_BYTES))
        .ok_or_else(broken)?;
    if head != [&MAGIC[..], &crc32c::crc32c(body).to_le_bytes()].concat() {
        return Err(broken());
    }
    let documents = record::documents::Documents::from_encoded(body.to_vec()).ok_or_else(broken)?;
    let kept = documents.slices(0..documents.len()).map(parse);
    kept.collect::<Option<_>>().ok_or_else(broken)
}

fn parse(bytes: &[u8]) -> Option<DeadLetter> {
    let raw = RawDocument::from_bytes(bytes).ok()?;
    let document = match raw.get("document").ok()?? {
        RawBsonRef::Binary(binary) => binary.bytes.to_vec(),
        _ => return None,
    };
    Some(DeadLetter {
        reason: raw.get_str("reason").ok()?.to_owned(),
        rejected_at: raw.get_datetime("rejected_at").ok()?.timestamp_millis(),
        document,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spool::disk::Folder;

    fn open(folder: &std::path::Path, max_bytes: u64) -> Arc<DeadLetters> {
        let disk = Arc::new(Folder::create(folder).unwrap());
        Arc::new(DeadLetters::open(disk, max_bytes).unwrap())
    }

    fn refusal(text: &str) -> Refusal {
        Refusal::new(
            text.as_bytes(),
            "too large",
            Timestamp::from_nanos(7_000_000),
        )
    }

    #[tokio::test]
    async fn what_was_refused_is_there_after_a_restart_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let rejected = open(folder.path(), 1 << 20);
        rejected
            .add(vec![refusal("a"), refusal("b")])
            .await
            .unwrap();
        rejected.add(vec![refusal("c")]).await.unwrap();
        let before = rejected.snapshot();
        assert_eq!(before.records, 3);
        let rejected = open(folder.path(), 1 << 20);
        assert_eq!(rejected.snapshot(), before);
        assert_eq!(rejected.numbers(), [1, 2]);
        let kept = rejected.read(1).await.unwrap();
        assert_eq!(
            (kept[0].reason.as_str(), kept[0].rejected_at),
            ("too large", 7)
        );
        assert_eq!(kept[1].document, b"b");
        rejected.forget(1).await.unwrap();
        assert_eq!(open(folder.path(), 1 << 20).numbers(), [2]);
    }

    #[tokio::test]
    async fn a_number_that_was_forgotten_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let rejected = open(folder.path(), 1 << 20);
        rejected.add(vec![refusal("a")]).await.unwrap();
        rejected.forget(1).await.unwrap();
        rejected.add(vec![refusal("b")]).await.unwrap();
        // Who still means the first file takes nothing away.
        rejected.forget(1).await.unwrap();
        assert_eq!(rejected.numbers(), [2]);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let rejected = open(folder.path(), 50);
        rejected.add(vec![refusal("a")]).await.unwrap();
        let full = rejected
            .add(vec![refusal(&"b".repeat(100))])
            .await
            .unwrap_err();
        assert!(matches!(full, DeadLetterError::Full { .. }), "{full}");
        assert_eq!(rejected.snapshot().records, 1);
    }
}
