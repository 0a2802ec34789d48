//! The way in: a batch is taken once it is fsynced in the spool. From there the drain hands it on.

use super::body_error::BodyError;
use super::decode::{BodyBounds, BodyTerms, Decoded, decode};
use super::idempotency::{Claim, ClaimGuard, Keys};
use crate::accounting::admission::Reservation;
use crate::accounting::batch_status::BatchStatuses;
use crate::accounting::record_counts::{Accounting, Rejection};
use bytes::Bytes;
use logs::clock::Clock;
use record::batch::{Batch, Rejects};
use record::id::BatchId;
use record::notice::Notices;
use spool::BatchOutcome;
use spool::{AppendError, Spool};
use std::sync::Arc;
use std::time::Duration;

/// How safe a batch is when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// On this machine's disk, fsynced; the store gets it as soon as it can.
    Spooled,
    /// The store has it durably.
    Stored,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Accepted {
    /// How safe it is.
    pub durability: Durability,
    /// What the store took of it, once it has.
    pub outcome: Option<BatchOutcome>,
    /// Whether nothing was new: the batch was accepted before, under the same key.
    pub repeated: bool,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The spool does not take it.
    #[error(transparent)]
    Spool(#[from] AppendError),
    /// Another batch was sent under this key.
    #[error("another batch was sent under this Idempotency-Key: a key stands for one body")]
    KeyReused,
    /// The disk did not answer in time; the batch may be taken all the same.
    #[error("the disk did not answer in time")]
    Timeout,
}

/// Records that wait for their key; counted also when the caller leaves meanwhile.
struct Waiting<'a> {
    accounting: &'a Accounting,
    records: u64,
    /// What becomes of them as it stands.
    fate: Option<Rejection>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(why) = self.fate {
            self.accounting.rejected(why, self.records);
        }
    }
}

/// A request that was taken.
#[derive(Debug)]
pub struct Receipt {
    /// The batch that was made of it.
    pub batch_id: BatchId,
    /// Records that were taken.
    pub records: usize,
    /// Records that were not.
    pub rejects: Rejects,
    /// What is told of those that were.
    pub notices: Notices,
    /// What became of the batch.
    pub accepted: Accepted,
}

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The body cannot be used.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The batch cannot be made durable.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// Takes batches.
pub struct Intake {
    spool: Spool,
    bounds: BodyBounds,
    accounting: Arc<Accounting>,
    keys: Arc<Keys>,
    statuses: Arc<BatchStatuses>,
    clock: Arc<dyn Clock>,
}

impl Intake {
    /// Takes them into this spool.
    pub fn new(
        spool: Spool,
        accounting: Arc<Accounting>,
        keys: Arc<Keys>,
        statuses: Arc<BatchStatuses>,
        clock: Arc<dyn Clock>,
        bounds: BodyBounds,
    ) -> Self {
        Self {
            spool,
            bounds,
            accounting,
            keys,
            statuses,
            clock,
        }
    }

    /// Takes a body whole, for which `room` is held: decodes it, makes its batch durable, and waits for
    /// the `wanted` durability for at most `patience`; then it is at least spooled.
    ///
    /// # Errors
    /// [`IngestError`]; then nothing of it counts as accepted.
    pub async fn take(
        &self,
        terms: BodyTerms,
        body: Bytes,
        room: Reservation,
        wanted: Durability,
        patience: Duration,
    ) -> Result<Receipt, IngestError> {
        let received_at = self.clock.now();
        let deadline = self.clock.elapsed() + patience;
        let accounting = Arc::clone(&self.accounting);
        let decoding = decode(terms, self.bounds, body, room, received_at, accounting);
        let Decoded {
            batch,
            rejects,
            notices,
            room,
        } = decoding.await?;
        let (batch_id, records) = (batch.id, batch.documents.len());
        let accepted = self.accept(batch, room, wanted, deadline).await?;
        self.accounting.told(&notices.counts);
        Ok(Receipt {
            batch_id,
            records,
            rejects,
            notices,
            accepted,
        })
    }

