//! Records that the store refused for good, or that are too large for any store: kept durably beside the
//! spool, with the reason, until an operator has looked at them and puts back what can be stored.
//!
//! A record is kept once: one that is refused again, by a batch that was sent again or by a replay that a
//! crash cut short, finds itself there. Which are kept a start reads while the service runs; what needs to
//! know waits for it, or is told that it is not known yet. A file that is not what was written is set aside
//! and told; it stops nothing.

mod at_the_door;
mod choice;
mod error;
mod file_format;
mod kept;
mod opening;
mod unread;
mod writing;

pub use at_the_door::{KeptApart, LEAST_BYTES};
pub(crate) use choice::PANICKED;
pub use choice::{Choice, LetterId, ReasonCode};
pub use error::DeadLetterError;
pub use file_format::is_finished;
pub use file_format::name as file_name;
pub use kept::TooLargeLetter;

use file_format::read;
use kept::Kept;
use logs::{Timestamp, counted};
use record::batch::BatchOrigin;
use serde::Serialize;
use spool::disk::Disk;
use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::blocks::ledger::row::LedgerKey;
use unread::Unread;

/// A file that is as large as this is followed by another.
const FILE_BYTES: u64 = 64 * 1024;

/// A refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What it has in common with the others of its batch, as the spool had it.
    pub origin: BatchOrigin,
    /// Its place in its batch, from 0.
    pub position: u32,
    /// Whether it came without a time.
    pub undated: bool,
    /// Whether it is put back by itself: an earlier version did not keep what it came with.
    pub alone: bool,
    /// Whether an earlier version took it, or another record that it was put back with: the order in its id is
    /// none, or may be that of a part of its batch.
    pub earlier: bool,
    /// Who sent it, when it was set aside at the door.
    pub peer: Option<IpAddr>,
    /// Why it cannot be stored.
    pub reason: String,
    /// When it was refused, in milliseconds since 1970.
    pub rejected_at: i64,
    /// The document's own bytes, as the spool had them.
    pub document: Vec<u8>,
}

impl DeadLetter {
    /// Names the record.
    pub fn id(&self) -> LetterId {
        LetterId(self.origin.digest([self.position]))
    }
}

/// How much room they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterBounds {
    /// Bytes of the disk, in whole blocks.
    pub max_bytes: u64,
    /// Bytes of the file system that stay free.
    pub min_free_disk: u64,
}

/// For `/health`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterSnapshot {
    /// Records that are kept.
    pub records: u64,
    /// Bytes of the disk that they take, in whole blocks.
    pub bytes: u64,
    /// Bytes that they may take; then records that are refused wait in the spool.
    pub max_bytes: u64,
    /// Files that were not what was written; they end with `.damaged`.
    pub damaged_files: u64,
    /// Files of before the start that are not read yet: what they hold is not among the records and bytes.
    pub unread_files: u64,
}

/// What was refused.
pub struct DeadLetters {
    disk: Arc<dyn Disk>,
    bounds: DeadLetterBounds,
    /// Held by whoever writes, which takes as long as the disk does.
    writing: Mutex<()>,
    /// Never held over the disk.
    kept: Mutex<Kept>,
    unread: Unread,
    /// Held by whoever puts records back: one at a time.
    replaying: tokio::sync::Mutex<()>,
    /// How often that was begun.
    replays: AtomicU64,
}

impl DeadLetters {
    /// Waits until it is known what was kept before the start, for about a second.
    ///
    /// # Errors
    /// [`DeadLetterError::Unread`] when it is not.
    pub async fn are_read(&self) -> Result<(), DeadLetterError> {
        self.unread.end_soon().await
    }

    /// The same for as long as files are read: until `patience` has passed without one more. `left` is told how many
    /// are not.
    ///
    /// # Errors
    /// [`DeadLetterError::Unread`] when there are some yet.
    pub async fn are_read_in_the_end(
        &self,
        patience: Duration,
        left: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), DeadLetterError> {
        self.unread.end_patiently(patience, left).await
    }

    /// Keeps refused records, all of them or none, but for those that are kept already; how many that
    /// are. When this returns, they are on disk.
    ///
    /// # Errors
    /// [`DeadLetterError`]; then none more is kept than before.
    pub async fn add(self: &Arc<Self>, letters: Vec<DeadLetter>) -> Result<usize, DeadLetterError> {
        self.are_read().await?;
        self.blocking(move |kept| kept.write(letters)).await
    }

    /// The first file behind this number, of those that are read; files are numbered from 1 on, in the order
    /// of their making.
    pub fn after(&self, number: u64) -> Option<u64> {
        self.kept().after(number)
    }

