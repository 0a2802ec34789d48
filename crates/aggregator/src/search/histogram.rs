//! Counts by time: what is in each bucket, by level.
//!
//! Pure: where the records are counted, and how long, is said elsewhere.

use logs::{Level, Timestamp};
use query::Order;
use query::buckets::{Bucket, Buckets};
use record::id::RecordId;
use std::sync::Arc;

/// The levels, and behind them all that is none.
const KINDS: usize = Level::ALL.len() + 1;
/// What is counted there is called by this name.
const OTHER: &str = "other";

/// How many records there are, by level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LevelCounts([u64; KINDS]);

impl LevelCounts {
    fn add(&mut self, severity: u8, records: u64) {
        let level = Level::from_severity(severity);
        let known = Level::ALL.iter().position(|one| Some(*one) == level);
        if let Some(count) = self.0.get_mut(known.unwrap_or(KINDS - 1)) {
            *count += records;
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that there are, by name, the least level first; `other` are those whose level is missing
    /// or not known.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = Level::ALL.map(Level::name).into_iter().chain([OTHER]);
        names.zip(self.0).filter(|(_, count)| *count > 0)
    }
}

/// What was counted, bucket by bucket.
#[derive(Debug)]
pub struct Histogram {
    buckets: Arc<Buckets>,
    counts: Vec<LevelCounts>,
}

impl Histogram {
    /// All buckets, with nothing in them.
    pub fn new(buckets: Arc<Buckets>) -> Self {
        Self {
            counts: vec![LevelCounts::default(); buckets.count()],
            buckets,
        }
    }

    /// The buckets.
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Counts records of one time and severity. A time outside of the buckets is not counted.
    pub fn add(&mut self, time: Timestamp, severity: u8, records: u64) {
        let position = self.buckets.position_of(time);
        if let Some(counts) = position.and_then(|position| self.counts.get_mut(position)) {
            counts.add(severity, records);
        }
    }

    /// All buckets together.
    pub fn total(&self) -> LevelCounts {
        let mut total = LevelCounts::default();
        for counts in &self.counts {
            for (sum, count) in total.0.iter_mut().zip(counts.0) {
                *sum += count;
            }
        }
        total
    }

    /// A record up to which all is counted, in this order, by what is counted alone: the last bucket that has any may
    /// lack some, and of those behind it nothing is known.
    pub fn passed_at_least(&self, order: Order) -> RecordId {
        let has_any = |counts: &LevelCounts| counts.total() > 0;
        match order {
            Order::Ascending => {
                let last = self.counts.iter().rposition(has_any).unwrap_or(0);
                let first = RecordId::first_at(self.buckets.span_of(last).first);
                first.predecessor().unwrap_or(RecordId::MIN)
            }
            Order::Descending => {
                let most = self.counts.len().saturating_sub(1);
                let first = self.counts.iter().position(has_any).unwrap_or(most);
                let last = RecordId::last_at(self.buckets.span_of(first).last);
                last.successor().unwrap_or(RecordId::MAX)
            }
        }
    }

    /// The buckets in order of time.
    pub fn rows(&self) -> impl Iterator<Item = (Bucket, LevelCounts)> {
        let buckets = (0..self.counts.len()).map(|position| self.buckets.bucket(position));
        buckets.zip(self.counts.iter().copied())
    }
}

/// The time up to which all is counted, when counting in this order has come to the record `reached`;
/// some of that very time may be counted, too.
pub fn counted_up_to(reached: RecordId, order: Order) -> Timestamp {
    // The last id of a time is followed by the first one of the next.
    let next = match order {
        Order::Ascending => reached.successor().unwrap_or(reached),
        Order::Descending => reached,
    };
    next.time()
}

#[cfg(test)]
mod tests;
