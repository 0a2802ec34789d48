//! The embedded store: one SQLite file, one table and one for large texts, one writer, a reader per read worker.
//!
//! WAL with `synchronous=FULL`: a committed transaction has been fsynced.

pub(crate) mod all_rows;
mod database;
mod inspection;
mod large;
mod message_filter;
mod moving;
mod read;
mod reader;
mod receipts;
mod row_reader;
mod schema;
mod watch;
mod write;

pub use super::database_file::open_reader;
pub(crate) use inspection::{count, verify};
pub(crate) use row_reader::RowReader;
pub(crate) use schema::FORMAT_VERSION;

use super::blocking::blocking;
use super::budget::Budget;
use super::counts::Counts;
use super::database_file::{FileError, bytes_in_use};
use super::facets::{Facets, FacetsLimit, FacetsStep};
use super::feed::FeedSource;
use super::feed::table::Announcement;
use super::figures::{Figures, StoreSize};
use super::identity;
use super::page_reply::PageReply;
use super::{Forgotten, InsertReport, PageLimit, ReceiptKey, Store, StoreError, StoreStatus};
use async_trait::async_trait;
use database::Database;
use logs::Timestamp;
use logs::clock::Clock;
use query::Query;
use query::buckets::Buckets;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::RecordId;
use rusqlite::Connection;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "logs.sqlite3";

/// Records in a SQLite file.
pub struct SqliteStore {
    database: Arc<Database>,
}

impl SqliteStore {
    /// Opens the file in `folder`, and makes it when it is not there.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be opened or was written by a later version.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, FileError> {
        let database = Arc::new(Database::open(folder.join(FILE_NAME), clock)?);
        watch::start(&database);
        Ok(Self { database })
    }

    /// Runs work on a thread that may be held up.
    async fn blocking<T: Send + 'static, E: Into<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, E> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        blocking(move || work(&database)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        self.blocking(move |database| {
            let rows = write::Rows::new(&documents, range);
            let inserted = database.write(deadline, |writer| {
                let end = write::end_of_turn(&*database.clock, deadline);
                let announce = |transaction: &Connection, new: &write::New| {
                    let at = database.clock.now();
                    match Announcement::new(&new.announced, &new.spans, at) {
                        Some(announcement) => database.feed.write(transaction, &announcement),
                        None => Ok(()),
                    }
                };
                let is_over = || database.clock.elapsed() >= end;
                write::insert(writer, &rows, is_over, announce)
            });
            if inserted.as_ref().is_ok_and(|report| report.stored > 0) {
                database.feed.tell();
            }
            inserted
        })
        .await
    }

    async fn receipts(
        &self,
        batches: Vec<BatchOrigin>,
        deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.blocking(move |database| {
            database.write(deadline, |writer| {
                let (known, new) = receipts::remember(writer, &batches)?;
                database.counted().added += new as u64;
                Ok(known)
            })
        })
        .await
    }

    async fn forget_receipts(
        &self,
        after: Option<ReceiptKey>,
        before: Timestamp,
        deadline: Duration,
    ) -> Result<Forgotten, StoreError> {
        self.blocking(move |database| {
            database.write(deadline, |writer| {
                let forgotten = receipts::forget(writer, after, before)?;
                database.counted().removed += forgotten.removed;
                Ok(forgotten)
            })
        })
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
        self.blocking(move |database| {
            let clock = Arc::clone(&database.clock);
            let budget = Budget::start(limit, Arc::clone(&clock));
            let is_late = move || clock.elapsed() >= deadline;
            let page =
                database.with_reader(|reader| read::page(reader, &query, after, budget, is_late));
            page.map(PageReply::Page)
        })
        .await
    }

    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        time: Duration,
        deadline: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        let query = Arc::new(query.clone());
        let counts = Counts::new(Arc::clone(buckets));
        self.blocking(move |database| {
            let clock = Arc::clone(&database.clock);
            let is_late = move || clock.elapsed() >= deadline;
            let until = database.clock.elapsed() + time;
            let is_over = || database.clock.elapsed() >= until;
            database
                .with_reader(|reader| read::counts(reader, &query, after, counts, is_over, is_late))
        })
        .await
        .map(Some)
    }

    async fn facets(
        &self,
        query: &Query,
        after: Option<RecordId>,
        facets: Facets,
        limit: FacetsLimit,
        deadline: Duration,
    ) -> Result<FacetsStep, StoreError> {
        let query = Arc::new(query.clone());
        self.blocking(move |database| {
            let clock = Arc::clone(&database.clock);
            let budget = Budget::start(limit.unbounded(), Arc::clone(&clock));
            let is_late = move || clock.elapsed() >= deadline;
            database
                .with_reader(|reader| read::facets(reader, &query, after, facets, budget, is_late))
        })
        .await
    }

    fn status(&self) -> StoreStatus {
        let problem = self.database.moved.borrow().clone();
        StoreStatus {
            kind: "sqlite",
            location: self.database.path.display().to_string(),
            available: problem.is_none(),
            problem,
            notes: Vec::new(),
            receipts: self.database.receipts(),
        }
    }

    async fn figures(&self) -> Figures {
        let bytes = self.blocking(|database| Ok::<_, StoreError>(identity::bytes(&database.path)));
        Figures {
            file_bytes: bytes.await.ok().flatten(),
            blocks: None,
        }
    }

    async fn size(&self, _deadline: Duration) -> Result<Option<StoreSize>, StoreError> {
        self.blocking(|database| {
            let in_use = database.with_reader(|reader| Ok(bytes_in_use(&reader.connection)?))?;
            let on_disk = identity::bytes(&database.path).unwrap_or(in_use);
            Ok::<_, StoreError>(Some(StoreSize { in_use, on_disk }))
        })
        .await
    }

    async fn recovered(&self) {
        identity::recovered(&self.database.moved).await;
    }

    fn feed(&self) -> Option<Arc<dyn FeedSource>> {
        Some(Arc::new(self.database.feed.clone()))
    }

    async fn close(&self) {
        let closed = self
            .blocking(|database| {
                database.feed.close();
                let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
                let done = database.writer().execute_batch(checkpoint);
                done.map_err(StoreError::from)
            })
            .await;
        if let Err(error) = closed {
            tracing::warn!(%error, "the last checkpoint failed; the next start makes it up");
        }
    }
}
