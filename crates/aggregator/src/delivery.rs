//! One portion of the spool on its way to the store: sent until every record of it has its fate.

use crate::batch::{Batch, Documents};
use crate::clock::Clock;
use crate::idempotency::Keys;
use crate::record_id::BatchId;
use crate::rejected::{Refusal, Rejected};
use crate::spool::{BatchOutcome, Spool, Spooled};
use crate::store::guard::{CallError, Guard};
use crate::store::{InsertReport, Refused, Store, StoreError};
use crate::worker::{Handler, JobError, Lane};
use async_trait::async_trait;
use logs::Timestamp;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Documents in one insert command or transaction at most; beyond 1000 little is gained.
pub(crate) const INSERT_DOCUMENTS: usize = 5_000;
/// Bytes in one insert command at most; MongoDB takes 48 MB, SQLite writes smoothly at this size.
pub(crate) const INSERT_BYTES: usize = 8 * 1024 * 1024;
/// A document that is refused for an unknown reason is sent so often, alone, before it is believed.
const ATTEMPTS_ALONE: u32 = 3;
/// Work that panicked so often is divided, to find the document that does it.
const PANICS: u32 = 3;
/// After the first failure; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// While what is set aside takes all the room that it may.
const ASIDE_PAUSE: Duration = Duration::from_secs(1);

/// What a worker of the write lane is asked to do.
pub enum Work {
    /// Remember, or give, the times of receipt of batches.
    Receipts(Vec<(BatchId, Timestamp)>),
    /// Store these documents of a batch.
    Insert(Arc<Documents>, Range<usize>),
}

/// What came of it.
pub enum Done {
    /// The times of receipt.
    Receipts(Vec<Timestamp>),
    /// What became of the documents.
    Inserted(InsertReport),
}

/// What the workers of the write lane do.
pub struct Writer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) guard: Guard,
}

#[async_trait]
impl Handler for Writer {
    type Job = Work;
    type Output = Done;
    type Error = CallError;

    async fn run(&self, work: Work, deadline: Duration) -> Result<Done, CallError> {
        let store = Arc::clone(&self.store);
        let operation = async move {
            match work {
                Work::Receipts(batches) => store.receipts(batches).await.map(Done::Receipts),
                Work::Insert(documents, range) => {
                    let inserted = store.insert(documents, range, deadline).await;
                    inserted.map(Done::Inserted)
                }
            }
        };
        self.guard.call(deadline, operation).await
    }
}

/// What every delivery works with.
pub(crate) struct Courier {
    pub(crate) spool: Spool,
    pub(crate) lane: Lane<Writer>,
    pub(crate) rejected: Arc<Rejected>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For one job of the lane.
    pub(crate) timeout: Duration,
    /// Why the last attempt failed, until one succeeds.
    pub(crate) problem: Mutex<Option<String>>,
}

/// Where a batch's documents stand in the documents of its portion.
struct Part {
    seq: u64,
    range: Range<usize>,
    bytes: u64,
}

impl Courier {
    /// Delivers a portion. Goes on until it is done; dropping the future leaves it in the spool.
    pub(crate) async fn deliver(&self, portion: Vec<Spooled>) {
        for Spooled { batch, .. } in &portion {
            if let Some(key) = batch.key() {
                // Known already, but for a batch of an earlier life of the process.
                self.keys.remember(*key, batch.id);
            }
        }
        let (parts, documents) = self.prepare(portion).await;
        let documents = Arc::new(documents);
        let mut report = InsertReport::default();
        let mut left = documents.chunks(INSERT_DOCUMENTS, INSERT_BYTES);
        left.reverse();
        while let Some(range) = left.pop() {
            match self.insert(&documents, range.clone()).await {
                Ok(inserted) => report.add(inserted),
                Err(reason) if range.len() == 1 => report.doubtful.push(Refused {
                    position: range.start,
                    reason,
                }),
                // The whole command was refused: the document that is to blame is looked for.
                Err(_) => {
                    let middle = range.start + range.len() / 2;
                    left.push(middle..range.end);
                    left.push(range.start..middle);
                }
            }
        }
        for doubtful in std::mem::take(&mut report.doubtful) {
            let again = self.insert_alone(&documents, doubtful).await;
            report.add(again);
        }
        self.set_aside(&documents, &report.refused).await;
        for part in parts {
            let outcome = outcome(&part.range, &report);
            self.spool.done(part.seq, part.bytes, outcome);
        }
    }

    /// Dates what came without a time, and puts all documents one behind another.
    async fn prepare(&self, mut portion: Vec<Spooled>) -> (Vec<Part>, Documents) {
        let wanting = |batch: &Batch| {
            batch
                .needs_receipt()
                .then_some((batch.id, batch.received_at))
        };
        let asked: Vec<_> = portion
            .iter()
            .filter_map(|spooled| wanting(&spooled.batch))
            .collect();
        if !asked.is_empty() {
            let times = self.receipts(asked).await;
            let undated = portion
                .iter_mut()
                .filter(|spooled| spooled.batch.needs_receipt());
            for (spooled, time) in undated.zip(times) {
                spooled.batch.date(time);
            }
        }
        let (mut parts, mut all) = (Vec::with_capacity(portion.len()), Documents::default());
        for Spooled { seq, batch } in portion {
            let (start, bytes) = (all.len(), batch.documents.encoded_bytes() as u64);
            if all.is_empty() {
                all = batch.documents;
            } else {
                all.append(&batch.documents);
            }
            let range = start..all.len();
            parts.push(Part { seq, range, bytes });
        }
        (parts, all)
    }

