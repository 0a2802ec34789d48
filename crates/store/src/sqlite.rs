//! The embedded store: one SQLite file, one table, one writer, a reader per read worker.
//!
//! WAL with `synchronous=FULL`: a committed transaction has been fsynced.

mod message_filter;
mod read;
mod reader;
mod schema;
mod write;

pub use schema::{SchemaError, open_reader};

use super::budget::Budget;
use super::counts::Counts;
use super::page_reply::PageReply;
use super::{InsertReport, PageLimit, Store, StoreError, StoreStatus};
use async_trait::async_trait;
use logs::Timestamp;
use logs::clock::Clock;
use query::Query;
use query::interval::Interval;
use reader::Reader;
use record::documents::DocumentList;
use record::id::{BatchId, RecordId};
use rusqlite::{Connection, ErrorCode};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "logs.sqlite3";

/// Records in a SQLite file.
pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    writer: Mutex<Connection>,
    /// Connections that no page is being read with.
    readers: Mutex<Vec<Reader>>,
}

impl SqliteStore {
    /// Opens the file in `folder`, and makes it when it is not there.
    ///
    /// # Errors
    /// [`SchemaError`] when it cannot be opened or was written by a later version.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, SchemaError> {
        let path = folder.join(FILE_NAME);
        let writer = schema::open_writer(&path, clock.now())?;
        let shared = Shared {
            path,
            clock,
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Runs blocking work on a thread for such; a panic there goes on here.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        match tokio::task::spawn_blocking(move || work(&shared)).await {
            Ok(result) => result.map_err(|error| classify(&error)),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Err(_) => Err(StoreError::Unavailable(
                "the service is stopping".to_owned(),
            )),
        }
    }
}

impl Shared {
    fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic left no transaction open: rusqlite rolls back when one is dropped.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader is given back only when its page went well; any other is closed.
    fn with_reader<T>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = readers().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::open(&self.path)?,
        };
        let result = read(&mut reader)?;
        readers().push(reader);
        Ok(result)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        _deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        self.blocking(move |shared| {
            let rows = write::Rows::new(&documents, range);
            write::insert(&mut shared.writer(), &rows)
        })
        .await
    }

    async fn receipts(
        &self,
        batches: Vec<(BatchId, Timestamp)>,
        _deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.blocking(move |shared| write::receipts(&mut shared.writer(), &batches))
            .await
    }

    async fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        let query = Arc::new(query.clone());
        self.blocking(move |shared| {
            let clock = Arc::clone(&shared.clock);
            let budget = Budget::start(limit, Arc::clone(&clock));
            let is_late = move || clock.elapsed() >= deadline;
            let page =
                shared.with_reader(|reader| read::page(reader, &query, after, budget, is_late));
            page.map(PageReply::Page)
        })
        .await
    }

    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        interval: Interval,
        time: Duration,
        deadline: Duration,
    ) -> Result<Counts, StoreError> {
        let query = Arc::new(query.clone());
        self.blocking(move |shared| {
            let clock = Arc::clone(&shared.clock);
            let is_late = move || clock.elapsed() >= deadline;
            let until = shared.clock.elapsed() + time;
            let is_over = || shared.clock.elapsed() >= until;
            shared.with_reader(|reader| {
                let counts = Counts::new(interval);
                read::counts(reader, &query, after, counts, is_over, is_late)
            })
        })
        .await
    }

    fn status(&self) -> StoreStatus {
        StoreStatus {
            kind: "sqlite",
            location: self.shared.path.display().to_string(),
            available: true,
            problem: None,
        }
    }

    async fn close(&self) {
        let closed = self
            .blocking(|shared| {
                shared
                    .writer()
                    .execute_batch("PRAGMA wal_checkpoint(PASSIVE)")
            })
            .await;
        if let Err(error) = closed {
            tracing::warn!(%error, "the last checkpoint failed; the next start makes it up");
        }
    }
}

fn classify(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StoreError::QueryTooSlow,
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => {
            StoreError::Rejected(text)
        }
        _ => StoreError::Unavailable(text),
    }
}
