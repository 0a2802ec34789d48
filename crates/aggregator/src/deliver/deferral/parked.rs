//! Which deferred batches are parked, by their numbers in the spool. Pure.

use super::digest;
use record::batch::Batch;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The parked batches, of which no two hold the same records.
#[derive(Debug, Default)]
pub(in crate::deliver) struct Parked {
    by_number: BTreeMap<u64, ParkedBatch>,
    by_digest: HashMap<[u8; 16], u64>,
    records: u64,
    bytes: u64,
}

/// What is known of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::deliver) struct ParkedBatch {
    digest: [u8; 16],
    pub(in crate::deliver) records: u64,
    pub(in crate::deliver) bytes: u64,
    /// A later copy is on its way: who sends it ends this one.
    moving: bool,
    /// It could not be read the last time that it was to be: it is no copy that another may be ended for.
    unreadable: bool,
}

impl Parked {
    /// Parks a batch; an older copy of the same records that is to be ended now, if there is one.
    pub(in crate::deliver) fn park(
        &mut self,
        seq: u64,
        batch: &Batch,
    ) -> Option<(u64, ParkedBatch)> {
        let parked = ParkedBatch {
            digest: digest(batch),
            records: batch.documents.len() as u64,
            bytes: batch.documents.encoded_bytes() as u64,
            moving: false,
            unreadable: false,
        };
        let older = self.by_digest.get(&parked.digest).copied();
        let older = older.and_then(|older| Some((older, self.take(older)?)));
        self.insert(seq, parked);
        older.filter(|(_, older)| !older.moving)
    }

    /// Parks a batch that was taken off.
    ///
    /// # Errors
    /// A later copy was parked meanwhile.
    pub(in crate::deliver) fn put_back(
        &mut self,
        seq: u64,
        parked: ParkedBatch,
    ) -> Result<(), ParkedBatch> {
        if self.by_digest.contains_key(&parked.digest) {
            return Err(parked);
        }
        self.insert(seq, parked);
        Ok(())
    }

    fn insert(&mut self, seq: u64, parked: ParkedBatch) {
        self.records += parked.records;
        self.bytes += parked.bytes;
        self.by_digest.insert(parked.digest, seq);
        self.by_number.insert(seq, parked);
    }

    /// Whether a batch of these records is parked that can be read, as far as is known.
    pub(in crate::deliver) fn has_readable(&self, digest: [u8; 16]) -> bool {
        let number = self.by_digest.get(&digest);
        let parked = number.and_then(|number| self.by_number.get(number));
        parked.is_some_and(|parked| !parked.unreadable)
    }

    /// Notes whether a batch could be read.
    pub(in crate::deliver) fn was_read(&mut self, seq: u64, is_readable: bool) {
        if let Some(parked) = self.by_number.get_mut(&seq) {
            parked.unreadable = !is_readable;
        }
    }

    /// Takes a batch off; `None` when it is not parked.
    pub(in crate::deliver) fn take(&mut self, seq: u64) -> Option<ParkedBatch> {
        let parked = self.by_number.remove(&seq)?;
        self.by_digest.remove(&parked.digest);
        self.records -= parked.records;
        self.bytes -= parked.bytes;
        Some(parked)
    }

    /// The oldest ones with these numbers, if the first of the numbers is among them: at most `count`, and
    /// so many bytes but for a single larger one. They are being sent once more, and stay until they are
    /// taken.
    pub(in crate::deliver) fn begin_to_move(
        &mut self,
        numbers: Range<u64>,
        count: usize,
        bytes: u64,
    ) -> Vec<(u64, ParkedBatch)> {
        let (mut sum, mut moving) = (0, Vec::new());
        if !self.by_number.contains_key(&numbers.start) {
            return moving;
        }
        let here = self.by_number.range_mut(numbers);
        for (number, parked) in here.filter(|(_, parked)| !parked.moving).take(count) {
            sum += parked.bytes;
            if sum > bytes && !moving.is_empty() {
                break;
            }
            parked.moving = true;
            moving.push((*number, *parked));
        }
        moving
    }

