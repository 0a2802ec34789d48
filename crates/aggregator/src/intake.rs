//! The way in: a batch is taken once it is fsynced in the spool. From there the drain hands it on.

use crate::admission::Reservation;
use crate::batch::Batch;
use crate::clock::Clock;
use crate::idempotency::{Claim, Keys};
use crate::spool::{AppendError, BatchOutcome, Spool};
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

impl Accepted {
    /// A batch that was accepted before.
    fn before() -> Self {
        Self {
            durability: Durability::Spooled,
            outcome: None,
            repeated: true,
        }
    }
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

/// Takes batches.
pub struct Intake {
    spool: Spool,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
}

impl Intake {
    /// Takes them into this spool.
    pub fn new(spool: Spool, keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Self {
        Self { spool, keys, clock }
    }

    /// Makes a batch durable, and waits for the `wanted` durability as long as `deadline` (a time of
    /// the clock's [`elapsed`](Clock::elapsed)) allows: then it is at least spooled.
    ///
    /// # Errors
    /// [`IntakeError`]; then the batch counts as not accepted.
    pub async fn accept(
        &self,
        batch: Batch,
        room: Reservation,
        wanted: Durability,
        deadline: Duration,
    ) -> Result<Accepted, IntakeError> {
        if batch.documents.is_empty() {
            return Ok(Accepted {
                durability: wanted,
                outcome: None,
                repeated: false,
            });
        }
        let left = || deadline.saturating_sub(self.clock.elapsed());
        let until_stored = wanted == Durability::Stored;
        let mut was_repeated = false;
        let claiming = tokio::time::timeout(left(), self.claim(&batch));
        let turn = match claiming.await.map_err(|_| IntakeError::Timeout)? {
            Some(Claim::Conflict) => return Err(IntakeError::KeyReused),
            Some(Claim::Repeated) if !until_stored => return Ok(Accepted::before()),
            // Whether the store has it, only the store can say: it is written again, as a no-op.
            Some(Claim::Repeated) => {
                was_repeated = true;
                None
            }
            None => None,
            Some(Claim::First(turn)) => Some(turn),
        };
        let keyed = batch.key().is_some();
        let appending = self.spool.append(batch, room, until_stored);
        let receipt = tokio::time::timeout(left(), appending)
            .await
            .map_err(|_| IntakeError::Timeout)??;
        if let Some(turn) = turn {
            turn.accepted();
        }
        let outcome = match receipt.outcome {
            Some(outcome) => tokio::time::timeout(left(), outcome).await.ok(),
            None => None,
        };
        let outcome = outcome.and_then(Result::ok);
        let durability = match outcome {
            Some(_) => Durability::Stored,
            None => Durability::Spooled,
        };
        let nothing_new = |outcome: &BatchOutcome| keyed && outcome.stored + outcome.refused == 0;
        Ok(Accepted {
            durability,
            repeated: outcome.as_ref().map_or(was_repeated, nothing_new),
            outcome,
        })
    }

    async fn claim(&self, batch: &Batch) -> Option<Claim> {
        match batch.key() {
            Some(key) => Some(self.keys.claim(*key, batch.id).await),
            None => None,
        }
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
