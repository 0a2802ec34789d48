//! What became of the last batches: which of them wait, and what the store took of the others.
//!
//! A convenience, bounded in memory; what is forgotten here is as safe as before. Where there are tenants, it is whoever
//! has most here whose oldest batch is forgotten.

use crate::access::tokens::Token;
use crate::accounting::fair_order::FairOrder;
use crate::accounting::shares::Owner;
use logs::Timestamp;
use record::id::BatchId;
use spool::BatchOutcome;
use std::collections::{HashMap, hash_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Batches that are remembered; about 150 bytes each, and a few hundred more while somebody waits.
const REMEMBERED: usize = 100_000;
/// Refused records of one batch that are named; all are counted.
pub const MAX_LISTED: usize = 100;
/// Refused records that are named of all batches together.
const MAX_LISTED_IN_ALL: usize = 10_000;

/// What is known of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStatus {
    /// When its request came.
    pub received_at: Timestamp,
    /// Its records.
    pub records: usize,
    /// What the store took of it, once it has.
    pub outcome: Option<BatchOutcome>,
    /// Those that the store refused, at most [`MAX_LISTED`].
    pub set_aside: Vec<SetAside>,
    /// The token that it came with, as far as is known: of what waited when the process began, it is not.
    pub token: Option<Arc<Token>>,
}

/// A record that the store refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The store's reason.
    pub reason: Arc<str>,
}

/// The last batches.
#[derive(Debug)]
pub struct BatchStatuses {
    known: Mutex<Known>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<BatchId, Entry>,
    order: FairOrder<BatchId>,
    /// Those of which refused records are named.
    listing: FairOrder<BatchId>,
    listed: usize,
}

#[derive(Debug)]
struct Entry {
    received_at: Timestamp,
    records: usize,
    /// Whether it is durable.
    spooled: bool,
    outcome: Option<BatchOutcome>,
    /// What is known while some of its records wait on.
    so_far: BatchOutcome,
    set_aside: Vec<SetAside>,
    token: Option<Arc<Token>>,
    /// Among whose batches it is counted.
    owner: Owner,
    /// Told when it is done.
    done: Option<watch::Sender<Option<BatchOutcome>>>,
}

/// The outcome of a batch, now or later.
#[derive(Debug)]
pub struct Awaited(watch::Receiver<Option<BatchOutcome>>);

impl Default for BatchStatuses {
    fn default() -> Self {
        Self::new(REMEMBERED)
    }
}

impl BatchStatuses {
    /// Remembers so many batches.
    pub fn new(limit: usize) -> Self {
        Self {
            known: Mutex::default(),
            limit,
        }
    }

    /// A batch is about to be made durable; whether it is new here.
    pub fn expect(
        &self,
        id: BatchId,
        received_at: Timestamp,
        records: usize,
        token: Option<Arc<Token>>,
    ) -> bool {
        let mut known = self.known();
        if let Some(entry) = known.entries.get_mut(&id) {
            // Of one that waited when the process began, whoever sends it again says whose it is.
            entry.token = entry.token.take().or(token);
            return false;
        }
        let owner = token.as_ref().map(|token| Arc::clone(&token.tenant));
        let entry = Entry {
            token,
            owner: owner.clone(),
            ..Entry::new(received_at, records, false)
        };
        known.entries.insert(id, entry);
        known.order.push_newest(owner, id);
        while known.order.count() > self.limit
            && let Some(oldest) = known.order.pop()
        {
            known.remove(oldest);
        }
        true
    }

    /// It is durable.
    pub fn spooled(&self, id: BatchId) {
        if let Some(entry) = self.known().entries.get_mut(&id) {
            entry.spooled = true;
        }
    }

    /// It was not taken, unless it was in another request.
    pub fn not_taken(&self, id: BatchId) {
        let mut known = self.known();
        if known.entries.get(&id).is_none_or(|entry| entry.spooled) {
            return;
        }
        if let Some(owner) = known.remove(id) {
            known.order.remove(&owner, &id);
        }
    }