    /// It was not sent; whether it is still parked, and not replaced by a later copy.
    pub(in crate::deliver) fn stays(&mut self, seq: u64) -> bool {
        let parked = self.by_number.get_mut(&seq);
        parked.map(|parked| parked.moving = false).is_some()
    }

    /// The numbers of some, at most so many records and bytes but for a single larger one: those from
    /// `seq` on, and then from the first.
    pub(in crate::deliver) fn some_from(&self, seq: u64, records: u64, bytes: u64) -> Vec<u64> {
        let (mut sum, mut numbers) = ((0, 0), Vec::new());
        let in_turn = self.by_number.range(seq..);
        let all = in_turn.chain(self.by_number.range(..seq));
        for (number, parked) in all.filter(|(_, parked)| !parked.moving) {
            sum = (sum.0 + parked.records, sum.1 + parked.bytes);
            if (sum.0 > records || sum.1 > bytes) && !numbers.is_empty() {
                break;
            }
            numbers.push(*number);
        }
        numbers
    }

    /// How many batches there are.
    pub(in crate::deliver) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// Bytes of their documents.
    pub(in crate::deliver) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Their records.
    pub(in crate::deliver) fn records(&self) -> u64 {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use record::batch::BatchBuilder;
    use record::id::BatchId;

    fn batch(key: &str, records: usize) -> Batch {
        let time = Timestamp::from_nanos(1);
        let mut builder = BatchBuilder::new(BatchId::keyed(key, b""), None, time, usize::MAX);
        for _ in 0..records {
            builder.record(Some(time), None, "text", |_| Ok(()));
        }
        builder.finish().0
    }

    #[test]
    fn of_two_copies_the_later_stays_and_the_older_is_ended_by_whoever_is_to() {
        let mut parked = Parked::default();
        assert_eq!(parked.park(5, &batch("a", 2)), None);
        assert_eq!(parked.park(6, &batch("b", 1)), None);
        let older = parked.park(9, &batch("a", 2)).unwrap();
        assert_eq!((older.0, older.1.records), (5, 2));
        assert_eq!((parked.len(), parked.records()), (2, 3));
        // One that is being moved is ended by the mover.
        assert!(parked.begin_to_move(5..100, 9, 9).is_empty());
        let moving = parked.begin_to_move(6..9, 9, 9);
        assert_eq!(moving.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [6]);
        assert_eq!(parked.some_from(0, 99, 9999), [9]);
        assert_eq!(parked.park(10, &batch("b", 1)), None);
        assert!(!parked.stays(6) && parked.take(6).is_none());
        assert_eq!(parked.take(10).unwrap().records, 1);
        assert_eq!(parked.records(), 2);
    }

    #[test]
    fn what_is_on_its_way_is_not_sent_once_more_when_another_has_to_stay() {
        let mut parked = Parked::default();
        for seq in 1..=3 {
            parked.park(seq, &batch(&seq.to_string(), 1));
        }
        assert_eq!(parked.begin_to_move(1..9, 9, 9999).len(), 3);
        assert!(parked.stays(1));
        let again = parked.begin_to_move(1..9, 9, 9999);
        assert_eq!(again.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn batches_with_other_positions_of_the_same_records_are_not_the_same() {
        let mut parked = Parked::default();
        assert_eq!(parked.park(1, &batch("a", 2)), None);
        assert_eq!(parked.park(2, &batch("a", 1)), None);
        assert_eq!(parked.len(), 2);
    }

    #[test]
    fn all_come_in_turn_and_no_look_is_larger_than_it_may_be() {
        let mut parked = Parked::default();
        for seq in 1..=4 {
            parked.park(seq, &batch(&seq.to_string(), 2));
        }
        assert_eq!(parked.some_from(0, 4, u64::MAX), [1, 2]);
        assert_eq!(parked.some_from(3, 4, u64::MAX), [3, 4]);
        assert_eq!(parked.some_from(4, 6, u64::MAX), [4, 1, 2]);
        assert_eq!(parked.some_from(9, 1, u64::MAX), [1]);
        assert_eq!(parked.some_from(0, 99, 1), [1]);
        assert_eq!(parked.some_from(0, 99, u64::MAX).len(), 4);
    }
}
