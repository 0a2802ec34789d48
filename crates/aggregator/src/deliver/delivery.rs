//! One portion of the spool on its way to the store: sent until every record of it has its fate.

use super::outcome::{named, outcome};
use super::write_job::{WriteJob, WriteReply, Writer};
use crate::accounting::batch_status::BatchStatuses;
use crate::breaker::guard::CallError;
use crate::deliver::dead_letters::{DeadLetters, Refusal};
use crate::worker::{JobError, Lane};
use logs::Timestamp;
use logs::clock::Clock;
use record::batch::Batch;
use record::documents::DocumentList;
use record::id::BatchId;
use spool::{Spool, Spooled};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{InsertReport, Refused, StoreError};

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

/// What every delivery works with.
pub(crate) struct Delivery {
    pub(crate) spool: Spool,
    pub(crate) lane: Lane<Writer>,
    /// The same that works in the lane.
    pub(crate) writer: Arc<Writer>,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) statuses: Arc<BatchStatuses>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For one job of the lane.
    pub(crate) timeout: Duration,
    pub(crate) problems: Problems,
}

/// What stands in the way of a delivery at present.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    /// Why the last attempt failed, until one succeeds.
    attempt: Mutex<Option<String>>,
    /// Why refused records cannot be kept, until they can.
    aside: Mutex<Option<String>>,
}

/// Where a batch's documents stand in the documents of its portion.
struct Part {
    seq: u64,
    id: BatchId,
    range: Range<usize>,
    bytes: u64,
}

impl Delivery {
    /// Delivers a portion. Goes on until it is done; dropping the future leaves it in the spool.
    pub(crate) async fn deliver(&self, portion: Vec<Spooled>) {
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
        self.settle_doubts(&documents, &mut report).await;
        self.set_aside(&documents, &mut report).await;
        report.already_stored.sort_unstable();
        report
            .refused
            .sort_unstable_by_key(|refused| refused.position);
        for part in parts {
            let (outcome, refused) = outcome(&part.range, &report);
            let set_aside = named(refused, part.range.start);
            self.spool.done(part.seq, part.bytes, outcome);
            self.statuses.done(part.id, outcome, set_aside);
        }
    }

    /// Dates what came without a time, and lists all documents one behind another, the earliest batch first.
    async fn prepare(&self, mut portion: Vec<Spooled>) -> (Vec<Part>, DocumentList) {
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
        // A store's tree takes documents fastest in the order of their ids, which begin with the time.
        portion.sort_by_key(|spooled| spooled.batch.first_time());
        let mut parts = Vec::with_capacity(portion.len());
        let (mut end, mut documents) = (0, Vec::with_capacity(portion.len()));
        for Spooled { seq, batch } in portion {
            let start = end;
            end += batch.documents.len();
            parts.push(Part {
                seq,
                id: batch.id,
                range: start..end,
                bytes: batch.documents.encoded_bytes() as u64,
            });
            documents.push(batch.documents);
        }
        (parts, DocumentList::new(documents))
    }

    async fn receipts(&self, asked: Vec<(BatchId, Timestamp)>) -> Vec<Timestamp> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.submit(WriteJob::Receipts(asked.clone())).await {
                Ok(WriteReply::Receipts(times)) if times.len() == asked.len() => return times,
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
        documents: &Arc<DocumentList>,
        range: Range<usize>,
    ) -> Result<InsertReport, String> {
        let (mut pause, mut panics) = (FIRST_PAUSE, 0);
        loop {
            let work = WriteJob::Insert(Arc::clone(documents), range.clone());
            match self.submit(work).await {
                Ok(WriteReply::Inserted(report)) => return Ok(report),
                Ok(WriteReply::Receipts(_)) => return Err("the lane mixed up its jobs".to_owned()),
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

    /// Sends documents that were refused for an unknown reason a few times more, each alone.
    async fn settle_doubts(&self, documents: &Arc<DocumentList>, report: &mut InsertReport) {
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS_ALONE {
            let doubtful = std::mem::take(&mut report.doubtful);
            if doubtful.is_empty() {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            for one in doubtful {
                report.add(self.insert_alone(documents, one).await);
            }
        }
        report.refused.append(&mut report.doubtful);
    }

    async fn insert_alone(&self, documents: &Arc<DocumentList>, one: Refused) -> InsertReport {
        let range = one.position..one.position + 1;
        match self.insert(documents, range).await {
            Ok(report) => report,
            Err(reason) => InsertReport {
                doubtful: vec![Refused { reason, ..one }],
                ..InsertReport::default()
            },
        }
    }

    /// Keeps what the store refused, durably. While there is no room for it, the store is asked
    /// again: whoever made it refuse may have mended that.
    async fn set_aside(&self, documents: &Arc<DocumentList>, report: &mut InsertReport) {
        while !report.refused.is_empty() {
            let refusals = self.refusals(documents, &report.refused);
            let first = report.refused.first().map(|refused| refused.reason.clone());
            let Err(error) = self.dead_letters.add(refusals).await else {
                let count = report.refused.len();
                tracing::warn!(
                    count,
                    reason = first,
                    "the store refused records for good; they are set aside"
                );
                break;
            };
            note(
                &self.problems.aside,
                format!("refused records cannot be set aside: {error}"),
            );
            tokio::time::sleep(ASIDE_PAUSE).await;
            for one in std::mem::take(&mut report.refused) {
                report.add(self.insert_alone(documents, one).await);
            }
            report.refused.append(&mut report.doubtful);
        }
        *lock(&self.problems.aside) = None;
    }

    fn refusals(&self, documents: &DocumentList, refused: &[Refused]) -> Vec<Refusal> {
        let now = self.clock.now();
        let refusal = |refused: &Refused| {
            let range = refused.position..refused.position + 1;
            let document = documents.slices(range).next()?;
            Some(Refusal::new(document, &refused.reason, now))
        };
        refused.iter().filter_map(refusal).collect()
    }

    async fn submit(&self, work: WriteJob) -> Result<WriteReply, JobError<CallError>> {
        let deadline = self.clock.elapsed() + self.timeout;
        let done = self.lane.submit(work, deadline).await?;
        if lock(&self.problems.attempt).take().is_some() {
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
        if !reason.is_empty() && note(&self.problems.attempt, reason.to_owned()) {
            tracing::warn!(
                reason,
                "the store does not take batches; they wait in the spool"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or(*pause)) => {}
            () = self.writer.guard.wait_ended() => {}
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }

    /// Why batches are not being handed on at present.
    pub(crate) fn problem(&self) -> Option<String> {
        let aside = lock(&self.problems.aside).clone();
        aside.or_else(|| lock(&self.problems.attempt).clone())
    }
}

fn lock(problem: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    problem.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it is new that there is one.
fn note(problem: &Mutex<Option<String>>, reason: String) -> bool {
    lock(problem).replace(reason).is_none()
}

#[cfg(test)]
mod tests;
