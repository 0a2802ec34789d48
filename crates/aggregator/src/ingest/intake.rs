//! The way in: a batch is taken once it is durable. From the spool the drain hands it on.

use super::acceptance::{Acceptance, NotAccepted, Parts, Turn};
use super::batch_key::BatchKey;
use super::charge::charge;
use super::decode::{Arrival, BodyBounds, BodyTerms, Decoded, decode};
use super::idempotency::{Claim, KnownKeys};
use super::intake_error::{IngestError, IntakeError};
use super::last_taken::LastTaken;
use super::own_turn::OwnTurn;
use crate::access::Sender;
use crate::access::limits::{Charge, OverRate};
use crate::accounting::admission::Reservation;
use crate::accounting::batch_status::BatchStatuses;
use crate::accounting::record_counts::{Accounting, Rejection};
use crate::accounting::request_account::{self, Books, RequestAccount};
use crate::deliver::dead_letters::DeadLetters;
use bytes::Bytes;
use record::batch::Rejects;
use record::id::{BatchId, KeyDigest};
use record::notice::Notices;
use spool::BatchOutcome;
use spool::{AppendError, Spool};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// How safe a batch is when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
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

/// Records that wait for their key; counted also when the caller leaves meanwhile.
struct Waiting<'a> {
    account: &'a RequestAccount,
    records: u64,
    /// What becomes of them as it stands.
    fate: Option<Rejection>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(why) = self.fate {
            self.account.rejected(why, self.records);
        }
    }
}

/// A request that was taken.
#[derive(Debug)]
pub struct Receipt<T> {
    /// The batch that was made of it.
    pub batch_id: BatchId,
    /// Records that were taken to be stored.
    pub records: usize,
    /// Records that are set aside, because they are too large to be stored: their places, from 0.
    pub too_large: Vec<u32>,
    /// Records that were not.
    pub rejects: Rejects,
    /// What is told of those that were.
    pub notices: Notices,
    /// What became of the batch.
    pub accepted: Accepted,
    /// Of each batch of its own in it, whether that was accepted before, as far as that is remembered.
    pub own_known: Vec<bool>,
    /// What its decoder gave back.
    pub told: T,
    /// The memory that this takes up, until the answer is sent.
    pub told_room: Option<Reservation>,
}

/// What is charged for a request stays charged once it was accepted.
async fn accept_charged(
    acceptance: Arc<Acceptance>,
    (parts, account): (Parts, RequestAccount),
    room: Reservation,
    turn: Turn,
    charge: Option<Charge>,
) -> Result<(), NotAccepted> {
    let accepted = acceptance.accept(parts, account, room, turn).await;
    if let (Ok(()), Some(charge)) = (&accepted, charge) {
        charge.keep();
    }
    accepted
}

/// Takes batches.
pub struct Intake {
    acceptance: Arc<Acceptance>,
    bounds: BodyBounds,
    keys: KnownKeys,
    /// The last batches that were taken.
    taken: Arc<LastTaken>,
    /// Cancelled when nobody need wait for the store any more.
    in_vain: CancellationToken,
}

impl Intake {
    /// Takes them into this spool, and what is too large for it among these dead letters.
    pub fn new(
        (spool, dead_letters): (Spool, Arc<DeadLetters>),
        books: Books,
        keys: KnownKeys,
        statuses: Arc<BatchStatuses>,
        bounds: BodyBounds,
    ) -> Self {
        let acceptance = Acceptance {
            spool,
            dead_letters,
            books,
            statuses,
        };
        Self {
            acceptance: Arc::new(acceptance),
            bounds,
            keys,
            taken: Arc::default(),
            in_vain: CancellationToken::new(),
        }
    }

