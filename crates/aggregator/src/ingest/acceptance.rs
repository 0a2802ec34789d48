//! The order in which a request becomes durable: the spool is asked, what is too large to be stored is set
//! aside, the rest is appended to the spool; only then is anything acknowledged, remembered or counted.
//!
//! If the spool does not take the rest after all, what was set aside is taken back, but for what was aside
//! before: that may be of an earlier request that was acknowledged. Two requests with one key never come here
//! at a time, but for repetitions of one that was acknowledged, which take nothing back. Where nobody knows
//! whether the spool has the rest, nothing is taken back either: it may be there after the next start. Batches of
//! their own in a request are appended with the rest of it, all or none; their keys may be in two requests at a
//! time, so nothing is taken back of a request that has some aside.
//!
//! Killed between two steps, records may be aside of which the client was told nothing. Sent again with its
//! key, they are aside already; without one, they are another batch's, as all that is sent twice.

use super::idempotency::ClaimGuard;
use super::own_turn::OwnTurn;
use crate::access::Sender;
use crate::access::tokens::Token;
use crate::accounting::batch_status::BatchStatuses;
use crate::accounting::brought::Brought;
use crate::accounting::record_counts::Rejection;
use crate::accounting::request_account::{Accepted, Books, RequestAccount};
use crate::deliver::dead_letters::{DeadLetter, DeadLetterError, DeadLetters, KeptApart};
use record::batch::{Batch, BatchOrigin, TooLargeRecord};
use record::fault::RecordFault;
use record::notice::NoticeCounts;
use spool::{AppendError, BatchOutcome, Spool};
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
    /// Batches of their own.
    pub(super) own: OwnTurn,
    /// Whether it is remembered what became of the batch; of those of their own it never is.
    pub(super) has_status: bool,
    /// What is told of it.
    pub(super) notices: NoticeCounts,
    /// Bytes of the body that it came in, decompressed.
    pub(super) body_bytes: usize,
    /// Who sent it.
    pub(super) sender: Sender,
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
    pub(super) books: Books,
    pub(super) statuses: Arc<BatchStatuses>,
}

impl Parts {
    pub(super) fn records(&self) -> u64 {
        self.of_batch() + self.own.records()
    }

    /// Those that are new if the batch is.
    pub(super) fn new_records(&self) -> u64 {
        self.of_batch() + self.own.new_records()
    }

    fn of_batch(&self) -> u64 {
        (self.batch.documents.len() + self.too_large.len()) as u64
    }

    /// All of them by what becomes of them if they are accepted.
    fn brought(&self, turn: &Turn) -> Brought {
        let (own, of_batch) = (&self.own, self.batch.documents.len() as u64);
        let (new, again) = match turn {
            Turn::First(_) => (of_batch, 0),
            Turn::Again { .. } => (0, of_batch),
        };
        Brought {
            accepted: new + own.new_records() - own.too_large.len() as u64,
            repeated: again + own.repeated,
            set_aside: self.apart(),
            ..Brought::default()
        }
    }

    /// How many of them are to be set aside.
    fn apart(&self) -> u64 {
        (self.too_large.len() + self.own.too_large.len()) as u64
    }

    /// Who is to be set aside, with whose records.
    fn take_apart(&mut self) -> Vec<(BatchOrigin, TooLargeRecord)> {
        let origin = self.batch.origin();
        let too_large = std::mem::take(&mut self.too_large).into_iter();
        let too_large = too_large.map(|record| (origin, record));
        let own = std::mem::take(&mut self.own.too_large);
        too_large.chain(own).collect()
    }
}

