//! The feed: what was stored, in the order of storing, for those who follow it.
//!
//! A store writes an *entry* for each portion that it stored: which records were new. Entries of one feed are numbered from
//! 1 on without gaps; the embedded store has one feed, several aggregators on one MongoDB have one each. An entry stays a
//! day and an hour after the next one was written, and the newest one stays for good. Records are never announced twice,
//! and each that was stored newly is announced. The records themselves are read like any others: those of an entry's
//! [spans](FeedEntry::spans) that it [announces](Announced::has).

pub(crate) mod embedded;
mod entry;
mod place;
pub(crate) mod spans;
pub(crate) mod table;

use crate::StoreError;
use crate::blocks::ledger::have::Have;
use async_trait::async_trait;
use logs::Timestamp;
use record::id::{BatchId, RecordId};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Which feed: random, made with the store's file or with the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub [u8; 8]);

/// Which history of a feed: random of each start of a process, so that a copied folder or one that was put back is told
/// from the one that a reader followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life(pub [u8; 8]);

/// An entry of a feed that a reader has behind it. The number is 0, and the life of no meaning, before the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reached {
    /// The entry's number.
    pub number: u64,
    /// The life of the process that wrote it.
    pub life: Life,
}

/// How far a reader is in each feed; a feed that it does not hold is one of which everything is still to come.
pub type Vector = BTreeMap<FeedId, Reached>;

/// What was stored newly with one transaction or command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Whose entry it is.
    pub feed: FeedId,
    /// Which one.
    pub reached: Reached,
    /// When it was written, by the store's clock.
    pub at: Timestamp,
    /// Its records.
    pub announced: Announced,
    /// Few spans of time that hold all of its records, in order, apart from one another; the end is not in a span, but for
    /// [`Timestamp::MAX`].
    pub spans: Vec<Range<Timestamp>>,
}

/// Records by batch and position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// By the bytes of the batch's id.
    batches: BTreeMap<[u8; 8], Have>,
}

impl Announced {
    /// Adds a record.
    pub fn add(&mut self, batch: BatchId, position: u32) {
        self.batches
            .entry(*batch.as_bytes())
            .or_default()
            .insert(position);
    }

    /// Adds many of one batch, or none.
    pub fn add_all(&mut self, batch: BatchId, positions: &Have) {
        if positions.is_empty() {
            return;
        }
        self.batches
            .entry(*batch.as_bytes())
            .or_default()
            .union(positions);
    }

    /// Whether it is announced.
    pub fn has(&self, id: &RecordId) -> bool {
        let positions = self.batches.get(id.batch().as_bytes());
        positions.is_some_and(|positions| positions.contains(id.position()))
    }

    /// How many records.
    pub fn records(&self) -> u64 {
        self.batches.values().map(Have::len).sum()
    }

    /// The batches, and which positions of each.
    pub fn batches(&self) -> impl ExactSizeIterator<Item = (BatchId, &Have)> {
        let batches = self.batches.iter();
        batches.map(|(batch, positions)| (BatchId::from_bytes(*batch), positions))
    }
}

/// Why a reader cannot simply go on where it was in a feed: what it missed there is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Its next entries are older than entries are kept.
    Forgotten,
    /// The entry that it was at is not there, or is of another life: the store was put back, or copied.
    AnotherHistory,
}

/// What comes behind a vector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntriesBehind {
    /// Each feed's in its order; of several feeds, about as they were written.
    pub entries: Vec<FeedEntry>,
    /// Feeds in which the reader cannot go on; none of `entries` is of them. It begins anew at `Reached`, the newest entry.
    pub gaps: Vec<(FeedId, Gap, Reached)>,
    /// Whether there may be more behind these.
    pub more: bool,
}

/// What follows a store's feed.
#[async_trait]
pub trait FeedSource: Send + Sync + 'static {
    /// How far the feeds are once everything is announced that could be read from the store when this was called.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn settled(&self, deadline: Duration) -> Result<Vector, StoreError>;

    /// The next entries behind `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn behind(
        &self,
        after: &Vector,
        limit: usize,
        deadline: Duration,
    ) -> Result<EntriesBehind, StoreError>;

    /// Resolves once there may be entries that were not there when this was called, and now and then without.
    async fn changed(&self);

    /// How it learns of new entries, for people: `embedded`, `change stream`, `polling`.
    fn way(&self) -> &'static str;
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_is_known_by_batch_and_position_and_nothing_else_is() {
        let (one, another) = (BatchId::from_bytes([1; 8]), BatchId::from_bytes([2; 8]));
        let mut announced = Announced::default();
        announced.add(one, 3);
        announced.add_all(one, &Have::from_iter([3, 4]));
        let id = |batch, position| RecordId::new(Timestamp::from_nanos(7), batch, position);
        assert!(announced.has(&id(one, 3)) && announced.has(&id(one, 4)));
        assert!(!announced.has(&id(one, 5)) && !announced.has(&id(another, 3)));
        assert_eq!(announced.records(), 2);
    }
}
