//! Hands portions of the spool to deliveries, oldest first, and no more than memory has room for.
//!
//! While the store is away one delivery holds a portion; what the others give back is read from disk again
//! once the store is there. So is what a delivery held that panicked.

mod panicked;
mod permit;

use super::problems::Problem;
use crate::config::OF_UNSTORED;
use crate::deliver::delivery::Delivery;
use futures_util::FutureExt as _;
use panicked::Panicked;
use permit::Permit;
use record::documents::Documents;
use spool::{ConsumeError, Consumer, Lookup, Portion, Spooled};
use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

/// After an error of reading.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// The feeding task's state.
pub(super) struct Feed {
    delivery: Arc<Delivery>,
    consumer: Consumer,
    /// What is handed on at one time, coalesced: one insert.
    portion: Portion,
    lookup: Option<Lookup>,
    /// Batches that were handed out, and are to be read again.
    given_back: BTreeSet<u64>,
    panicked: Panicked,
    /// What is told of those.
    problem: Problem,
    under_way: JoinSet<Ended>,
    places: Arc<Semaphore>,
    held: Arc<Semaphore>,
}

/// What became of a delivery, by the numbers of its batches.
enum Ended {
    Well {
        numbers: Vec<u64>,
        given_back: Vec<u64>,
    },
    Panicked(Vec<u64>),
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
        let size = delivery.store.portion;
        Self {
            problem: delivery.panicked.of_one(),
            delivery,
            consumer: consumer.lingering(size.linger),
            portion: Portion {
                documents: size.documents,
                bytes: size.bytes,
            },
            lookup: None,
            given_back: BTreeSet::new(),
            panicked: Panicked::default(),
            under_way: JoinSet::new(),
            places: Arc::new(Semaphore::new(deliveries)),
            held: permit::memory(),
        }
    }

    /// Runs until the spool is closed and all of it is delivered, or nothing is to be.
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

    /// Waits until another portion may be held; `None` when the service stops in a pause.
    async fn permit(&mut self) -> Option<Permit> {
        loop {
            while let Some(ended) = self.under_way.try_join_next() {
                self.note(ended);
            }
            if self.delivery.store.pause.is_on() {
                tokio::select! {
                    goes_on = self.delivery.store.pause.ended() => {
                        if !goes_on {
                            return None;
                        }
                    }
                    Some(ended) = self.under_way.join_next() => self.note(ended),
                }
                continue;
            }
            if self.delivery.store.outage.is_on() && !self.under_way.is_empty() {
                tokio::select! {
                    () = self.delivery.store.outage.ended() => {}
                    Some(ended) = self.under_way.join_next() => self.note(ended),
                }
                continue;
            }
            let permit = Permit::acquire(&self.places, &self.held, self.portion.bytes).await?;
            // It may have taken until there was a pause, or until the store was away.
            if self.delivery.store.pause.is_on() {
                continue;
            }
            if !self.delivery.store.outage.is_on() || self.under_way.is_empty() {
                return Some(permit);
            }
        }
    }

    async fn next(&mut self) -> Next {
        let now = self.delivery.store.clock.elapsed();
        if let Some(seq) = self.panicked.take_due(now) {
            return self.read_alone(seq).await;
        }
        if !self.given_back.is_empty() {
            return self.read_given_back().await;
        }
        let due = self.panicked.next_due();
        tokio::select! {
            biased;
            Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                self.note(ended);
                Next::Nothing
            }
            () = until(due, now), if due.is_some() => Next::Nothing,
            () = self.delivery.store.pause.begun() => Next::Nothing,
            next = self.consumer.next(self.portion) => match next {
                Ok(Some(portion)) => Next::Portion(portion),
                Ok(None) => self.last().await,
                Err(error) => cannot_hand_on(&error).await,
            }
        }
    }

    /// The spool is closed: what is under way may still be given back.
    async fn last(&mut self) -> Next {
        let now = self.delivery.store.clock.elapsed();
        let due = self.panicked.next_due();
        tokio::select! {
            biased;
            Some(ended) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                self.note(ended);
                Next::Nothing
            }
            () = until(due, now), if due.is_some() => Next::Nothing,
            else => Next::End,
        }
    }

    async fn read_given_back(&mut self) -> Next {
        match self.read(self.given_back.iter().copied().collect()).await {
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

    /// A batch whose delivery panicked, unless it is done.
    async fn read_alone(&mut self, seq: u64) -> Next {
        let read = self.read(vec![seq]).await;
        self.lookup = None;
        match read {
            Ok((_, portion)) => {
                if portion.is_empty() {
                    self.panicked.ended([seq].into_iter());
                    self.tell();
                }
                Next::Portion(portion)
            }
            Err(error) => {
                self.panicked
                    .give_back(seq, self.delivery.store.clock.elapsed());
                cannot_hand_on(&error).await
            }
        }
    }

    /// Reads batches that were handed out before; the numbers that were looked at, and those that are there.
    async fn read(&mut self, numbers: Vec<u64>) -> Result<(Vec<u64>, Vec<Spooled>), ConsumeError> {
        let spool = self.delivery.spool.clone();
        let mut lookup = self.lookup.take().unwrap_or_else(|| spool.lookup());
        let size = self.portion;
        let reading = tokio::task::spawn_blocking(move || {
            let portion = lookup.portion(numbers, size);
            (lookup, portion)
        });
        let (lookup, read) = reading.await?;
        self.lookup = Some(lookup);
        read
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
            let numbers = portion.iter().map(|spooled| spooled.seq).collect();
            let delivering = AssertUnwindSafe(delivery.deliver(portion)).catch_unwind();
            let ended = delivering.await;
            drop(permit);
            match ended {
                Ok(given_back) => Ended::Well {
                    numbers,
                    given_back,
                },
                Err(_) => Ended::Panicked(numbers),
            }
        });
    }

    fn note(&mut self, ended: Result<Ended, JoinError>) {
        let now = self.delivery.store.clock.elapsed();
        match ended {
            Ok(Ended::Well {
                numbers,
                given_back,
            }) => {
                for seq in given_back {
                    if !self.panicked.give_back(seq, now) {
                        self.given_back.insert(seq);
                    }
                }
                self.panicked.ended(numbers.into_iter());
            }
            Ok(Ended::Panicked(numbers)) => {
                let (spool, put_off) = (&self.delivery.spool, &self.delivery.deferral.put_off);
                let has_no_fate = |seq: &u64| spool.waits(*seq) && !put_off.has(*seq);
                self.panicked
                    .add(numbers.into_iter().filter(has_no_fate), now);
                let problem = self.panicked.problem().unwrap_or_default();
                tracing::error!(target: OF_UNSTORED, "a delivery panicked: {problem}");
            }
            Err(error) => tracing::error!(%error, "a delivery ended badly"),
        }
        self.tell();
    }

    /// Has `/health` show what became of deliveries that panicked.
    fn tell(&mut self) {
        let now = self.delivery.store.clock.elapsed();
        if let Some(problem) = self.panicked.problem() {
            self.problem.note(problem, now);
        } else if let Some(lasted) = self.problem.clear(now) {
            let lasted_seconds = lasted.as_secs();
            tracing::info!(lasted_seconds, "what panicked at first was delivered");
        }
    }
}

/// Waits until that time, if there is one, by a clock that shows `now`.
async fn until(due: Option<Duration>, now: Duration) {
    if let Some(due) = due {
        tokio::time::sleep(due.saturating_sub(now)).await;
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

#[cfg(test)]
mod tests;