impl Acceptance {
    /// Makes a request durable; `room` is the memory that it takes up. To be run to its end: whoever asked may
    /// leave, and what is written is to be remembered and counted all the same.
    ///
    /// Fails when the request counts as not accepted.
    pub(super) async fn accept(
        &self,
        mut parts: Parts,
        account: RequestAccount,
        room: impl Send + 'static,
        turn: Turn,
    ) -> Result<(), NotAccepted> {
        let (apart, records) = (parts.apart(), parts.records());
        let brought = parts.brought(&turn);
        let not_taken = |error: NotAccepted| {
            account.rejected(Rejection::NotTaken, records);
            error
        };
        let is_written = !matches!(turn, Turn::Again { written: false });
        // What would be refused anyway is to leave nothing aside.
        if apart > 0 && (is_written || !parts.own.batches.is_empty()) {
            let ready = self.spool.check();
            ready.map_err(|error| not_taken(error.into()))?;
        }
        // Another request may have found aside what is its own of this one.
        let is_alone = parts.own.too_large.is_empty();
        let large = parts.too_large.len();
        let letters = parts.take_apart();
        let kept = self.set_aside(letters, &parts.sender);
        let kept = kept.await.map_err(not_taken)?;
        let of_batch = parts.batch.documents.len();
        let mut repeated = parts.own.repeated;
        if !is_written {
            repeated += of_batch as u64;
        } else if of_batch == 0 && large > 0 && parts.has_status {
            let (id, received_at) = (parts.batch.id, parts.batch.received_at);
            let token = parts.sender.token.clone();
            self.statuses.expect(id, received_at, 0, token);
            self.statuses.done(id, BatchOutcome::default(), Vec::new());
        }
        let spooled = records - apart - repeated;
        let (own, has_status) = (parts.own, parts.has_status);
        let new = own.batches.iter();
        let new: Vec<_> = new.filter_map(|own| Some((*own.key()?, own.id))).collect();
        let batch = Some(parts.batch).filter(|_| is_written && of_batch > 0);
        let owner = parts.sender.tenant();
        let status = (has_status, parts.sender.token);
        if let Err(error) = self.append((batch, status), own.batches, room).await {
            if let (Some(file), Turn::First(_), true) = (kept, &turn, is_alone) {
                self.take_back(file, &error).await;
            }
            account.not_spooled(records, spooled);
            return Err(error.into());
        }
        account.accepted(Accepted {
            brought,
            spooled,
            notices: parts.notices,
        });
        own.keys.accepted(new.into_iter(), &owner);
        if let Turn::First(Some(claim)) = turn {
            claim.accepted(owner);
        }
        Ok(())
    }

    async fn set_aside(
        &self,
        too_large: Vec<(BatchOrigin, TooLargeRecord)>,
        sender: &Sender,
    ) -> Result<Option<KeptApart>, NotAccepted> {
        if too_large.is_empty() {
            return Ok(None);
        }
        let share = sender.share();
        let rejected_at = self.books.clock.now().millis();
        let count = too_large.len();
        let letter = |(origin, record): (BatchOrigin, TooLargeRecord)| DeadLetter {
            origin,
            position: record.position,
            undated: record.undated,
            alone: false,
            earlier: false,
            peer: Some(share),
            reason: reason(),
            rejected_at,
            document: record.document,
        };
        let letters = too_large.into_iter().map(letter).collect();
        let kept = self.dead_letters.keep_apart(letters, share).await?;
        if let Some(file) = &kept {
            let (file, peer) = (file.name(), sender.address);
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

    /// Appends a request's batch, if it is to be, and those of their own, which have no status; of that, whether it
    /// has one, and the token that it came with.
    async fn append(
        &self,
        (batch, (has_status, token)): (Option<Batch>, (bool, Option<Arc<Token>>)),
        own: Vec<Batch>,
        room: impl Send + 'static,
    ) -> Result<(), AppendError> {
        let expected = batch.as_ref().filter(|_| has_status).map(|batch| {
            let (id, records) = (batch.id, batch.documents.len());
            let is_new = self.statuses.expect(id, batch.received_at, records, token);
            (id, is_new)
        });
        let own = own.into_iter().filter(|own| !own.documents.is_empty());
        let batches: Vec<Batch> = batch.into_iter().chain(own).collect();
        if batches.is_empty() {
            return Ok(());
        }
        let appended = self.spool.append_all(batches, room).await;
        match (&appended, expected) {
            (Ok(_), Some((id, _))) => self.statuses.spooled(id),
            (Err(_), Some((id, true))) => self.statuses.not_taken(id),
            _ => {}
        }
        appended.map(drop)
    }
}

#[cfg(test)]
mod simulation;