    /// What a file holds; nothing when it is not there any more, or is damaged, which sets it aside.
    ///
    /// # Errors
    /// The disk's.
    pub async fn read(self: &Arc<Self>, number: u64) -> Result<Vec<DeadLetter>, DeadLetterError> {
        self.blocking(move |letters| Ok(letters.look_into(number)?))
            .await
    }

    /// Bytes of the disk that a file takes.
    pub fn bytes_of(&self, number: u64) -> u64 {
        self.kept().room_of(number)
    }

    /// Closes the newest file, so that it stays as it is; its number.
    ///
    /// # Errors
    /// None of the disk's; only a panic on the thread for such work.
    pub async fn seal(self: &Arc<Self>) -> Result<Option<u64>, DeadLetterError> {
        let sealed = self.blocking(|letters| {
            let _alone = letters.writing();
            let mut kept = letters.kept();
            kept.set_open(None);
            Ok(kept.last())
        });
        sealed.await
    }

    /// What a sealed file holds is about to be safe elsewhere: refused again, it is kept anew.
    pub fn leave(&self, number: u64, letters: &[DeadLetter]) {
        self.kept().leave(number, letters);
    }

    /// It is not safe elsewhere after all.
    pub fn come_back(&self, number: u64, letters: &[DeadLetter]) {
        self.kept().come_back(number, letters);
    }

    /// Forgets a file, once what it holds is safe elsewhere.
    ///
    /// # Errors
    /// The disk's.
    pub async fn forget(self: &Arc<Self>, number: u64) -> Result<(), DeadLetterError> {
        self.blocking(move |letters| {
            let _alone = letters.writing();
            letters.remove(number)?;
            letters.disk.sync_folder()?;
            letters.kept().remove(number);
            Ok(())
        })
        .await
    }

    /// How much is kept. Waits for no disk.
    pub fn snapshot(&self) -> DeadLetterSnapshot {
        let unread_files = self.unread.count();
        let (max_bytes, kept) = (self.bounds.max_bytes, self.kept());
        kept.snapshot(max_bytes, unread_files)
    }

    /// When the oldest record that is kept was received. Waits until that is known.
    pub async fn oldest_received(&self) -> Option<Timestamp> {
        self.unread.end().await;
        self.kept().oldest()
    }

    /// The batches of which records are kept. Waits until that is known.
    pub(crate) async fn batches(&self) -> HashSet<LedgerKey> {
        self.unread.end().await;
        self.kept().batches().collect()
    }

    /// Whether records of a batch are kept, as far as that is known.
    pub(crate) fn has_batch(&self, batch: &LedgerKey) -> bool {
        self.kept().has_batch(batch)
    }

    /// Whether there are any that an earlier version took, and that may go to a store yet; or may be, in what is
    /// not read yet.
    pub fn holds_earlier(&self) -> bool {
        self.unread.may_hold_earlier() || self.kept().holds_earlier()
    }

    /// What an operator should know of, while it is so.
    pub fn problem(&self) -> Option<String> {
        if let Some(reason) = self.unread.problem() {
            return Some(DeadLetterError::Unread(Some(reason)).to_string());
        }
        match self.kept().damaged {
            0 => None,
            count => {
                let (one, many) = ("file of refused records is", "files of refused records are");
                let files = counted(count, one, many);
                Some(format!(
                    "{files} damaged and set aside as rejected/*.damaged"
                ))
            }
        }
    }

    /// Waits until nobody else puts records back.
    pub async fn replay_alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.replaying.lock().await
    }

    /// Some are about to be put back, by whoever does so alone.
    pub(crate) fn note_replay(&self) {
        self.replays.fetch_add(1, Ordering::Relaxed);
    }

    /// How often some were put back, since the start.
    pub(crate) fn replays(&self) -> u64 {
        self.replays.load(Ordering::Relaxed)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, DeadLetterError> + Send + 'static,
    ) -> Result<T, DeadLetterError> {
        let letters = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&letters)).await;
        done.unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }

    fn look_into(&self, number: u64) -> io::Result<Vec<DeadLetter>> {
        let content = match read(&*self.disk, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) if opening::is_damage(&error) => {
                let _alone = self.writing();
                // Another reader may have met it before.
                if self.kept().has(number) {
                    opening::set_aside(&*self.disk, number, &error)?;
                    self.kept().lose(number);
                }
                return Ok(Vec::new());
            }
            content => content?,
        };
        let kept = self.kept();
        let mut letters = content.letters;
        letters.retain(|letter| kept.is_owner(number, letter));
        Ok(letters)
    }
}

#[cfg(test)]
mod tests;
