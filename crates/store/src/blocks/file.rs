//! Blocks in a SQLite file of their own: one writer, a reader per read worker.
//!
//! WAL with `synchronous=FULL`: a committed transaction has been fsynced, but for those that only change how records are
//! kept.

pub(super) mod came;
mod change;
mod counted;
mod forgetting;
pub(super) mod incoming;
mod log;
mod old;
mod readers;
pub(super) mod reading_back;
mod schema;
mod snapshot;
mod statistics;
mod verifying;
mod writer;

pub use forgetting::ForgottenRows;
pub(super) use readers::Readers;
pub use schema::Beginning;
pub(crate) use schema::FORMAT_VERSION as LAST_FORMAT_VERSION;
pub(crate) use statistics::count;
pub(crate) use verifying::verify;

use super::ledger::old_batches::{OldBatch, asks};
use super::ledger::remembering::Removal;
use super::ledger::row::{BatchRow, LedgerKey};
use super::ledger::spools::{KnownSpool, SpoolId, last_left_at};
use super::storage::{Applied, Change, Readable, Snapshot, Storage};
use crate::StoreError;
use crate::database_file::FileError;
use crate::feed::embedded::EmbeddedFeed;
use crate::figures::MergedBlocks;
use crate::identity::{self, Identity};
use log::Checkpointer;
use logs::Timestamp;
use logs::clock::Clock;
use record::batch::BatchOrigin;
use rusqlite::Connection;
use snapshot::FileSnapshot;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch::Sender;
use writer::{Synced, Writer};

/// The file's name in the data folder.
pub const FILE_NAME: &str = "blocks.sqlite3";

/// Makes the file, unless it is there, and closes it again.
pub(super) fn make(path: &Path) -> Result<(), FileError> {
    let connection = schema::open_writer(path)?;
    connection
        .close()
        .map_err(|(_, source)| FileError::open(path)(source))
}

/// An open file of blocks.
pub(super) struct BlockFile {
    pub(super) path: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    writer: Mutex<Writer>,
    pub(super) feed: EmbeddedFeed,
    checkpointer: Mutex<Checkpointer>,
    readers: Readers,
    identity: Identity,
    min_free_disk: u64,
    /// Whatever batch was received until then may be one whose records came out of rows; `None` where there are none.
    before: Option<Timestamp>,
    /// The spools that are known, and the number of the one that is at hand.
    spools: Mutex<(Vec<KnownSpool>, u32)>,
    /// What was merged.
    merged: Mutex<MergedBlocks>,
    /// Why nothing can be stored, as of the last look.
    pub(super) problem: Sender<Option<String>>,
}

