//! What of a portion is new, while it is stored (pure): gathered at little cost, since each record that is stored passes here.

use super::entry::encode;
use super::spans::Spans;
use crate::blocks::ledger::have::Have;
use logs::Timestamp;
use record::id::{BatchId, RecordId};

/// New records, by batch and position, and their times.
#[derive(Debug, Default)]
pub(crate) struct NewRecords {
    /// By the bytes of the batch's id; one may be there several times.
    batches: Vec<([u8; 8], Have)>,
    spans: Spans,
}

impl NewRecords {
    /// Adds a record. Quick for one of the same batch as the one before.
    #[inline]
    pub(crate) fn add(&mut self, id: &RecordId) {
        self.add_time(id.time());
        let (batch, position) = (id.batch(), id.position());
        match self.batches.last_mut() {
            Some((last, positions)) if last == batch.as_bytes() => drop(positions.insert(position)),
            _ => {
                let positions = Have::from_iter([position]);
                self.batches.push((*batch.as_bytes(), positions));
            }
        }
    }

    /// Adds records of one batch, or none, but for their times.
    pub(crate) fn add_positions(&mut self, batch: BatchId, positions: Have) {
        if !positions.is_empty() {
            self.batches.push((*batch.as_bytes(), positions));
        }
    }

    /// Adds the time of a record.
    #[inline]
    pub(crate) fn add_time(&mut self, time: Timestamp) {
        self.spans.add(time);
    }

    /// The bytes of the entry that announces them; `None` when there are none.
    pub(crate) fn entry(mut self) -> Option<Vec<u8>> {
        if self.batches.is_empty() {
            return None;
        }
        let key = |(batch, _): &([u8; 8], Have)| u64::from_be_bytes(*batch);
        self.batches.sort_unstable_by_key(key);
        self.batches.dedup_by(|(again, more), (batch, positions)| {
            let is_same = again == batch;
            if is_same {
                positions.union(more);
            }
            is_same
        });
        let batches = self.batches.iter();
        let batches = batches.map(|(batch, positions)| (batch, positions));
        Some(encode(batches, &self.spans.ranges()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Announced;
    use super::super::entry::decode;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn where_nothing_is_new_there_is_no_entry() {
        let mut none = NewRecords::default();
        none.add_positions(BatchId::from_bytes([7; 8]), Have::new());
        assert_eq!(none.entry(), None);
    }

    proptest! {
        #[test]
        fn an_entry_has_what_was_added_in_any_order(
            records in prop::collection::vec((0..4_u8, 0..30_u32, any::<i64>()), 1..60),
            whole in prop::collection::vec((0..6_u8, 0..30_u32), 0..6),
        ) {
            let (mut new, mut announced) = (NewRecords::default(), Announced::default());
            for (batch, position, nanos) in records {
                let batch = BatchId::from_bytes([batch; 8]);
                new.add(&RecordId::new(Timestamp::from_nanos(nanos), batch, position));
                announced.add(batch, position);
            }
            for (batch, positions) in whole {
                let (batch, positions) = (BatchId::from_bytes([batch; 8]), Have::from_iter(0..positions));
                announced.add_all(batch, &positions);
                new.add_positions(batch, positions);
            }
            let (found, _) = decode(&new.entry().unwrap()).unwrap();
            prop_assert_eq!(found, announced);
        }
    }
}
