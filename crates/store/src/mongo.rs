//! MongoDB: one readable document per record in a clustered collection.
//!
//! The service starts whether or not MongoDB answers. A task in the background connects, prepares
//! the collection and tries again every second until that is done; until then a call fails at once
//! with the reason of the last attempt. From then on it looks at the collection now and then. Writes
//! are held to the collection that was prepared: one that finds another in its place, or none, is
//! not done, and waits until that was looked at.

mod aggregators;
mod bounded;
mod client;
mod collection;
mod delete;
mod deleted;
mod error;
mod insert;
mod keeper;
mod last_writes;
mod read;
mod receipts;
mod removing;
mod reply;
mod size;
mod storing;
mod target;

pub use target::{NewFormat, Target};

use super::aggregators::Aggregators;
use super::budget::Budget;
use super::counts::Counts;
use super::facets::{Facets, FacetsLimit, FacetsStep, by_pages};
use super::figures::StoreSize;
use super::page_reply::PageReply;
use super::removal::{Removal, RemovalStep};
use super::{Forgotten, InsertReport, PageLimit, ReceiptKey, Store, StoreError, StoreStatus};
use aggregators::OnServer;
use async_trait::async_trait;
use bounded::bounded;
use client::{LazyClient, Reachability};
use insert::InsertError;
use keeper::{Keeper, Readiness};
use last_writes::{LastWrites, Written};
use logs::Timestamp;
use logs::clock::Clock;
use mongodb::Database;
use query::Query;
use query::buckets::Buckets;
use read::CountTask;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::RecordId;
use removing::{RemovalTask, Stride};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Records in a collection of MongoDB, with a client of its own for each lane.
pub struct MongoStore {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    _keeping: AbortOnDropHandle<()>,
}

struct Shared {
    target: Target,
    writes: LazyClient,
    reads: LazyClient,
    /// What the client of the writes sees of the servers.
    writable: Arc<Reachability>,
    /// What that of the reads sees.
    readable: Arc<Reachability>,
    keeper: Keeper,
    last_writes: LastWrites,
    deleted: deleted::Memory,
    removing: Stride,
}

impl MongoStore {
    /// Begins to connect, in the background.
    pub fn start(target: Target, clock: Arc<dyn Clock>) -> Self {
        let (writable, readable) = <(Arc<Reachability>, Arc<Reachability>)>::default();
        let shared = Arc::new(Shared {
            writes: LazyClient::new(&target, Arc::clone(&writable)),
            reads: LazyClient::new(&target, Arc::clone(&readable)),
            target,
            writable,
            readable,
            keeper: Keeper::default(),
            last_writes: LastWrites::default(),
            deleted: deleted::Memory::default(),
            removing: Stride::default(),
        });
        let keeping = keeper::keep(Arc::clone(&shared), Arc::clone(&clock));
        Self {
            shared,
            clock,
            _keeping: AbortOnDropHandle::new(tokio::spawn(keeping)),
        }
    }

    fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }
}

impl Shared {
    async fn writes(&self) -> Result<Database, StoreError> {
        Ok(self.writes.get().await?.database(&self.target.database))
    }

    async fn reads(&self) -> Result<Database, StoreError> {
        Ok(self.reads.get().await?.database(&self.target.database))
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        let inserted = self.insert_kept((&documents, range), deadline).await;
        let inserted = inserted.map_err(|error| error.scrub(&self.shared.target.address));
        self.shared.last_writes.note(Written::Records, &inserted);
        inserted
    }

    async fn receipts(
        &self,
        batches: Vec<BatchOrigin>,
        deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let format = self.shared.keeper.ready().await?.format;
        let database = self.shared.writes().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        let receiving = receipts::remember(&database, target, format, &batches, left);
        let known = bounded(left, receiving)
            .await
            .map_err(|error| match error.late() {
                InsertError::Store(error) => error.scrub(&target.address),
                other => StoreError::Unavailable(format!("{other:?}")),
            });
        self.shared.last_writes.note(Written::Receipts, &known);
        known
    }

