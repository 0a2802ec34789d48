//! One delivery's dealings with the store: each job is sent until the store has answered it, or the
//! portion is given back because another delivery does the asking.

use super::dead_letters::PANICKED;
use super::insert_size::InsertSize;
use super::outage::Outage;
use super::pause::Pause;
use super::problems::{Problem, Problems};
use super::write_job::{WriteJob, WriteReply, Writer};
use crate::breaker::guard::CallError;
use crate::worker::{JobError, Lane};
use logs::Timestamp;
use logs::clock::Clock;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::{InsertReport, PortionSize, StoreError};
use tokio::sync::OwnedSemaphorePermit;

/// Work that panicked so often is divided, to find the document that does it.
const PANICS: u32 = 3;
/// After the first failure; doubled after each further one.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What every attempt works with.
pub(crate) struct StoreAccess {
    pub(crate) lane: Lane<Writer>,
    /// The same that works in the lane.
    pub(crate) writer: Arc<Writer>,
    pub(crate) clock: Arc<dyn Clock>,
    /// For one job of the lane.
    pub(crate) timeout: Duration,
    pub(crate) problems: Problems,
    pub(crate) outage: Outage,
    pub(crate) pause: Pause,
    /// What the store is given at one time.
    pub(crate) portion: PortionSize,
    /// How many documents of that it takes in time.
    pub(crate) insert_size: InsertSize,
}

/// The store is away, and this portion is not the one that waits for it in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GivenBack;

/// Why an insert gave no report.
pub(super) enum NotInserted {
    /// The store refuses the command as a whole, however often it is sent.
    Refused(String),
    /// The store takes too long for so many; fewer can be sent.
    TooSlow,
    GivenBack,
}

/// What a delivery does when the store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// It waits if no other does, and else gives its portion back.
    Shared,
    /// It gives its portion back, and believes what was believed before.
    None,
}

