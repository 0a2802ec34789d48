//! Records that are larger than one that is stored may be: kept apart for whoever keeps them elsewhere.

use super::BatchBuilder;
use super::order::order_document;
use crate::document;
use crate::fault::{MAX_DOCUMENT_BYTES, RecordFault};
use crate::id::BatchId;

/// The largest that is kept: BSON counts the bytes of a document with 31 bits, and it is put into one.
const LARGEST_KEPT: usize = 1 << 30;

/// A record that is larger than one that is stored may be.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLargeRecord {
    /// Its place among the records that were sent, from 0.
    pub position: u32,
    /// Whether it came without a time.
    pub undated: bool,
    /// Its document, as one that is stored is encoded.
    pub document: Vec<u8>,
}

/// What becomes of records that are too large.
#[derive(Debug, Default)]
pub(super) struct TooLarge {
    /// Whether they are kept; else they are refused.
    are_kept: bool,
    kept: Vec<TooLargeRecord>,
    bytes: usize,
    /// Whether one came that the bound of the batch does not hold.
    beyond_bound: bool,
}

impl TooLarge {
    /// How large a document may be when so many bytes are left of the batch's bound.
    pub(super) fn largest(&self, left: usize) -> usize {
        match self.are_kept {
            true => left.clamp(MAX_DOCUMENT_BYTES, LARGEST_KEPT),
            false => MAX_DOCUMENT_BYTES,
        }
    }

    /// Notes why a record was refused.
    pub(super) fn note(&mut self, fault: &RecordFault) {
        self.beyond_bound |= self.are_kept && matches!(fault, RecordFault::TooLarge);
    }

    /// Bytes of what is kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one came that the bound of the batch does not hold.
    pub(super) fn is_beyond_bound(&self) -> bool {
        self.beyond_bound
    }

    /// How many are kept.
    pub(super) fn count(&self) -> usize {
        self.kept.len()
    }

    /// Gives away those behind the first so many; they count all the same.
    pub(super) fn split_off(&mut self, count: usize) -> Vec<TooLargeRecord> {
        match count < self.kept.len() {
            true => self.kept.split_off(count),
            false => Vec::new(),
        }
    }

    /// What is kept is of another batch.
    pub(super) fn change_batch(&mut self, batch: BatchId) {
        for record in &mut self.kept {
            document::set_batch(&mut record.document, batch);
        }
    }

    /// Where it stands.
    pub(super) fn mark(&self) -> TooLargeMark {
        TooLargeMark {
            kept: self.kept.len(),
            bytes: self.bytes,
            beyond_bound: self.beyond_bound,
        }
    }

    /// Forgets what came since.
    pub(super) fn rewind(&mut self, mark: TooLargeMark) {
        self.kept.truncate(mark.kept);
        self.bytes = mark.bytes;
        self.beyond_bound = mark.beyond_bound;
    }
}

/// Where it stood.
#[derive(Debug, Clone, Copy)]
pub(super) struct TooLargeMark {
    kept: usize,
    bytes: usize,
    beyond_bound: bool,
}

impl BatchBuilder {
    /// Keeps what is larger than a record that is stored may be, for [`Self::take_too_large`]; unless told,
    /// it is refused. It counts towards the bound of the batch.
    pub fn keep_too_large(&mut self) {
        self.too_large.are_kept = true;
    }

    /// The records that are too large to be stored, when all have come.
    pub fn take_too_large(&mut self) -> Vec<TooLargeRecord> {
        let order = self.order();
        let mut kept = std::mem::take(&mut self.too_large.kept);
        for record in &mut kept {
            order_document(&mut record.document, record.undated, order);
        }
        kept
    }

    /// The last document is too large to be stored.
    pub(super) fn set_apart(&mut self, undated: bool) {
        if let Some(document) = self.batch.documents.take_last() {
            self.too_large.bytes += document.len();
            self.too_large.kept.push(TooLargeRecord {
                position: self.position,
                undated,
                document,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::builder;
    use super::*;
    use logs::Timestamp;

    const LARGE: usize = MAX_DOCUMENT_BYTES + 1;

    fn large(batch: &mut BatchBuilder, time: Option<Timestamp>) {
        batch.record(time, None, &"x".repeat(LARGE), |_| Ok(()));
    }

    #[test]
    fn what_is_too_large_to_be_stored_is_kept_whole_apart_from_the_others_and_has_its_place() {
        let mut batch = builder();
        batch.keep_too_large();
        let time = Some(Timestamp::from_nanos(0));
        large(&mut batch, time);
        batch.record(time, None, "second", |_| Ok(()));
        batch.record(None, None, "third", |_| Ok(()));
        large(&mut batch, None);
        batch.record(None, None, "fifth", |_| Ok(()));
        let kept = batch.take_too_large();
        let told: Vec<_> = kept.iter().map(|one| (one.position, one.undated)).collect();
        assert_eq!(told, [(0, false), (3, true)]);
        for one in &kept {
            let id = document::encoded_id(&one.document).unwrap();
            assert_eq!(id.position(), one.position);
            let raw = bson::RawDocument::from_bytes(&one.document).unwrap();
            let message = document::StoredDocument::read(raw).unwrap().message;
            assert_eq!(message.len(), LARGE);
        }
        let (batch, rejects) = batch.finish();
        assert_eq!((rejects.count, batch.undated()), (0, &[1, 2][..]));
        let positions = batch.documents.slices(0..9).map(|document| {
            let id = document::encoded_id(document).unwrap();
            id.position()
        });
        assert_eq!(positions.collect::<Vec<_>>(), [1, 2, 4]);
        assert!(batch.documents.memory_bytes() < LARGE);
    }

    #[test]
    fn unless_it_is_asked_for_what_is_too_large_is_refused() {
        let mut batch = builder();
        large(&mut batch, None);
        assert_eq!(batch.take_too_large(), []);
        let rejects = batch.finish().1;
        assert_eq!(rejects.listed[0].fault, RecordFault::TooLarge);
    }

    #[test]
    fn what_is_kept_counts_towards_the_bound_of_the_batch_until_it_is_rewound() {
        let id = BatchId::keyed("key", b"body");
        let mut batch = BatchBuilder::new(id, None, Timestamp::MIN, LARGE * 2);
        batch.keep_too_large();
        let mark = batch.mark();
        large(&mut batch, None);
        assert!(!batch.is_too_large());
        large(&mut batch, None);
        assert!(batch.is_too_large());
        batch.rewind(&mark);
        assert!(!batch.is_too_large());
        large(&mut batch, None);
        assert_eq!(batch.take_too_large()[0].position, 0);
    }
}
