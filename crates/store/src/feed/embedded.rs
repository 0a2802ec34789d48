//! The feed of an embedded store, of either layout: one that is written with each portion, and read beside that.

use super::table::{Announcement, EntryWriter, entries_behind, newest};
use super::{EntriesBehind, FeedSource, Vector};
use crate::StoreError;
use crate::blocking::blocking;
use crate::database_file::open_reader;
use async_trait::async_trait;
use logs::clock::Clock;
use rusqlite::Connection;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch::Sender;

/// After so long a reader looks whether or not it was told of an entry.
const LOOKS_EVERY: Duration = Duration::from_secs(1);
/// Connections that are kept for the next read.
const MOST_IDLE: usize = 2;

/// The feed in a file. It keeps nothing of the store open but the connections that it reads with.
#[derive(Clone)]
pub(crate) struct EmbeddedFeed {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    writer: Mutex<EntryWriter>,
    /// Connections that nothing is being read with; `None` once the store is closed.
    idle: Mutex<Option<Vec<Connection>>>,
    written: Sender<()>,
}

impl EmbeddedFeed {
    /// Begins a life of the feed in the file at this path, which `connection` has open.
    pub(crate) fn open(
        path: PathBuf,
        clock: Arc<dyn Clock>,
        connection: &Connection,
    ) -> Result<Self, rusqlite::Error> {
        let inner = Inner {
            path,
            clock,
            writer: Mutex::new(EntryWriter::new(connection)?),
            idle: Mutex::new(Some(Vec::new())),
            written: Sender::new(()),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Writes the next entry, in the transaction that stores what it announces.
    pub(crate) fn write(
        &self,
        transaction: &Connection,
        announcement: &Announcement,
    ) -> Result<(), rusqlite::Error> {
        let writer = self.inner.writer.lock();
        let mut writer = writer.unwrap_or_else(PoisonError::into_inner);
        writer.write(transaction, announcement)
    }

    /// Tells who follows it that such a transaction is committed.
    pub(crate) fn tell(&self) {
        self.inner.written.send_replace(());
    }

    /// Reads are at an end.
    pub(crate) fn close(&self) {
        *self.inner.idle() = None;
    }

    async fn read<T: Send + 'static>(
        &self,
        deadline: Duration,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.read(deadline, read)).await
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads of one state of the file, whatever is written meanwhile. A connection that failed is not used again.
    fn read<T>(
        &self,
        deadline: Duration,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
        let idle = match self.idle().as_mut() {
            Some(idle) => idle.pop(),
            None => {
                let closed = "the store is closed".to_owned();
                return Err(StoreError::Unavailable(closed));
            }
        };
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path)?,
        };
        connection.execute_batch("BEGIN")?;
        let found = read(&connection)?;
        connection.execute_batch("COMMIT")?;
        if let Some(idle) = self.idle().as_mut()
            && idle.len() < MOST_IDLE
        {
            idle.push(connection);
        }
        Ok(found)
    }
}

#[async_trait]
impl FeedSource for EmbeddedFeed {
    /// What can be read is announced: both are committed as one.
    async fn settled(&self, deadline: Duration) -> Result<Vector, StoreError> {
        self.read(deadline, newest).await
    }

    async fn behind(
        &self,
        after: &Vector,
        limit: usize,
        deadline: Duration,
    ) -> Result<EntriesBehind, StoreError> {
        let after = after.clone();
        let read = move |connection: &Connection| entries_behind(connection, &after, limit);
        self.read(deadline, read).await
    }

    /// From the call on, and not only from when it is awaited: who calls this, then asks for entries, and then awaits it misses
    /// none.
    fn changed<'call, 'made>(&'call self) -> Pin<Box<dyn Future<Output = ()> + Send + 'made>>
    where
        'call: 'made,
        Self: 'made,
    {
        let mut written = self.inner.written.subscribe();
        Box::pin(async move {
            drop(tokio::time::timeout(LOOKS_EVERY, written.changed()).await);
        })
    }

    fn way(&self) -> &'static str {
        "embedded"
    }
}