    /// Takes a body whole, which `sender` sent and for which `room` is held: decodes it, makes its batch
    /// durable, and waits for the `wanted` durability for at most `patience`; then it is at least spooled.
    ///
    /// # Errors
    /// [`IngestError`]; then nothing of it counts as accepted.
    pub async fn take<T: Send + 'static>(
        &self,
        terms: BodyTerms<T>,
        (body, room): (Bytes, Reservation),
        sender: Sender,
        wanted: Durability,
        patience: Duration,
    ) -> Result<Receipt<T>, IngestError> {
        // Such a batch is one of many with its id.
        let has_status = !matches!(terms.key, BatchKey::Places(..));
        let Books { clock, .. } = &self.acceptance.books;
        let (received_at, deadline) = (clock.now(), clock.elapsed() + patience);
        let token = sender.token.as_ref();
        let arrival = Arrival {
            tenant: token.map(|token| token.tenant_keys()),
            pins: token.and_then(|token| token.pins.clone()),
            received_at,
            taken: Arc::clone(&self.taken),
        };
        let account = self.acceptance.books.open(&sender, body.len());
        let decoding = decode(terms, self.bounds, body, room, arrival, account);
        let Decoded {
            batch,
            rejects,
            notices,
            too_large,
            own,
            told,
            told_room,
            room,
            body_bytes,
            account,
        } = decoding.await?;
        let (batch_id, records) = (batch.id, batch.documents.len());
        let places = too_large.iter().map(|record| record.position).collect();
        let (own, own_known) = OwnTurn::of(own, self.keys.of(true));
        let parts = Parts {
            batch,
            too_large,
            own,
            has_status,
            notices: notices.counts,
            body_bytes,
            sender,
        };
        let accepting = self.accept((parts, account), room, wanted, deadline);
        let accepted = accepting.await?;
        Ok(Receipt {
            batch_id,
            records,
            too_large: places,
            rejects,
            notices,
            accepted,
            own_known,
            told,
            told_room,
        })
    }

    /// Makes a request durable, and waits for the `wanted` durability as long as `deadline` (a time of
    /// the clock's [`elapsed`](Clock::elapsed)) allows: then it is at least spooled.
    ///
    /// Fails when the request counts as not accepted.
    async fn accept(
        &self,
        (parts, account): (Parts, RequestAccount),
        room: Reservation,
        wanted: Durability,
        deadline: Duration,
    ) -> Result<Accepted, IntakeError> {
        let batch = &parts.batch;
        let (id, keyed, empty) = (batch.id, batch.key().is_some(), batch.documents.is_empty());
        if parts.records() == 0 {
            account.accepted(request_account::Accepted::default());
            return Ok(Accepted {
                durability: wanted,
                outcome: None,
                repeated: false,
            });
        }
        let turn = match self.claim((&parts, &account), deadline).await? {
            Some(Claim::Conflict) => return Err(IntakeError::KeyReused),
            Some(Claim::First(guard)) => Turn::First(Some(guard)),
            // What is remembered of a key, but not its outcome, is written again, as a no-op.
            Some(Claim::Repeated) => Turn::Again {
                written: wanted == Durability::Stored && self.statuses().outcome(id).is_none(),
            },
            None => Turn::First(None),
        };
        let repeated = matches!(turn, Turn::Again { .. });
        let charge = charge(&parts, &turn, &*self.acceptance.books.clock);
        let not_taken = |_: &OverRate| account.rejected(Rejection::NotTaken, parts.records());
        let charge = charge.inspect_err(not_taken)?;
        let (acceptance, request) = (Arc::clone(&self.acceptance), (parts, account));
        let accepting = accept_charged(acceptance, request, room, turn, charge).in_current_span();
        // Its own task: whoever asked may leave.
        let accepted = tokio::time::timeout(self.left(deadline), tokio::spawn(accepting)).await;
        let accepted = accepted.map_err(|_| IntakeError::Timeout)?;
        accepted.unwrap_or(Err(NotAccepted::Spool(AppendError::Closed)))?;
        if empty {
            return Ok(Accepted {
                durability: wanted,
                outcome: None,
                repeated,
            });
        }
        let outcome = match wanted {
            Durability::Spooled => None,
            Durability::Stored => {
                self.spool().hurry();
                self.outcome(id, deadline).await
            }
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

    async fn outcome(&self, id: BatchId, deadline: Duration) -> Option<BatchOutcome> {
        let outcome = self.statuses().outcome(id)?;
        let waiting = tokio::time::timeout(self.left(deadline), outcome.get());
        let outcome = self.in_vain.run_until_cancelled(waiting).await?;
        outcome.ok().flatten()
    }

    async fn claim(
        &self,
        (parts, account): (&Parts, &RequestAccount),
        deadline: Duration,
    ) -> Result<Option<Claim>, IntakeError> {
        let key = parts.batch.key().copied().and_then(KeyDigest::of_request);
        let Some(key) = key else {
            return Ok(None);
        };
        let mut waiting = Waiting {
            account,
            records: parts.records(),
            fate: Some(Rejection::NotTaken),
        };
        let keys = self.keys.of(parts.batch.has_content_key());
        let claiming = keys.claim(key, parts.batch.id);
        let claim = tokio::time::timeout(self.left(deadline), claiming).await;
        let claim = claim.map_err(|_| IntakeError::Timeout)?;
        waiting.fate = matches!(claim, Claim::Conflict).then_some(Rejection::KeyReused);
        Ok(Some(claim))
    }

    fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.acceptance.books.clock.elapsed())
    }

    /// What became of the last batches.
    pub fn statuses(&self) -> &BatchStatuses {
        &self.acceptance.statuses
    }

    /// Where every record's fate is counted.
    pub fn accounting(&self) -> &Arc<Accounting> {
        &self.acceptance.books.records
    }

    /// Where requests are counted.
    pub fn books(&self) -> &Books {
        &self.acceptance.books
    }

    /// How much memory a body of so many bytes that is no text takes while it is decoded: usually, and at most.
    pub fn memory_of_binary(&self, bytes: usize) -> [usize; 2] {
        self.bounds.memory_of_binary(bytes)
    }

    /// From here on nobody waits until the store has a batch: it gets none until the end of the process.
    pub fn wait_in_vain_no_more(&self) {
        self.in_vain.cancel();
    }

    /// Says why a batch would be refused now, from what is known already.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), AppendError> {
        self.acceptance.spool.check()
    }

    /// The spool.
    pub fn spool(&self) -> &Spool {
        &self.acceptance.spool
    }
}
