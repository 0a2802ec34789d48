//! The task that looks at parked batches once a second, and moves them out of the way.

use super::attempt::{Attempt, Patience};
use super::deferral::{ParkedBatch, Refusal};
use super::delivery::{Delivery, KEPT_AT_ONCE, send};
use super::outcome::outcome;
use super::portion::Prepared;
use futures_util::{StreamExt as _, stream};
use record::batch::Batch;
use spool::{BatchOutcome, KeptSegments, Lookup, Spooled};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Between two moves, while there is something to move.
const MOVE_INTERVAL: Duration = Duration::from_millis(100);
/// A look that must read much of a large segment is followed by a rest of so many times as long.
const IDLE_SHARE: u32 = 50;
/// Batches that are moved in one commit.
const MOVED_AT_ONCE: usize = 256;
/// Bytes that are moved in a second at most, but for a single larger batch.
const MOVED_PER_SECOND: u64 = 8 * 1024 * 1024;

/// What the task has.
pub(super) struct Waiting {
    delivery: Arc<Delivery>,
    lookup: Option<Lookup>,
    /// Where the next look begins.
    next: u64,
    /// Bytes that may be moved before the next look.
    allowance: u64,
    /// Until the next look.
    rest: Duration,
}

/// Runs until it is dropped.
pub(crate) async fn start(delivery: Arc<Delivery>) {
    let mut waiting = Waiting::new(Arc::clone(&delivery));
    loop {
        while delivery.deferral.is_empty() {
            delivery.deferral.arrived.notified().await;
        }
        waiting.round().await;
    }
}

impl Waiting {
    pub(super) fn new(delivery: Arc<Delivery>) -> Self {
        Self {
            delivery,
            lookup: None,
            next: 0,
            allowance: MOVED_PER_SECOND,
            rest: LOOK_INTERVAL,
        }
    }

    /// One look, and what can be moved until the next.
    async fn round(&mut self) {
        self.allowance = MOVED_PER_SECOND;
        self.rest = LOOK_INTERVAL;
        while self.keep_put_off().await {}
        let began = self.delivery.store.clock.elapsed();
        while self.look().await {}
        self.lookup = None;
        while self.delivery.store.clock.elapsed().saturating_sub(began) < self.rest {
            while self.move_on().await {}
            // An open file of a segment that is removed would go on taking its room.
            self.lookup = None;
            tokio::time::sleep(MOVE_INTERVAL).await;
        }
    }

    /// Keeps some of what was put off until every copy of it was known; whether all of it was kept, and there
    /// was any. What could not be kept is tried again at a later look: the looks make the room for it.
    pub(super) async fn keep_put_off(&mut self) -> bool {
        let delivery = Arc::clone(&self.delivery);
        let put_off = &delivery.deferral.put_off;
        let refusals = put_off.take(&delivery.spool, KEPT_AT_ONCE, MOVED_PER_SECOND);
        if refusals.is_empty() {
            return false;
        }
        let mut batches = self.read(refusals.keys().copied()).await;
        let (mut left, mut keeping) = (BTreeMap::new(), Vec::new());
        for (seq, refusal) in refusals {
            if let Some(batch) = batches.remove(&seq) {
                let portion = Prepared::new(vec![Spooled { seq, batch }], Vec::new());
                keeping.push((seq, portion, refusal));
            } else if delivery.spool.waits(seq) {
                // It cannot be read now, which is told.
                left.insert(seq, refusal);
            }
        }
        let keep = async |(seq, portion, refusal): (u64, Prepared, Refusal)| {
            let part = portion.parts.first()?;
            let (refused, outcome) = (&refusal.refused, refusal.outcome);
            let kept = delivery.keep_once(&portion, part, refused, outcome).await;
            Some((seq, refusal, kept.err()?))
        };
        let mut reason = None;
        let mut trying = stream::iter(keeping)
            .map(keep)
            .buffer_unordered(KEPT_AT_ONCE);
        while let Some(tried) = trying.next().await {
            if let Some((seq, refusal, error)) = tried {
                left.insert(seq, refusal);
                reason = Some(error.to_string());
            }
        }
        if let Some(reason) = reason {
            delivery.deferral.note(reason);
        }
        let all = left.is_empty();
        put_off.give_back(left);
        all
    }

