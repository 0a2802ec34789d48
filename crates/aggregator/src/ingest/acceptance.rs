//! The order in which a request becomes durable: the spool is asked, what is too large to be stored is set
//! aside, the rest is appended to the spool; only then is anything acknowledged, remembered or counted.
//!
//! If the spool does not take the rest after all, what was set aside is taken back, but for what was aside
//! before: that may be of an earlier request that was acknowledged. Two requests with one key never come here
//! at a time, but for repetitions of one that was acknowledged, which take nothing back. Where nobody knows
//! whether the spool has the rest, nothing is taken back either: it may be there after the next start.
//!
//! Killed between two steps, records may be aside of which the client was told nothing. Sent again with its
//! key, they are aside already; without one, they are another batch's, as all that is sent twice.

use super::idempotency::ClaimGuard;
use crate::accounting::batch_status::BatchStatuses;
use crate::accounting::record_counts::{Accounting, Rejection};
use crate::deliver::dead_letters::{DeadLetter, DeadLetterError, DeadLetters, KeptApart};
use logs::clock::Clock;
use record::batch::{Batch, TooLargeRecord};
use record::fault::RecordFault;
use record::notice::NoticeCounts;
use spool::{AppendError, BatchOutcome, Spool};
use std::net::IpAddr;
use std::sync::Arc;

/// Why what is too large is kept.
pub(super) fn reason() -> String {
    RecordFault::TooLarge.to_string()
}

/// Why a request was not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAccepted {
    /// The spool does not take it.
    #[error(transparent)]
    Spool(#[from] AppendError),
    /// What is too large cannot be set aside.
    #[error(transparent)]
    DeadLetters(#[from] DeadLetterError),
}

/// What came with one request.
#[derive(Debug)]
pub(super) struct Parts {
    /// What can be stored.
    pub(super) batch: Batch,
    /// What is to be set aside.
    pub(super) too_large: Vec<TooLargeRecord>,
    /// What is told of it.
    pub(super) notices: NoticeCounts,
    /// Who sent it.
    pub(super) peer: IpAddr,
}

/// Whether the same request was acknowledged before.
#[derive(Debug)]
pub(super) enum Turn {
    /// As far as is known, it was not; with the claim to its key, if it has one.
    First(Option<ClaimGuard>),
    /// It was; whether it is written again all the same, to learn what became of it.
    Again { written: bool },
}

/// What accepting works with.
pub(super) struct Acceptance {
    pub(super) spool: Spool,
    pub(super) dead_letters: Arc<DeadLetters>,
    pub(super) accounting: Arc<Accounting>,
    pub(super) statuses: Arc<BatchStatuses>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Parts {
    pub(super) fn records(&self) -> u64 {
        (self.batch.documents.len() + self.too_large.len()) as u64
    }
}

impl Acceptance {
    /// Makes a request durable; `room` is the memory that it takes up. To be run to its end: whoever asked may
    /// leave, and what is written is to be remembered and counted all the same.
    ///
    /// Fails when the request counts as not accepted.
    pub(super) async fn accept(
        &self,
        parts: Parts,
        room: impl Send + 'static,
        turn: Turn,
    ) -> Result<(), NotAccepted> {
        let (apart, records) = (parts.too_large.len() as u64, parts.records());
        let (id, received_at) = (parts.batch.id, parts.batch.received_at);
        let not_taken = |records, error: NotAccepted| {
            self.accounting.rejected(Rejection::NotTaken, records);
            error
        };
        // What would be refused anyway is to leave nothing aside.
        if apart > 0 && !matches!(turn, Turn::Again { written: false }) {
            let ready = self.spool.check();
            ready.map_err(|error| not_taken(records, error.into()))?;
        }
        let kept = self.set_aside(&parts.batch, parts.too_large, parts.peer);
        let kept = kept.await.map_err(|error| not_taken(records, error))?;
        let spooled = parts.batch.documents.len();
        match &turn {
            Turn::Again { written: false } => self.accounting.repeated(spooled as u64),
            _ if spooled == 0 => {
                self.statuses.expect(id, received_at, 0);
                self.statuses.done(id, BatchOutcome::default(), Vec::new());
            }
            _ => {
                if let Err(error) = self.append(parts.batch, room).await {
                    if let (Some(file), Turn::First(_)) = (kept, &turn) {
                        self.take_back(file, &error).await;
                    }
                    // The others are counted by the spool.
                    return Err(not_taken(apart, error.into()));
                }
            }
        }
        self.accounting.set_aside(apart);
        self.accounting.told(&parts.notices);
        if let Turn::First(Some(claim)) = turn {
            claim.accepted();
        }
        Ok(())
    }

    async fn set_aside(
        &self,
        batch: &Batch,
        too_large: Vec<TooLargeRecord>,
        peer: IpAddr,
    ) -> Result<Option<KeptApart>, NotAccepted> {
        if too_large.is_empty() {
            return Ok(None);
        }
        let (origin, rejected_at) = (batch.origin(), self.clock.now().millis());
        let count = too_large.len();
        let letter = |record: TooLargeRecord| DeadLetter {
            origin,
            position: record.position,
            undated: record.undated,
            alone: false,
            earlier: false,
            peer: Some(peer),
            reason: reason(),
            rejected_at,
            document: record.document,
        };
        let letters = too_large.into_iter().map(letter).collect();
        let kept = self.dead_letters.keep_apart(letters, peer).await?;
        if let Some(file) = &kept {
            let file = file.name();
            tracing::warn!(count, %peer, file, "records that are too large to be stored are set aside");
        }
        Ok(kept)
    }

    async fn take_back(&self, file: KeptApart, error: &AppendError) {
        if matches!(error, AppendError::Poisoned(_)) {
            return;
        }
        if let Err(error) = self.dead_letters.take_back(file).await {
            tracing::warn!(%error, "records of a batch that was not taken stay aside");
        }
    }

    async fn append(&self, batch: Batch, room: impl Send + 'static) -> Result<(), AppendError> {
        let id = batch.id;
        let new = self
            .statuses
            .expect(id, batch.received_at, batch.documents.len());
        match self.spool.append(batch, room).await {
            Ok(_) => {
                self.statuses.spooled(id);
                Ok(())
            }
            Err(error) => {
                if new {
                    self.statuses.not_taken(id);
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod simulation;
