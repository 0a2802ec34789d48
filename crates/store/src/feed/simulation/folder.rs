//! A data folder: what is stored, what is known of batches, the entries, and the spool.

use super::super::entry::encode;
use super::super::place::{Standing, may_go};
use super::super::spans::Spans;
use super::super::{Announced, Life, Reached};
use super::Fault;
use crate::blocks::ledger::have::Have;
use crate::blocks::ledger::simulation::random::Random;
use logs::Timestamp;
use record::id::{BatchId, RecordId};
use std::collections::{BTreeMap, BTreeSet};

const HOUR: i64 = 3_600_000_000_000;
/// Entries that one portion removes at most.
const MOST_REMOVED: u64 = 4;

/// Records that were sent together.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    id: BatchId,
    records: Vec<RecordId>,
}

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) life: Life,
    at: Timestamp,
    pub(super) bytes: Vec<u8>,
}

/// What lies in a folder, and which life of a process has it open.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) records: BTreeSet<RecordId>,
    known: BTreeMap<[u8; 8], Have>,
    pub(super) entries: BTreeMap<u64, Written>,
    pub(super) spool: Vec<Batch>,
    life: Life,
    /// With [`Fault::AnnouncedBehindCommit`]: what is to be written yet.
    pub(super) unwritten: Option<Vec<u8>>,
}

impl Batch {
    pub(super) fn new(id: BatchId, times: Vec<usize>) -> Self {
        let records = (0..).zip(times).map(|(position, hour)| {
            let nanos = i64::try_from(hour).unwrap() * HOUR;
            RecordId::new(Timestamp::from_nanos(nanos), id, position)
        });
        Self {
            id,
            records: records.collect(),
        }
    }

    /// Some of its records.
    pub(super) fn part(&self, random: &mut Random) -> Self {
        let from = random.below(self.records.len());
        let records = self.records.iter().skip(from).copied();
        Self {
            id: self.id,
            records: records.collect(),
        }
    }
}

impl Folder {
    pub(super) fn new() -> Self {
        Self {
            records: BTreeSet::new(),
            known: BTreeMap::new(),
            entries: BTreeMap::new(),
            spool: Vec::new(),
            life: life(1),
            unwritten: None,
        }
    }

    pub(super) fn begin_life(&mut self, number: u64) {
        self.life = life(number);
    }

    /// Stores a batch without announcing it.
    pub(super) fn store_before(&mut self, batch: &Batch) {
        self.records.extend(&batch.records);
        let known = self.known.entry(*batch.id.as_bytes()).or_default();
        known.union(&batch.records.iter().map(RecordId::position).collect());
    }

    /// Stores what is new of a portion and announces it; whether some of it was there.
    pub(super) fn store(&mut self, portion: &[Batch], now: i64, fault: Fault) -> bool {
        let (mut announced, mut spans) = (Announced::default(), Spans::default());
        let mut is_repeated = false;
        for batch in portion {
            for id in &batch.records {
                let known = self.known.entry(*batch.id.as_bytes()).or_default();
                let is_new = known.insert(id.position());
                is_repeated |= !is_new;
                if is_new || fault == Fault::RepeatedAnnounced {
                    self.records.insert(*id);
                    announced.add(batch.id, id.position());
                    spans.add(id.time());
                }
            }
        }
        if announced.records() > 0 {
            self.unwritten = Some(encode(&announced, &spans.ranges()));
        }
        if fault != Fault::AnnouncedBehindCommit {
            self.write_what_is_left(now, fault);
        }
        is_repeated
    }

    /// Writes an entry, and removes a few that are old.
    pub(super) fn write_what_is_left(&mut self, now: i64, fault: Fault) {
        let Some(bytes) = self.unwritten.take() else {
            return;
        };
        let now = Timestamp::from_nanos(now * HOUR);
        let mut removed = 0;
        while removed < MOST_REMOVED && self.oldest_may_go(now, fault) {
            self.entries.pop_first();
            removed += 1;
        }
        let number = self.newest().number + 1;
        let written = Written {
            life: self.life,
            at: now,
            bytes,
        };
        self.entries.insert(number, written);
    }

    fn oldest_may_go(&self, now: Timestamp, fault: Fault) -> bool {
        let mut oldest = self.entries.values();
        match (oldest.next(), oldest.next()) {
            (Some(_), Some(next)) => may_go(next.at, now),
            (Some(only), None) => fault == Fault::NewestRemoved && may_go(only.at, now),
            (None, _) => false,
        }
    }

    pub(super) fn standing(&self) -> Option<Standing> {
        let first = self.entries.first_key_value()?;
        Some(Standing {
            first: *first.0,
            newest: self.newest(),
        })
    }

    /// How far the feed is.
    pub(super) fn newest(&self) -> Reached {
        let newest = self.entries.last_key_value();
        newest.map_or(reached(0, life(0)), |(number, written)| {
            reached(*number, written.life)
        })
    }
}

pub(super) fn reached(number: u64, life: Life) -> Reached {
    Reached { number, life }
}

fn life(number: u64) -> Life {
    Life(number.to_be_bytes())
}
