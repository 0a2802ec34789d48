//! Hands portions of the spool to deliveries, oldest first, and no more than memory has room for.
//!
//! While the store is away one delivery holds a portion; what the others give back is read from disk again
//! once the store is there.

use crate::deliver::delivery::{Delivery, INSERT_BYTES};
use crate::deliver::insert_size;
use record::documents::Documents;
use spool::{ConsumeError, Consumer, Lookup, Portion, Spooled};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};

/// What is handed on at one time, coalesced: one insert command.
const PORTION: Portion = Portion {
    documents: insert_size::MOST,
    bytes: INSERT_BYTES,
};
/// Bytes of documents that all deliveries hold together, but for a single larger batch, which goes alone.
const HELD_BYTES: usize = 16 * 1024 * 1024;
const KIB: usize = 1024;
/// After an error of reading.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// The feeding task's state.
pub(super) struct Feed {
    delivery: Arc<Delivery>,
    consumer: Consumer,
    lookup: Option<Lookup>,
    /// Batches that were handed out, and are to be read again.
    given_back: BTreeSet<u64>,
    /// Each tells what it gives back.
    under_way: JoinSet<Vec<u64>>,
    places: Arc<Semaphore>,
    held: Arc<Semaphore>,
}

/// The right to a delivery and to its memory.
struct Permit {
    _place: OwnedSemaphorePermit,
    held: OwnedSemaphorePermit,
}

impl Permit {
    /// Makes it a permit for so many bytes, or for all that there may be.
    async fn weigh(&mut self, bytes: usize, all: &Arc<Semaphore>) {
        let (wanted, held) = (kib(bytes.min(HELD_BYTES)), self.held.num_permits());
        if let Some(more) = (wanted as usize).checked_sub(held) {
            let more = u32::try_from(more).unwrap_or(0);
            if let Ok(more) = Arc::clone(all).acquire_many_owned(more).await {
                self.held.merge(more);
            }
        } else {
            drop(self.held.split(held - wanted as usize));
        }
    }
}

enum Next {
    Portion(Vec<Spooled>),
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    End,
}

impl Feed {
    /// So many `deliveries` may be under way at one time.
    pub(super) fn new(delivery: Arc<Delivery>, consumer: Consumer, deliveries: usize) -> Self {
        Self {
            delivery,
            consumer,
            lookup: None,
            given_back: BTreeSet::new(),
            under_way: JoinSet::new(),
            places: Arc::new(Semaphore::new(deliveries)),
            held: Arc::new(Semaphore::new(HELD_BYTES / KIB)),
        }
    }

    /// Runs until the spool is closed and all of it is delivered.
    pub(super) async fn run(mut self) {
        while let Some(permit) = self.permit().await {
            match self.next().await {
                Next::Portion(portion) => self.deliver(permit, portion).await,
                Next::Nothing => {}
                Next::End => break,
            }
        }
        while let Some(ended) = self.under_way.join_next().await {
            self.note(ended);
        }
    }

    /// Waits until another portion may be held.
    async fn permit(&mut self) -> Option<Permit> {
        loop {
            while let Some(ended) = self.under_way.try_join_next() {
                self.note(ended);
            }
            if self.delivery.store.outage.is_on() && !self.under_way.is_empty() {
                tokio::select! {
                    () = self.delivery.store.outage.ended() => {}
                    Some(ended) = self.under_way.join_next() => self.note(ended),
                }
                continue;
            }
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            let held = Arc::clone(&self.held).acquire_many_owned(kib(INSERT_BYTES));
            let held = held.await.ok()?;
            // It may have taken until the store was away.
            if !self.delivery.store.outage.is_on() || self.under_way.is_empty() {
                return Some(Permit {
                    _place: place,
                    held,
                });
            }
        }
    }

    async fn next(&mut self) -> Next {
        if !self.given_back.is_empty() {
            return self.read_again().await;
        }
        tokio::select! {
            biased;
            Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                self.note(ended);
                Next::Nothing
            }
            next = self.consumer.next(PORTION) => match next {
                Ok(Some(portion)) => Next::Portion(portion),
                Ok(None) => self.last().await,
                Err(error) => cannot_hand_on(&error).await,
            }
        }
    }

    /// The spool is closed: what is under way may still be given back.
    async fn last(&mut self) -> Next {
        match self.under_way.join_next().await {
            Some(ended) => {
                self.note(ended);
                Next::Nothing
            }
            None => Next::End,
        }
    }

    async fn read_again(&mut self) -> Next {
        let spool = self.delivery.spool.clone();
        let mut lookup = self.lookup.take().unwrap_or_else(|| spool.lookup());
        let numbers: Vec<u64> = self.given_back.iter().copied().collect();
        let reading = tokio::task::spawn_blocking(move || {
            let portion = lookup.portion(numbers, PORTION);
            (lookup, portion)
        });
        let read = match reading.await {
            Ok((lookup, read)) => {
                self.lookup = Some(lookup);
                read
            }
            Err(error) => Err(error.into()),
        };
        match read {
            Ok((looked_at, portion)) => {
                for seq in looked_at {
                    self.given_back.remove(&seq);
                }
                if self.given_back.is_empty() {
                    self.lookup = None;
                }
                Next::Portion(portion)
            }
            Err(error) => cannot_hand_on(&error).await,
        }
    }

    async fn deliver(&mut self, mut permit: Permit, portion: Vec<Spooled>) {
        let (deferral, spool) = (&self.delivery.deferral, &self.delivery.spool);
        let portion = deferral.park_deferred(portion, spool);
        if portion.is_empty() {
            return;
        }
        let documents = portion.iter().map(|spooled| &spooled.batch.documents);
        let bytes: usize = documents.map(Documents::encoded_bytes).sum();
        permit.weigh(bytes, &self.held).await;
        let delivery = Arc::clone(&self.delivery);
        self.under_way.spawn(async move {
            let given_back = delivery.deliver(portion).await;
            drop(permit);
            given_back
        });
    }

    fn note(&mut self, ended: Result<Vec<u64>, JoinError>) {
        match ended {
            Ok(given_back) => self.given_back.extend(given_back),
            Err(error) => {
                tracing::error!(%error, "a delivery ended badly; its batches are delivered after the next start");
            }
        }
    }
}

async fn cannot_hand_on(error: &ConsumeError) -> Next {
    // What may work again is told by the spool.
    if !matches!(error, ConsumeError::Io(_)) {
        tracing::error!(%error, "the spool cannot be handed on");
    }
    if matches!(error, ConsumeError::Damaged(_)) {
        return Next::End;
    }
    tokio::time::sleep(READ_PAUSE).await;
    Next::Nothing
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}
