//! Refused records for which the dead letters have no room: they wait in the spool, in batches of their
//! own behind all others, and neither hold up a delivery nor keep old segments.
//!
//! A deferred batch is a later copy of records that the spool held already; the older copy is done once
//! the later one is durable. Handed out, a copy is *parked*: only its number stays in memory. One task
//! looks at some of them once a second, which asks the store again and the dead letters.
//! When the oldest batch that is not done is a parked one, and older segments hold more than a segment that
//! is of no use, the task moves it: it is appended anew, so that its segment can go.
//!
//! Two copies that a crash left behind are one: the later is kept, the older is done as *stored already*. So is
//! a batch that is refused once more while a later copy is parked, but for one that cannot be read: then it gets
//! a copy of its own, which takes the place of that one. After a start it is waited for that copy.

mod parked;
mod put_off;

pub(super) use parked::ParkedBatch;
pub(super) use put_off::{PutOff, Refusal};

use parked::Parked;
use record::batch::Batch;
use spool::{AppendError, BatchOutcome, Spool, Spooled};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Batches that may be parked; about 120 bytes of memory each.
const MAX_PARKED: usize = 100_000;

/// Why refused records could not be put off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDeferred {
    /// There are as many as may be.
    #[error("{MAX_PARKED} batches of refused records wait already")]
    TooMany,
    /// Their documents are none.
    #[error("their documents cannot be read")]
    NoDocuments,
    /// The spool does not take them.
    #[error(transparent)]
    Spool(#[from] AppendError),
}

/// The parked batches.
#[derive(Debug)]
pub(crate) struct Deferral {
    parked: Mutex<Parked>,
    pub(super) put_off: PutOff,
    /// Why they wait.
    reason: Mutex<Option<String>>,
    pub(super) arrived: Notify,
}

impl Deferral {
    /// For a spool of which nothing was handed out yet.
    pub(crate) fn new(spool: &Spool) -> Self {
        Self {
            parked: Mutex::default(),
            put_off: PutOff::new(spool),
            reason: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Parks the deferred batches of a portion; the others, which are to be delivered.
    pub(super) fn park_deferred(&self, portion: Vec<Spooled>, spool: &Spool) -> Vec<Spooled> {
        let (deferred, others): (Vec<_>, Vec<_>) = portion
            .into_iter()
            .partition(|spooled| spooled.batch.is_deferred());
        for spooled in deferred {
            self.park(&spooled, spool);
        }
        others
    }

    /// Parks a deferred batch that the spool handed out. If an older copy of it is parked, that one is done.
    fn park(&self, spooled: &Spooled, spool: &Spool) {
        let older = self.parked().park(spooled.seq, &spooled.batch);
        if let Some((seq, older)) = older {
            end_older(seq, older, spool);
        }
        self.arrived.notify_one();
    }

    /// Parks a batch that was taken off; it is done if a later copy came meanwhile.
    pub(super) fn park_again(&self, seq: u64, parked: ParkedBatch, spool: &Spool) {
        let replaced = self.parked().put_back(seq, parked).is_err();
        if replaced {
            end_older(seq, parked, spool);
        }
    }

    /// Puts a refusal off until the copies of its batch are known, or gives it back when they are.
    pub(super) fn put_off(&self, seq: u64, refusal: Refusal, spool: &Spool) -> Result<(), Refusal> {
        self.put_off.add(seq, refusal, spool)?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.parked().len() == 0 && self.put_off.is_empty()
    }

    /// Whether a copy of these records is parked that can be read, as far as is known.
    pub(super) fn has_copy(&self, batch: &Batch) -> bool {
        self.parked().has_readable(digest(batch))
    }

    /// Whether no more may be deferred.
    pub(super) fn is_full(&self) -> bool {
        self.parked().len() >= MAX_PARKED
    }

    /// Why refused records wait in the spool, while any do.
    pub(crate) fn problem(&self) -> Option<String> {
        let records = self.parked().records() + self.put_off.overdue();
        if records == 0 {
            return None;
        }
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = reason
            .as_deref()
            .unwrap_or("the store has not been asked again yet");
        Some(format!(
            "{records} refused records wait in the spool: {reason}"
        ))
    }

    /// Notes why they wait.
    pub(super) fn note(&self, reason: String) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }

    /// The parked batches.
    pub(super) fn parked(&self) -> MutexGuard<'_, Parked> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a batch of which a later copy is parked.
fn end_older(seq: u64, older: ParkedBatch, spool: &Spool) {
    let outcome = BatchOutcome {
        already_stored: older.records,
        ..BatchOutcome::default()
    };
    spool.done(seq, older.bytes, outcome);
}

/// Names the records of a batch: equal for two copies of it.
fn digest(batch: &Batch) -> [u8; 16] {
    let documents = batch.documents.slices(0..batch.documents.len());
    let ids = documents.filter_map(record::document::encoded_id);
    batch.origin().digest(ids.map(|id| id.position()))
}
