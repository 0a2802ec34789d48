//! The way of a batch from the handler to the store: the write lane, and what its workers do.
//!
//! The spool will stand here: [`Intake::accept`] then answers once the batch is fsynced, and the
//! spool's reader submits it to the lane. Until then a batch is accepted when the store has it
//! durably.

use crate::admission::Reservation;
use crate::batch::Batch;
use crate::clock::Clock;
use crate::store::guard::{CallError, Guard};
use crate::store::{InsertReport, Store, StoreError};
use crate::worker::{Handler, JobError, Lane, LaneSnapshot};
use async_trait::async_trait;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Documents in one insert command or transaction at most; beyond 1000 little is gained.
const INSERT_DOCUMENTS: usize = 5_000;
/// Bytes in one insert command at most; MongoDB takes 48 MB, SQLite writes smoothly at this size.
const INSERT_BYTES: usize = 8 * 1024 * 1024;
/// An insert that failed in passing is sent again: the ids are the same, so nothing is doubled.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How safe a batch is when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The store has it durably.
    Stored,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Accepted {
    /// How safe it is.
    pub durability: Durability,
    /// What the store said.
    pub report: InsertReport,
}

/// Takes batches.
pub struct Intake {
    lane: Lane<Writer>,
    writer: Arc<Writer>,
}

/// A batch on its way, with the room that it takes up.
pub struct WriteJob {
    batch: Batch,
    _room: Reservation,
}

impl Intake {
    /// Starts the write lane.
    pub fn start(
        store: Arc<dyn Store>,
        guard: Guard,
        clock: Arc<dyn Clock>,
        capacity: usize,
        workers: usize,
    ) -> (Self, JoinHandle<()>) {
        let writer = Arc::new(Writer {
            store,
            guard,
            clock: Arc::clone(&clock),
        });
        let (lane, dispatcher) = Lane::start(capacity, workers, Arc::clone(&writer), clock);
        (Self { lane, writer }, dispatcher)
    }

    /// Makes a batch durable. Without an answer by `deadline`, it may be stored or not; sending it
    /// again under its key is safe.
    ///
    /// # Errors
    /// [`JobError`]; then the batch counts as not accepted.
    pub async fn accept(
        &self,
        batch: Batch,
        room: Reservation,
        deadline: Duration,
    ) -> Result<Accepted, JobError<CallError>> {
        let job = WriteJob { batch, _room: room };
        let report = self.lane.submit(job, deadline).await?;
        Ok(Accepted {
            durability: Durability::Stored,
            report,
        })
    }

    /// The lane in numbers.
    pub fn lane(&self) -> LaneSnapshot {
        self.lane.snapshot()
    }

    /// The breaker in front of the store's writes.
    pub fn guard(&self) -> &Guard {
        &self.writer.guard
    }
}

/// What the workers of the write lane do.
struct Writer {
    store: Arc<dyn Store>,
    guard: Guard,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Writer {
    type Job = WriteJob;
    type Output = InsertReport;
    type Error = CallError;

    async fn run(&self, job: WriteJob, deadline: Duration) -> Result<InsertReport, CallError> {
        let mut batch = job.batch;
        if batch.needs_receipt() {
            let (id, received_at) = (batch.id, batch.received_at);
            let known = self
                .persist(deadline, || {
                    let store = Arc::clone(&self.store);
                    async move { store.receipt(id, received_at).await }
                })
                .await?;
            batch.date(known);
        }
        let documents = Arc::new(batch.documents);
        let mut report = InsertReport::default();
        for range in documents.chunks(INSERT_DOCUMENTS, INSERT_BYTES) {
            let insert = || {
                let (store, documents) = (Arc::clone(&self.store), Arc::clone(&documents));
                let range: Range<usize> = range.clone();
                async move { store.insert(documents, range, deadline).await }
            };
            report.add(self.persist(deadline, insert).await?);
        }
        Ok(report)
    }
}

impl Writer {
    /// Calls the store, again after a pause when it failed in passing and there is time.
    async fn persist<T, F>(
        &self,
        deadline: Duration,
        operation: impl Fn() -> F,
    ) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.guard.call(deadline, operation()).await {
                Err(CallError::Store(StoreError::Unavailable(reason)))
                    if self.clock.elapsed() + pause < deadline =>
                {
                    tracing::debug!(reason, "an insert failed in passing; sending it again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                result => return result,
            }
        }
        self.guard.call(deadline, operation()).await
    }
}