    /// Asks the store and the dead letters for some parked batches; whether all of them were taken, and
    /// there are more.
    pub(super) async fn look(&mut self) -> bool {
        let delivery = Arc::clone(&self.delivery);
        // In an outage one delivery asks, and no other portion is in memory; in a pause nobody does.
        if delivery.store.outage.is_asked() || delivery.store.pause.is_on() {
            return false;
        }
        let numbers = delivery.deferral.parked().some_from(
            self.next,
            delivery.store.portion.documents as u64,
            delivery.store.portion.bytes as u64,
        );
        self.next = numbers.last().map_or(0, |last| last + 1);
        let batches = self.read(numbers.into_iter()).await.into_iter();
        let batches: Vec<_> = batches.map(|(seq, batch)| Spooled { seq, batch }).collect();
        if batches.is_empty() {
            return false;
        }
        let mut attempt = Attempt::new(&delivery.store, Patience::None);
        let Ok((portion, report)) = send(&mut attempt, batches).await else {
            return false;
        };
        let full = delivery.set_aside(&portion, &report.refused).await.err();
        if let Some(error) = &full {
            delivery.deferral.note(error.to_string());
        }
        for part in &portion.parts {
            let (outcome, refused) = outcome(&part.range, &report);
            let stays = full.is_some() && !refused.is_empty();
            if stays && refused.len() == part.range.len() {
                continue;
            }
            // A later copy may have come meanwhile, which has its own look.
            let Some(parked) = delivery.deferral.parked().take(part.seq) else {
                continue;
            };
            if !stays {
                delivery.finish(part, outcome, &portion, refused);
                continue;
            }
            let kept = delivery.keep_once(&portion, part, refused, outcome).await;
            if let Err(error) = kept {
                delivery.deferral.note(error.to_string());
                delivery
                    .deferral
                    .park_again(part.seq, parked, &delivery.spool);
            }
        }
        full.is_none() && delivery.deferral.parked().len() > 0
    }

    /// Sends parked batches to the spool's end when the first batch that is not done is one of them, and
    /// keeps segments that are of no use otherwise; whether any was sent.
    pub(super) async fn move_on(&mut self) -> bool {
        let delivery = Arc::clone(&self.delivery);
        let Some(kept) = delivery.spool.keeps_segments() else {
            return false;
        };
        if self.allowance == 0 {
            return false;
        }
        let moving = {
            let mut parked = delivery.deferral.parked();
            if !is_worth_it(&kept, parked.bytes()) {
                return false;
            }
            parked.begin_to_move(kept.numbers, MOVED_AT_ONCE, self.allowance)
        };
        let mut batches = self.read(moving.iter().map(|(seq, _)| *seq)).await;
        let mut appending = JoinSet::new();
        for (seq, parked) in moving {
            let (spool, batch) = (delivery.spool.clone(), batches.remove(&seq));
            appending.spawn(async move {
                let appended = match batch {
                    Some(batch) => spool.append(batch.deferred(), ()).await.is_ok(),
                    // It could not be read, which is told.
                    None => false,
                };
                (seq, parked, appended)
            });
        }
        let mut any = false;
        while let Some(ended) = appending.join_next().await {
            if let Ok((seq, parked, appended)) = ended {
                any |= appended;
                self.moved(seq, parked, appended);
            }
        }
        any
    }

    /// Ends a batch whose later copy is durable, and lets one stay that has none.
    fn moved(&mut self, seq: u64, batch: ParkedBatch, appended: bool) {
        let delivery = &self.delivery;
        let mut parked = delivery.deferral.parked();
        let outcome = match appended {
            true => {
                // It stays parked in name until the later copy is handed out and takes its place.
                self.allowance = self.allowance.saturating_sub(batch.bytes);
                BatchOutcome {
                    deferred: batch.records,
                    ..BatchOutcome::default()
                }
            }
            false if parked.stays(seq) => return,
            // A later copy of it came from elsewhere.
            false => BatchOutcome {
                already_stored: batch.records,
                ..BatchOutcome::default()
            },
        };
        drop(parked);
        delivery.spool.done(seq, batch.bytes, outcome);
    }

    /// Reads batches, but for those that cannot be read, which is noted of parked ones.
    async fn read(&mut self, numbers: impl Iterator<Item = u64>) -> BTreeMap<u64, Batch> {
        let (spool, numbers) = (self.delivery.spool.clone(), numbers.collect::<Vec<_>>());
        let asked = numbers.clone();
        let mut lookup = self.lookup.take().unwrap_or_else(|| spool.lookup());
        let began = self.delivery.store.clock.elapsed();
        let reading = tokio::task::spawn_blocking(move || {
            let (mut batches, mut reason) = (BTreeMap::new(), None);
            for seq in numbers {
                match lookup.batch(seq) {
                    Ok(Some(spooled)) => drop(batches.insert(seq, spooled.batch)),
                    Ok(None) => {}
                    Err(error) => reason = Some(error.to_string()),
                }
            }
            (lookup, batches, reason)
        });
        let (batches, reason) = match reading.await {
            Ok((lookup, batches, reason)) => {
                self.lookup = Some(lookup);
                (batches, reason)
            }
            Err(error) => (BTreeMap::new(), Some(error.to_string())),
        };
        if let Some(reason) = reason {
            self.delivery.deferral.note(reason);
        }
        {
            let mut parked = self.delivery.deferral.parked();
            for seq in asked {
                parked.was_read(seq, batches.contains_key(&seq));
            }
        }
        let took = self.delivery.store.clock.elapsed().saturating_sub(began);
        self.rest = self.rest.max(took * IDLE_SHARE);
        batches
    }
}

/// Whether moving gives more room back than it takes: more than a segment of what is kept is of no use, and
/// as much as would have to be written for it, or room is short. Else what waits would be written again for
/// ever as soon as it is more than a segment.
fn is_worth_it(kept: &KeptSegments, parked_bytes: u64) -> bool {
    let of_no_use = kept.older_bytes.saturating_sub(parked_bytes);
    of_no_use > kept.segment_bytes && (of_no_use > parked_bytes || kept.is_half_full)
}

#[cfg(test)]
mod at_rest;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod simulation;
