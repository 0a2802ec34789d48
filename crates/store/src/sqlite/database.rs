//! The open database: its writer, its readers, and what is known of its files.

use super::read::ReadError;
use super::reader::Reader;
use super::receipts;
use super::schema;
use crate::database_file::{FileError, open_reader};
use crate::feed::embedded::EmbeddedFeed;
use crate::identity::Identity;
use crate::{Receipts, StoreError};
use logs::clock::Clock;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch::Sender;

/// An open database.
pub(super) struct Database {
    pub(super) path: PathBuf,
    pub(super) clock: Arc<dyn Clock>,
    writer: Mutex<Connection>,
    pub(super) feed: EmbeddedFeed,
    /// Connections that no page is being read with.
    readers: Mutex<Vec<Reader>>,
    identity: Identity,
    /// Why the files that are open are not those at their paths, as of the last look.
    pub(super) moved: Sender<Option<String>>,
    /// How many markers of receipt there are; only their changes, while they are not counted yet.
    receipts: Mutex<Counted>,
}

/// A number that changes before it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    at_the_start: Option<u64>,
    pub(super) added: u64,
    pub(super) removed: u64,
}

impl Counted {
    fn now(self) -> Option<u64> {
        let count = self.at_the_start? + self.added;
        Some(count.saturating_sub(self.removed))
    }
}

impl Database {
    /// Opens the file, and makes it when it is not there.
    pub(super) fn open(path: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, FileError> {
        let writer = schema::open_writer(&path, clock.now())?;
        let identity = Identity::of(&path).map_err(|error| FileError::look(&path, &error))?;
        let feed = EmbeddedFeed::open(path.clone(), Arc::clone(&clock), &writer);
        let feed = feed.map_err(FileError::open(&path))?;
        let few = receipts::count(&writer, receipts::COUNTED_AT_ONCE)
            .map_err(|error| FileError::look(&path, &error))?;
        Ok(Self {
            path,
            clock,
            writer: Mutex::new(writer),
            feed,
            readers: Mutex::new(Vec::new()),
            identity,
            moved: Sender::new(None),
            receipts: Mutex::new(Counted {
                at_the_start: (few < receipts::COUNTED_AT_ONCE).then_some(few),
                ..Counted::default()
            }),
        })
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic left no transaction open: rusqlite rolls back when one is dropped.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes, if the files are where they were, unless the writer is not free before the deadline:
    /// then nobody waits for it any more, and those who do would wait for what is in vain. What is written to one that is moved away meanwhile
    /// does not count as written: whoever wrote it does so again.
    pub(super) fn write<T>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&mut Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let mut writer = self.writer();
        if self.clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
        self.in_place()?;
        let written = work(&mut writer)?;
        self.in_place()?;
        Ok(written)
    }

    fn in_place(&self) -> Result<(), StoreError> {
        self.look()
            .map_or(Ok(()), |problem| Err(StoreError::Unavailable(problem)))
    }

    /// Notes whether the files are where they were; why not.
    pub(super) fn look(&self) -> Option<String> {
        self.identity.look(&self.moved)
    }

    /// A reader is given back only when its page went well; any other is closed.
    pub(super) fn with_reader<T>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, ReadError>,
    ) -> Result<T, StoreError> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = readers().pop();
        let mut reader = if let Some(reader) = idle {
            reader
        } else {
            self.in_place()?;
            Reader::open(&self.path)?
        };
        let result = read(&mut reader)?;
        readers().push(reader);
        Ok(result)
    }

    pub(super) fn counted(&self) -> MutexGuard<'_, Counted> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The markers of receipt in numbers, once they are counted.
    pub(super) fn receipts(&self) -> Option<Receipts> {
        self.counted().now().map(receipts::told)
    }

    /// Counts the markers of receipt, unless that was done. Writes go on meanwhile.
    pub(super) fn count_receipts(&self) -> Result<(), rusqlite::Error> {
        if self.counted().at_the_start.is_some() {
            return Ok(());
        }
        let reader = open_reader(&self.path)?;
        let changes = {
            let _nobody_writes = self.writer();
            // What is counted is what there is at the first read.
            reader.execute_batch("BEGIN")?;
            receipts::count(&reader, 1)?;
            *self.counted()
        };
        let count = receipts::count(&reader, u64::MAX)? + changes.removed;
        self.counted().at_the_start = Some(count.saturating_sub(changes.added));
        Ok(())
    }
}