    /// Makes a batch durable, and waits for the `wanted` durability as long as `deadline` (a time of
    /// the clock's [`elapsed`](Clock::elapsed)) allows: then it is at least spooled.
    ///
    /// Fails when the batch counts as not accepted.
    async fn accept(
        &self,
        batch: Batch,
        room: Reservation,
        wanted: Durability,
        deadline: Duration,
    ) -> Result<Accepted, IntakeError> {
        let (id, keyed) = (batch.id, batch.key().is_some());
        if batch.documents.is_empty() {
            return Ok(Accepted {
                durability: wanted,
                outcome: None,
                repeated: false,
            });
        }
        let (guard, repeated) = match self.claim(&batch, deadline).await? {
            Some(Claim::Conflict) => return Err(IntakeError::KeyReused),
            Some(Claim::First(guard)) => (Some(guard), false),
            Some(Claim::Repeated) => (None, true),
            None => (None, false),
        };
        if repeated && (wanted == Durability::Spooled || self.statuses.outcome(id).is_some()) {
            self.accounting.repeated(batch.documents.len() as u64);
        } else {
            // What is remembered of a key, but not its outcome, is written again, as a no-op.
            let appending = tokio::spawn(self.append(batch, room, guard));
            let appended = tokio::time::timeout(self.left(deadline), appending).await;
            let appended = appended.map_err(|_| IntakeError::Timeout)?;
            appended.unwrap_or(Err(AppendError::Closed))?;
        }
        let outcome = match wanted {
            Durability::Spooled => None,
            Durability::Stored => self.outcome(id, deadline).await,
        };
        let durability = match outcome {
            Some(_) => Durability::Stored,
            None => Durability::Spooled,
        };
        // A key that is forgotten: only the store knows that everything was there.
        let nothing_new = |outcome: BatchOutcome| keyed && outcome.stored + outcome.refused == 0;
        Ok(Accepted {
            durability,
            repeated: repeated || outcome.is_some_and(nothing_new),
            outcome,
        })
    }

    /// Its own task: whoever asked may leave, and what is written is to be remembered all the same.
    fn append(
        &self,
        batch: Batch,
        room: Reservation,
        guard: Option<ClaimGuard>,
    ) -> impl Future<Output = Result<(), AppendError>> + Send + 'static {
        let (spool, statuses) = (self.spool.clone(), Arc::clone(&self.statuses));
        let id = batch.id;
        let new = statuses.expect(id, batch.received_at, batch.documents.len());
        async move {
            match spool.append(batch, room).await {
                Ok(_) => {
                    statuses.spooled(id);
                    if let Some(guard) = guard {
                        guard.accepted();
                    }
                    Ok(())
                }
                Err(error) => {
                    if new {
                        statuses.not_taken(id);
                    }
                    Err(error)
                }
            }
        }
    }

    async fn outcome(&self, id: BatchId, deadline: Duration) -> Option<BatchOutcome> {
        let outcome = self.statuses.outcome(id)?;
        let outcome = tokio::time::timeout(self.left(deadline), outcome.get()).await;
        outcome.ok().flatten()
    }

    async fn claim(&self, batch: &Batch, deadline: Duration) -> Result<Option<Claim>, IntakeError> {
        let Some(key) = batch.key() else {
            return Ok(None);
        };
        let mut waiting = Waiting {
            accounting: &self.accounting,
            records: batch.documents.len() as u64,
            fate: Some(Rejection::NotTaken),
        };
        let claiming = self.keys.claim(*key, batch.id);
        let claim = tokio::time::timeout(self.left(deadline), claiming).await;
        let claim = claim.map_err(|_| IntakeError::Timeout)?;
        waiting.fate = matches!(claim, Claim::Conflict).then_some(Rejection::KeyReused);
        Ok(Some(claim))
    }

    fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }

    /// What became of the last batches.
    pub fn statuses(&self) -> &BatchStatuses {
        &self.statuses
    }

    /// Where every record's fate is counted.
    pub fn accounting(&self) -> &Arc<Accounting> {
        &self.accounting
    }

    /// Says why a batch would be refused now, from what is known already.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), AppendError> {
        self.spool.check()
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }
}