    async fn receipts(&self, asked: Vec<(BatchId, Timestamp)>) -> Vec<Timestamp> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.submit(Work::Receipts(asked.clone())).await {
                Ok(Done::Receipts(times)) if times.len() == asked.len() => return times,
                Ok(_) => {
                    self.rest(&mut pause, "the store gave no receipts", None)
                        .await;
                }
                Err(error) => self.rest_after(&mut pause, &error).await,
            }
        }
    }

    /// Inserts until the store has answered for every document.
    ///
    /// # Errors
    /// The reason when the store refuses the command as a whole, however often it is sent.
    async fn insert(
        &self,
        documents: &Arc<Documents>,
        range: Range<usize>,
    ) -> Result<InsertReport, String> {
        let (mut pause, mut panics) = (FIRST_PAUSE, 0);
        loop {
            let work = Work::Insert(Arc::clone(documents), range.clone());
            match self.submit(work).await {
                Ok(Done::Inserted(report)) => return Ok(report),
                Ok(Done::Receipts(_)) => return Err("the lane mixed up its jobs".to_owned()),
                Err(JobError::Failed(CallError::Store(StoreError::Rejected(reason)))) => {
                    return Err(reason);
                }
                Err(JobError::Panicked) if panics + 1 >= PANICS => {
                    return Err("writing it panicked".to_owned());
                }
                Err(error) => {
                    panics += u32::from(matches!(error, JobError::Panicked));
                    self.rest_after(&mut pause, &error).await;
                }
            }
        }
    }

    /// Sends one document that was refused for an unknown reason, a few times more.
    async fn insert_alone(&self, documents: &Arc<Documents>, doubtful: Refused) -> InsertReport {
        let range = doubtful.position..doubtful.position + 1;
        let (mut pause, mut last) = (FIRST_PAUSE, doubtful);
        for _ in 0..ATTEMPTS_ALONE {
            self.rest(&mut pause, &last.reason, None).await;
            match self.insert(documents, range.clone()).await {
                Ok(mut report) => match report.doubtful.pop() {
                    Some(again) => last = again,
                    None => return report,
                },
                Err(reason) => last.reason = reason,
            }
        }
        InsertReport {
            refused: vec![last],
            ..InsertReport::default()
        }
    }

    /// Keeps what the store refused, durably. While there is no room for it, nothing goes on.
    async fn set_aside(&self, documents: &Documents, refused: &[Refused]) {
        if refused.is_empty() {
            return;
        }
        let refusals: Vec<Refusal> = refused
            .iter()
            .filter_map(|refused| {
                let document = documents
                    .slices(refused.position..refused.position + 1)
                    .next()?;
                Some(Refusal::new(document, &refused.reason, self.clock.now()))
            })
            .collect();
        let first = refused.first().map(|refused| refused.reason.as_str());
        tracing::warn!(
            count = refused.len(),
            reason = first,
            "the store refused records for good; they are set aside"
        );
        while let Err(error) = self.rejected.add(refusals.clone()).await {
            let reason = format!("refused records cannot be set aside: {error}");
            self.rest(&mut ASIDE_PAUSE.clone(), &reason, None).await;
        }
    }

    async fn submit(&self, work: Work) -> Result<Done, JobError<CallError>> {
        let deadline = self.clock.elapsed() + self.timeout;
        let done = self.lane.submit(work, deadline).await?;
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        if problem.take().is_some() {
            tracing::info!("the store takes batches again");
        }
        Ok(done)
    }

    async fn rest_after(&self, pause: &mut Duration, error: &JobError<CallError>) {
        let (reason, wait) = match error {
            JobError::Failed(CallError::Open { retry_after }) | JobError::Full { retry_after } => {
                (None, Some(*retry_after))
            }
            JobError::Failed(CallError::Store(error)) => (Some(error.to_string()), None),
            JobError::Panicked => (Some("a write panicked".to_owned()), None),
            JobError::Expired | JobError::Closed => (None, None),
        };
        self.rest(pause, &reason.unwrap_or_default(), wait).await;
    }

    /// Notes why it is not going on, says it once, and waits.
    async fn rest(&self, pause: &mut Duration, reason: &str, wait: Option<Duration>) {
        if !reason.is_empty() {
            let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
            if problem.is_none() {
                tracing::warn!(
                    reason,
                    "the store does not take batches; they wait in the spool"
                );
            }
            *problem = Some(reason.to_owned());
        }
        tokio::time::sleep(wait.unwrap_or(*pause)).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

/// What became of one batch of a portion.
fn outcome(range: &Range<usize>, report: &InsertReport) -> BatchOutcome {
    let within = |position: &&usize| range.contains(position);
    let already_stored = report.already_stored.iter().filter(within).count() as u64;
    let refused = report.refused.iter().map(|refused| &refused.position);
    let refused = refused.filter(within).count() as u64;
    BatchOutcome {
        stored: (range.len() as u64).saturating_sub(already_stored + refused),
        already_stored,
        refused,
    }
}

#[cfg(test)]
mod tests;