/// The state of one delivery's dealings.
pub(super) struct Attempt<'a> {
    access: &'a StoreAccess,
    problem: Problem,
    patience: Patience,
    /// Whether the store has answered for a part of the portion: then it is not given back, or what was
    /// stored would be told as stored before.
    begun: bool,
    asking: Option<OwnedSemaphorePermit>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(access: &'a StoreAccess, patience: Patience) -> Self {
        Self {
            access,
            problem: access.problems.of_one(),
            patience,
            begun: false,
            asking: None,
        }
    }

    /// Whether a refusal for an unknown reason is tried again before it is believed.
    pub(super) fn doubts(&self) -> bool {
        self.patience == Patience::Shared
    }

    /// As many documents as an insert may have now.
    pub(super) fn insert_documents(&self) -> usize {
        self.access.insert_size.documents()
    }

    /// As many bytes, but for a larger document.
    pub(super) fn insert_bytes(&self) -> usize {
        self.access.portion.bytes
    }

    /// The times of receipt of batches.
    pub(super) async fn receipts(
        &mut self,
        asked: Vec<BatchOrigin>,
    ) -> Result<Vec<Timestamp>, GivenBack> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.submit(WriteJob::Receipts(asked.clone())).await {
                Ok(WriteReply::Receipts(times)) if times.len() == asked.len() => return Ok(times),
                Ok(_) => {
                    self.rest(&mut pause, "the store gave no receipts", None)
                        .await;
                }
                Err(error) => self.rest_after(&mut pause, &error).await?,
            }
        }
    }

    /// Inserts until the store has answered for every document, or for those that it had time for, or
    /// takes too long for so many.
    pub(super) async fn insert(
        &mut self,
        documents: &Arc<DocumentList>,
        range: Range<usize>,
    ) -> Result<InsertReport, NotInserted> {
        let (mut pause, mut panics) = (FIRST_PAUSE, 0);
        let refused = |reason: &str| Err(NotInserted::Refused(reason.to_owned()));
        loop {
            let work = WriteJob::Insert(Arc::clone(documents), range.clone());
            let begun = self.access.clock.elapsed();
            match self.submit(work).await {
                Ok(WriteReply::Inserted(report)) => {
                    self.begun = true;
                    let took = self.access.clock.elapsed().saturating_sub(begun);
                    let size = &self.access.insert_size;
                    let taken = report
                        .undone
                        .map_or(range.end, |undone| undone.min(range.end));
                    size.were_taken(taken.saturating_sub(range.start), took, self.access.timeout);
                    return Ok(report);
                }
                Ok(WriteReply::Receipts(_)) => return refused("the lane mixed up its jobs"),
                Err(JobError::Failed(CallError::Store(StoreError::Rejected(reason)))) => {
                    return refused(&reason);
                }
                Err(JobError::Panicked) if panics + 1 >= PANICS => {
                    return refused(PANICKED);
                }
                Err(error) => {
                    panics += u32::from(matches!(error, JobError::Panicked));
                    let too_many =
                        is_too_slow(&error) && self.access.insert_size.took_too_long(range.len());
                    let rested = self.rest_after(&mut pause, &error).await;
                    rested.map_err(|GivenBack| NotInserted::GivenBack)?;
                    if too_many {
                        return Err(NotInserted::TooSlow);
                    }
                }
            }
        }
    }

    /// Has the store note, before they are set aside, documents of which no insert said that it refuses them. It is no
    /// work for the lane: a store that has to note nothing is not asked.
    pub(super) async fn will_be_set_aside(
        &mut self,
        documents: &Arc<DocumentList>,
        positions: &[usize],
    ) -> Result<(), GivenBack> {
        let (access, mut pause) = (self.access, FIRST_PAUSE);
        loop {
            let deadline = access.clock.elapsed() + access.timeout;
            let (store, documents) = (&access.writer.store, Arc::clone(documents));
            let noted = store.will_be_set_aside(documents, positions.to_vec(), deadline);
            match noted.await {
                Ok(()) => return Ok(()),
                Err(_) if self.patience == Patience::None => return Err(GivenBack),
                Err(error) => self.rest(&mut pause, &error.to_string(), None).await,
            }
        }
    }

    async fn submit(&mut self, work: WriteJob) -> Result<WriteReply, JobError<CallError>> {
        let access = self.access;
        let deadline = access.clock.elapsed() + access.timeout;
        let done = access.lane.submit(work, deadline).await;
        if is_answer(&done) {
            access.outage.end();
            self.asking = None;
            if let Some(lasted) = self.problem.clear(access.clock.elapsed()) {
                let lasted_seconds = lasted.as_secs();
                tracing::info!(lasted_seconds, "the store takes batches again");
            }
        }
        done
    }

    async fn rest_after(
        &mut self,
        pause: &mut Duration,
        error: &JobError<CallError>,
    ) -> Result<(), GivenBack> {
        let (reason, wait) = match error {
            JobError::Failed(CallError::Open { retry_after }) | JobError::Full { retry_after } => {
                (None, Some(*retry_after))
            }
            JobError::Failed(CallError::Store(error)) => (Some(error.to_string()), None),
            JobError::Panicked => (Some("a write panicked".to_owned()), None),
            JobError::Expired | JobError::Closed => (None, None),
        };
        if is_away(error) {
            self.access.outage.begin();
            // In a pause nobody asks.
            let may_ask = self.patience == Patience::Shared && !self.access.pause.is_on();
            if !self.begun && (self.asking.is_none() || !may_ask) {
                self.asking = match may_ask {
                    true => self.access.outage.ask(),
                    false => None,
                };
                if self.asking.is_none() {
                    return Err(GivenBack);
                }
            }
        }
        self.rest(pause, &reason.unwrap_or_default(), wait).await;
        Ok(())
    }

    /// Notes why it is not going on, says it once, and waits.
    async fn rest(&mut self, pause: &mut Duration, reason: &str, wait: Option<Duration>) {
        let now = self.access.clock.elapsed();
        if !reason.is_empty() && self.problem.note(reason.to_owned(), now) {
            tracing::warn!(
                reason,
                "the store does not take batches; they wait in the spool"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or(*pause)) => {}
            () = self.access.writer.guard.wait_ended() => {}
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether the store has answered, be it with a refusal.
fn is_answer(done: &Result<WriteReply, JobError<CallError>>) -> bool {
    match done {
        Ok(_) => true,
        Err(JobError::Failed(CallError::Store(error))) => !error.is_failure(),
        Err(_) => false,
    }
}

fn is_too_slow(error: &JobError<CallError>) -> bool {
    matches!(
        error,
        JobError::Failed(CallError::Store(StoreError::Timeout))
    )
}

fn is_away(error: &JobError<CallError>) -> bool {
    match error {
        JobError::Failed(CallError::Open { .. }) => true,
        JobError::Failed(CallError::Store(error)) => error.is_failure(),
        _ => false,
    }
}
