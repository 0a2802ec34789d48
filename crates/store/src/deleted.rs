//! What is remembered of records that were deleted on purpose, where their ids were all that told a copy of one: of each
//! batch the positions, and between which times the records lay.
//!
//! A record is known by its batch, its position and its time. The times are kept as a range: a batch that comes again
//! brings the same ones, and another record under the same name and position, of another time, is another one.

use crate::blocks::ledger::have::Have;
use record::id::{BatchId, RecordId};
use std::collections::HashMap;

/// Records of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deleted {
    /// Their positions.
    pub(crate) have: Have,
    /// The least of their times, in nanoseconds.
    pub(crate) first: i64,
    /// The greatest of them.
    pub(crate) last: i64,
}

impl Default for Deleted {
    fn default() -> Self {
        Self {
            have: Have::new(),
            first: i64::MAX,
            last: i64::MIN,
        }
    }
}

impl Deleted {
    /// Whether a record of the batch is among them.
    pub(crate) fn has(&self, id: RecordId) -> bool {
        let time = id.time().nanos();
        (self.first..=self.last).contains(&time) && self.have.contains(id.position())
    }

    /// Adds a record of the batch.
    pub(crate) fn add(&mut self, id: RecordId) {
        let time = id.time().nanos();
        self.have.insert(id.position());
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    /// Adds all of `other`.
    pub(crate) fn union(&mut self, other: &Self) {
        self.have.union(&other.have);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Records by the batches that they are of.
pub(crate) fn by_batch(ids: impl IntoIterator<Item = RecordId>) -> HashMap<BatchId, Deleted> {
    let mut batches: HashMap<BatchId, Deleted> = HashMap::new();
    for id in ids {
        batches.entry(id.batch()).or_default().add(id);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;

    fn id(nanos: i64, batch: u8, position: u32) -> RecordId {
        RecordId::new(
            Timestamp::from_nanos(nanos),
            BatchId::from_bytes([batch; 8]),
            position,
        )
    }

    #[test]
    fn a_record_is_known_by_batch_position_and_time() {
        let batches = by_batch([id(10, 1, 0), id(20, 1, 2), id(5, 2, 1)]);
        let of = |batch: u8| &batches[&BatchId::from_bytes([batch; 8])];
        assert!(of(1).has(id(10, 1, 0)) && of(1).has(id(20, 1, 2)));
        assert!(!of(1).has(id(15, 1, 1)), "of another position");
        assert!(!of(1).has(id(21, 1, 2)), "of another time");
        assert!(of(2).has(id(5, 2, 1)) && !of(2).has(id(5, 2, 0)));
        assert!(!Deleted::default().has(id(0, 1, 0)));
        let mut both = of(1).clone();
        both.union(of(2));
        assert_eq!((both.first, both.last, both.have.len()), (5, 20, 3));
    }
}