impl BlockFile {
    /// Opens the file in `folder`, and makes it when it is not there.
    pub(super) fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        min_free_disk: u64,
    ) -> Result<Self, FileError> {
        let path = folder.join(FILE_NAME);
        let mut writer = Writer::open(&path)?;
        let checkpointer = writer.checkpointer(&path)?;
        let before = writer.before().map_err(FileError::open(&path))?;
        let feed = writer.feed(&path, Arc::clone(&clock));
        let feed = feed.map_err(FileError::open(&path))?;
        let identity = Identity::of(&path).map_err(|error| FileError::look(&path, &error))?;
        Ok(Self {
            readers: Readers::new(path.clone()),
            path,
            clock,
            writer: Mutex::new(writer),
            feed,
            checkpointer: Mutex::new(checkpointer),
            identity,
            min_free_disk,
            before,
            spools: Mutex::default(),
            merged: Mutex::default(),
            problem: Sender::new(None),
        })
    }

    /// Notes whether records can be stored; why not.
    pub(super) fn look(&self) -> Option<String> {
        let problem = self.identity.problem().or_else(|| self.full_disk());
        identity::note(&self.problem, problem, "the store can take records again")
    }

    /// What is wrong when the disk has less room than is to stay free.
    fn full_disk(&self) -> Option<String> {
        let least = self.min_free_disk;
        let disk = rustix::fs::statvfs(&self.path).ok()?;
        (disk.f_bavail.saturating_mul(disk.f_frsize) < least).then(|| {
            format!("the disk has less than {least} bytes free, which the store leaves: make room")
        })
    }

    /// Puts what is committed into the file itself when there is much of it, beside those who write.
    pub(super) fn shorten_log(&self) -> Result<(), StoreError> {
        Ok(self.checkpointer().step()?)
    }

    /// Puts all that is committed into the file itself, and empties its log, unless somebody reads of that: whether it
    /// is empty.
    pub(super) fn checkpoint(&self) -> Result<bool, StoreError> {
        // Those who write wait only for what comes meanwhile.
        self.checkpointer().all()?;
        let checkpoint = |connection: &mut Connection, _: &mut u64| change::checkpoint(connection);
        Ok(self.writer().write(Synced::Now, checkpoint)?)
    }

    /// Gives up to so many empty pages back to the disk; whether there may be more.
    pub(super) fn give_back(&self, pages: u32) -> Result<bool, StoreError> {
        let give = |connection: &mut Connection, _: &mut u64| change::give_back(connection, pages);
        Ok(self.writer().write(Synced::Later, give)?)
    }

    /// Replaces blocks by others with the same records. It is synced behind the commit, without the writer, and a machine
    /// that loses its power between the two has the blocks that were there before.
    pub(super) fn replace(
        &self,
        change: &Change,
        deadline: Duration,
    ) -> Result<Applied, StoreError> {
        let applied = self.change(change, Synced::Later, deadline)?;
        let synced = self.checkpointer().sync();
        if let Err(error) = synced {
            // A commit that comes before this waits for a sync of its own, and fails, too.
            self.writer().doubt();
            return Err(StoreError::Unavailable(error.to_string()));
        }
        if matches!(applied, Applied::Done(_)) {
            self.note_merged(change);
        }
        Ok(applied)
    }

    /// Unless the writer is not free before the deadline: then nobody waits for it any more. What is written to a
    /// file that is moved away meanwhile does not count as written.
    fn change(
        &self,
        change: &Change,
        synced: Synced,
        deadline: Duration,
    ) -> Result<Applied, StoreError> {
        let mut writer = self.writer();
        if self.clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
        unavailable(self.look())?;
        let applied = writer.write(synced, |connection, next| {
            change::apply(connection, next, change, &self.feed)
        })?;
        if change.announced.is_some() {
            self.feed.tell();
        }
        unavailable(self.identity.problem())?;
        Ok(applied)
    }

    /// Notes which spool is at hand, durably; what is known of it. Before the first batch of it is stored.
    pub(super) fn meet_spool(&self, id: SpoolId) -> Result<KnownSpool, StoreError> {
        let mut writer = self.writer();
        let (known, place) = writer.write(Synced::Now, |connection, _| {
            forgetting::meet(connection, id, self.clock.now())
        })?;
        let spool = known.get(place).copied();
        let spool = spool.ok_or_else(|| StoreError::Damaged("a spool is unknown".to_owned()))?;
        *self.spools() = (known, spool.number);
        Ok(spool)
    }

    /// The spools that are known before one is met.
    pub(super) fn known_spools(&self) -> Result<Vec<KnownSpool>, StoreError> {
        self.looked_up(forgetting::spools)
    }

    /// When a spool was at hand last that is not now.
    pub(super) fn last_left_at(&self) -> Option<Timestamp> {
        last_left_at(&self.spools().0)
    }

    /// Looks at up to so many rows of the ledger behind `behind`, and removes those that may go.
    pub(super) fn forget(
        &self,
        removal: &Removal,
        behind: Option<LedgerKey>,
        limit: u32,
        has_letters: &dyn Fn(&LedgerKey) -> bool,
    ) -> Result<ForgottenRows, StoreError> {
        let mut writer = self.writer();
        unavailable(self.identity.problem())?;
        let forgotten = writer.write(Synced::Now, |connection, _| {
            forgetting::forget(connection, removal, behind, limit, has_letters)
        })?;
        unavailable(self.identity.problem())?;
        Ok(forgotten)
    }

    fn spools(&self) -> MutexGuard<'_, (Vec<KnownSpool>, u32)> {
        self.spools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic left no transaction open: rusqlite rolls back when one is dropped.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checkpointer(&self) -> MutexGuard<'_, Checkpointer> {
        let checkpointer = self.checkpointer.lock();
        checkpointer.unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        if let Some(reader) = self.readers.idle() {
            return Ok(reader);
        }
        unavailable(self.identity.problem())?;
        self.readers.open()
    }

    /// What a reader finds; one that fails is not used again.
    fn looked_up<T>(
        &self,
        look_up: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let reader = self.reader()?;
        let found = look_up(&reader)?;
        self.readers.put_back(reader);
        Ok(found)
    }
}

impl Storage for BlockFile {
    fn apply(&self, change: &Change, deadline: Duration) -> Result<Applied, StoreError> {
        self.change(change, Synced::Now, deadline)
    }

    fn rows(&self, keys: &[LedgerKey]) -> Result<Vec<Option<BatchRow>>, StoreError> {
        self.looked_up(|reader| change::rows(reader, keys))
    }

    fn old(&self, batches: &[BatchOrigin]) -> Result<Vec<Option<OldBatch>>, StoreError> {
        let asked = |batch: &BatchOrigin| self.before.is_some_and(|before| asks(batch, before));
        if !batches.iter().any(asked) {
            return Ok(vec![None; batches.len()]);
        }
        self.looked_up(|reader| {
            let old = batches.iter().map(|batch| match asked(batch) {
                true => old::read(reader, batch.id),
                false => Ok(None),
            });
            old.collect()
        })
    }

    fn spool(&self) -> u32 {
        self.spools().1
    }
}

impl Readable for Readers {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let reader = match self.idle() {
            Some(reader) => reader,
            None => self.open()?,
        };
        Ok(Box::new(FileSnapshot::begin(reader, self)?))
    }
}

impl Readable for BlockFile {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let reader = self.reader()?;
        Ok(Box::new(FileSnapshot::begin(reader, &self.readers)?))
    }
}

fn unavailable(problem: Option<String>) -> Result<(), StoreError> {
    problem.map_or(Ok(()), |problem| Err(StoreError::Unavailable(problem)))
}
