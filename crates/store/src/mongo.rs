//! MongoDB: one readable document per record in a clustered collection.
//!
//! The service starts whether or not MongoDB answers. A task in the background connects, prepares
//! the collection and tries again every second until that is done; until then a call fails at once
//! with the reason of the last attempt.

mod bounded;
mod client;
mod collection;
mod error;
mod insert;
mod read;

use super::address::MongoAddress;
use super::budget::Budget;
use super::counts::Counts;
use super::page_reply::PageReply;
use super::{InsertReport, PageLimit, Store, StoreError, StoreStatus};
use async_trait::async_trait;
use bounded::bounded;
use client::{LazyClient, Reachability};
use logs::Timestamp;
use logs::clock::Clock;
use mongodb::Database;
use query::Query;
use query::interval::Interval;
use read::CountTask;
use record::documents::DocumentList;
use record::id::{BatchId, RecordId};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Between two attempts to prepare the collection.
const PREPARE_INTERVAL: Duration = Duration::from_secs(1);
/// How long one attempt may take before the next one starts.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(15);

/// Where in MongoDB the records are.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server or servers.
    pub address: MongoAddress,
    /// The database.
    pub database: String,
    /// The collection; its name with `_receipts` and `_meta` behind it names two small ones.
    pub collection: String,
    /// How new collections are compressed; `None` leaves it to the server.
    pub compression: Option<String>,
    /// Connections at most, for each of the two clients.
    pub max_connections: u32,
}

/// Records in a collection of MongoDB, with a client of its own for each lane.
pub struct MongoStore {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    readiness: watch::Receiver<Readiness>,
    _stop_preparing: DropGuard,
}

struct Shared {
    target: Target,
    writes: LazyClient,
    reads: LazyClient,
    /// What the client of the writes sees of the servers.
    writable: Arc<Reachability>,
    /// What that of the reads sees.
    readable: Arc<Reachability>,
}

/// How far the preparation has come.
#[derive(Debug, Clone)]
enum Readiness {
    /// The first attempt is under way.
    Connecting,
    /// The last attempt failed.
    Failed(StoreError),
    /// The collection is there.
    Ready,
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
        });
        let (sender, readiness) = watch::channel(Readiness::Connecting);
        let stop = CancellationToken::new();
        tokio::spawn(prepare(
            Arc::clone(&shared),
            Arc::clone(&clock),
            sender,
            stop.clone(),
        ));
        Self {
            shared,
            clock,
            readiness,
            _stop_preparing: stop.drop_guard(),
        }
    }

    /// Waits for the first attempt to prepare the collection, and no longer.
    async fn ready(&self) -> Result<(), StoreError> {
        let mut readiness = self.readiness.clone();
        let state = readiness
            .wait_for(|state| !matches!(state, Readiness::Connecting))
            .await;
        match state.as_deref() {
            Ok(Readiness::Ready) => Ok(()),
            Ok(Readiness::Failed(error)) => Err(error.clone()),
            _ => Err(StoreError::Unavailable(
                "the service is stopping".to_owned(),
            )),
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

async fn prepare(
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    readiness: watch::Sender<Readiness>,
    stop: CancellationToken,
) {
    loop {
        let (attempt, now) = (Arc::clone(&shared), clock.now());
        let task = tokio::spawn(async move {
            bounded(PREPARE_TIMEOUT, async {
                let database = attempt.writes().await?;
                collection::prepare(&database, &attempt.target, now).await
            })
            .await
        });
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(PREPARE_TIMEOUT, task) => outcome,
            () = stop.cancelled() => return,
        };
        match outcome {
            Ok(Ok(Ok(shape))) => {
                tracing::info!(store = %shared.target.address, collection = shared.target.collection, shape, "MongoDB is ready");
                readiness.send_replace(Readiness::Ready);
                return;
            }
            Ok(Ok(Err(error))) => note_failure(&readiness, error),
            Ok(Err(panicked)) => {
                note_failure(&readiness, StoreError::Unavailable(panicked.to_string()));
            }
            Err(_) => note_failure(&readiness, StoreError::Timeout),
        }
        tokio::select! {
            () = tokio::time::sleep(PREPARE_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Says it once for each new reason, not once a second.
fn note_failure(readiness: &watch::Sender<Readiness>, error: StoreError) {
    let known = matches!(&*readiness.borrow(), Readiness::Failed(before) if *before == error);
    if !known {
        tracing::warn!(%error, "MongoDB is not ready; trying again every second");
    }
    readiness.send_replace(Readiness::Failed(error));
}

#[async_trait]
impl Store for MongoStore {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        self.ready().await?;
        let database = self.shared.writes().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        let inserting = insert::insert(&database, &target.collection, &documents, range, left);
        bounded(left, inserting)
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    async fn receipts(
        &self,
        batches: Vec<(BatchId, Timestamp)>,
        deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.ready().await?;
        let database = self.shared.writes().await?;
        let (target, left) = (&self.shared.target, self.left(deadline));
        let receiving = insert::receipts(&database, &target.collection, &batches, left);
        bounded(left, receiving)
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
        self.ready().await?;
        let database = self.shared.reads().await?;
        let target = &self.shared.target;
        let left = self.left(deadline);
        let budget = Budget::start(limit, Arc::clone(&self.clock));
        let reading = read::page(&database, &target.collection, query, after, budget, left);
        bounded(left, reading)
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        interval: Interval,
        time: Duration,
        deadline: Duration,
    ) -> Result<Counts, StoreError> {
        self.ready().await?;
        let database = self.shared.reads().await?;
        let target = &self.shared.target;
        let task = CountTask {
            database: &database,
            collection: &target.collection,
            query,
            interval,
            clock: &*self.clock,
            until: self.clock.elapsed() + time,
            deadline,
        };
        bounded(self.left(deadline), task.counts(after))
            .await
            .map_err(|error| error.scrub(&target.address))
    }

    fn status(&self) -> StoreStatus {
        let target = &self.shared.target;
        let problem = match &*self.readiness.borrow() {
            Readiness::Connecting => Some("the first connection is under way".to_owned()),
            Readiness::Failed(error) => Some(error.to_string()),
            Readiness::Ready if !self.shared.writable.is_writable() => {
                Some("no server that takes writes can be reached".to_owned())
            }
            Readiness::Ready => None,
        };
        StoreStatus {
            kind: "mongodb",
            location: format!(
                "{} {}.{}",
                target.address, target.database, target.collection
            ),
            available: problem.is_none(),
            problem,
        }
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