    async fn forget_receipts(
        &self,
        after: Option<ReceiptKey>,
        before: Timestamp,
        deadline: Duration,
    ) -> Result<Forgotten, StoreError> {
        self.shared.keeper.ready().await?;
        let database = self.shared.writes().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        let forgetting = receipts::forget(&database, target, after, before, left);
        bounded(left, forgetting)
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    async fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        let format = self.shared.keeper.ready().await?.format;
        let database = self.shared.reads().await?;
        let target = &self.shared.target;
        let left = self.left(deadline);
        let budget = Budget::start(limit, Arc::clone(&self.clock));
        let source = (&database, target.collection.as_str(), format);
        let reading = read::page(source, query, after, budget, left);
        bounded(left, reading)
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        time: Duration,
        deadline: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        let format = self.shared.keeper.ready().await?.format;
        let database = self.shared.reads().await?;
        let target = &self.shared.target;
        let task = CountTask {
            database: &database,
            collection: &target.collection,
            format,
            query,
            buckets,
            clock: &*self.clock,
            until: self.clock.elapsed() + time,
            deadline,
        };
        bounded(self.left(deadline), task.counts(after))
            .await
            .map(Some)
            .map_err(|error| error.scrub(&target.address))
    }

    async fn facets(
        &self,
        query: &Query,
        after: Option<RecordId>,
        facets: Facets,
        limit: FacetsLimit,
        deadline: Duration,
    ) -> Result<FacetsStep, StoreError> {
        let until = self.clock.elapsed() + limit.time;
        let goes_on = || self.clock.elapsed() < until;
        by_pages::step(self, query, after, facets, limit, deadline, goes_on).await
    }

    async fn remove(
        &self,
        removal: &Arc<Removal>,
        after: Option<RecordId>,
        time: Duration,
        deadline: Duration,
    ) -> Result<RemovalStep, StoreError> {
        let format = self.shared.keeper.ready().await?.format;
        let database = self.shared.writes().await?;
        let target = &self.shared.target;
        let task = RemovalTask {
            database: &database,
            collection: &target.collection,
            format,
            removal,
            stride: &self.shared.removing,
            memory: (&self.shared.deleted, target),
            clock: &self.clock,
            time,
            deadline,
        };
        bounded(self.left(deadline), task.step(after))
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    fn status(&self) -> StoreStatus {
        let target = &self.shared.target;
        let (state, last_writes) = (self.shared.keeper.state(), &self.shared.last_writes);
        let away = match &state {
            Readiness::Connecting => Some("the first connection is under way".to_owned()),
            Readiness::Gone => Some("the collection was dropped or replaced".to_owned()),
            Readiness::Failed(error) => Some(error.to_string()),
            Readiness::Ready(_) if !self.shared.writable.is_writable() => {
                Some("no server that takes writes can be reached".to_owned())
            }
            Readiness::Ready(_) => last_writes.problem(),
        };
        let (flaw, notes) = match state {
            Readiness::Ready(prepared) => {
                let unserved = self.shared.keeper.unserved();
                let notes = prepared.notes.into_iter().chain(unserved);
                (prepared.problem, notes.collect())
            }
            _ => (None, Vec::new()),
        };
        StoreStatus {
            kind: "mongodb",
            location: format!(
                "{} {}.{}",
                target.address, target.database, target.collection
            ),
            available: away.is_none(),
            problem: away.or(flaw),
            notes,
            receipts: self.shared.keeper.receipts(),
        }
    }

    async fn size(&self, deadline: Duration) -> Result<Option<StoreSize>, StoreError> {
        self.shared.keeper.ready().await?;
        let database = self.shared.reads().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        bounded(left, size::of(&database, target, left))
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    async fn forget_for_good(
        &self,
        documents: Arc<DocumentList>,
        deadline: Duration,
    ) -> Result<(), StoreError> {
        self.shared.keeper.ready().await?;
        let database = self.shared.writes().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        let remembering = async {
            let memory = &self.shared.deleted;
            memory.announce(&database, target, left).await?;
            let all = documents.slices(0..documents.len());
            let ids = all.filter_map(record::document::encoded_id);
            deleted::remember(&database, target, ids, left).await
        };
        bounded(left, remembering)
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    fn settles_within(&self) -> Duration {
        deleted::SETTLES_WITHIN
    }

    fn aggregators(&self) -> Option<Arc<dyn Aggregators>> {
        Some(Arc::new(OnServer::new(
            Arc::clone(&self.shared),
            Arc::clone(&self.clock),
        )))
    }

    async fn recovered(&self) {
        tokio::select! {
            () = self.shared.writable.recovered() => {}
            () = self.shared.readable.recovered() => {}
        }
    }

    async fn close(&self) {
        self.shared.writes.close().await;
        self.shared.reads.close().await;
    }
}