    /// Remembers a batch that waits since an earlier life of the process, and is older than all that
    /// are remembered; whether there was room. `waits` is asked at a time when [`BatchStatuses::done`] either
    /// has not been told of the batch, or the answer is no: so none is remembered that is done already.
    pub fn recovered(
        &self,
        id: BatchId,
        received_at: Timestamp,
        records: usize,
        waits: impl FnOnce() -> bool,
    ) -> bool {
        let mut known = self.known();
        if known.order.count() >= self.limit {
            return false;
        }
        if !waits() {
            return true;
        }
        if let hash_map::Entry::Vacant(place) = known.entries.entry(id) {
            place.insert(Entry::new(received_at, records, true));
            known.order.push_oldest(None, id);
        }
        true
    }

    /// The store has what it takes of a part of a batch; the records that are deferred wait on.
    pub fn partly_done(&self, id: BatchId, outcome: BatchOutcome) {
        if let Some(entry) = self.known().entries.get_mut(&id) {
            entry.so_far = entry.so_far.and(outcome);
        }
    }

    /// The store has what it takes of a batch, or of what was left of it. Only the first time counts:
    /// written again, the same batch finds itself there.
    pub fn done(&self, id: BatchId, outcome: BatchOutcome, mut set_aside: Vec<SetAside>) {
        let mut known = self.known();
        let Some(entry) = known.entries.get_mut(&id) else {
            return;
        };
        if entry.outcome.is_some() {
            return;
        }
        set_aside.truncate(MAX_LISTED);
        let listed = set_aside.len();
        // The same batch may have come again whole meanwhile.
        let whole = entry.so_far.and(outcome);
        let fits = whole.records() <= entry.records as u64;
        let outcome = if fits { whole } else { outcome };
        entry.spooled = true;
        entry.outcome = Some(outcome);
        entry.set_aside = set_aside;
        if let Some(done) = entry.done.take() {
            done.send_replace(Some(outcome));
        }
        if listed > 0 {
            let owner = entry.owner.clone();
            known.listing.push_newest(owner, id);
            known.list(listed);
        }
    }

    /// What is known of a batch that was accepted.
    pub fn of(&self, id: BatchId) -> Option<BatchStatus> {
        let known = self.known();
        let entry = known.entries.get(&id).filter(|entry| entry.spooled)?;
        Some(BatchStatus {
            received_at: entry.received_at,
            records: entry.records,
            outcome: entry.outcome,
            set_aside: entry.set_aside.clone(),
            token: entry.token.clone(),
        })
    }

    /// Asks for the outcome of a batch; `None` when it is not remembered.
    pub fn outcome(&self, id: BatchId) -> Option<Awaited> {
        let mut known = self.known();
        let entry = known.entries.get_mut(&id)?;
        let receiver = match (&entry.outcome, &entry.done) {
            (Some(outcome), _) => watch::channel(Some(*outcome)).1,
            (None, Some(done)) => done.subscribe(),
            (None, None) => {
                let (sender, receiver) = watch::channel(None);
                entry.done = Some(sender);
                receiver
            }
        };
        Some(Awaited(receiver))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(received_at: Timestamp, records: usize, spooled: bool) -> Self {
        Self {
            received_at,
            records,
            spooled,
            outcome: None,
            so_far: BatchOutcome::default(),
            set_aside: Vec::new(),
            token: None,
            owner: None,
            done: None,
        }
    }
}

impl Known {
    /// Forgets a batch; among whose batches it was counted.
    fn remove(&mut self, id: BatchId) -> Option<Owner> {
        let entry = self.entries.remove(&id)?;
        if !entry.set_aside.is_empty() {
            self.listed -= entry.set_aside.len();
            self.listing.remove(&entry.owner, &id);
        }
        Some(entry.owner)
    }

    /// Notes that so many more records are named; where these are too many, those of the oldest batch of whoever has
    /// most are counted only.
    fn list(&mut self, records: usize) {
        self.listed += records;
        while self.listed > MAX_LISTED_IN_ALL
            && let Some(oldest) = self.listing.pop()
        {
            if let Some(entry) = self.entries.get_mut(&oldest) {
                self.listed -= std::mem::take(&mut entry.set_aside).len();
            }
        }
    }
}

impl Awaited {
    /// Waits for it; `None` when the batch is forgotten meanwhile.
    pub async fn get(mut self) -> Option<BatchOutcome> {
        let outcome = self.0.wait_for(Option::is_some).await;
        outcome.ok().and_then(|outcome| *outcome)
    }
}

#[cfg(test)]
mod tests;
