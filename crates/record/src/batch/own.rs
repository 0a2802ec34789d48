//! Batches of their own in one request: what comes under a key that the sender gave to a part of it, and is
//! known by that key alone, whatever is in it.

use super::order::order_document;
use super::too_large::TooLargeRecord;
use super::{Batch, BatchBuilder, BatchOrigin, SentTimes};
use crate::document;
use crate::documents::Documents;
use crate::id::{BatchId, KeyDigest};
use crate::order::Taken;

/// What a batch of a few records takes up in memory beside its documents, with what the allocator keeps.
pub const OWN_BATCH_BYTES: usize = 256;

/// Room for the document that most of them are, so that it need not be moved as it grows.
const USUAL_BYTES: usize = 512;

/// The batches of their own in one request.
#[derive(Debug, Default)]
pub struct OwnBatches {
    /// In the order in which they came; one that has no documents is there as well.
    pub batches: Vec<Batch>,
    /// Records of them that are too large to be stored, with their batches.
    pub too_large: Vec<(BatchOrigin, TooLargeRecord)>,
    bytes: usize,
}

/// The rest of a request, while a batch of its own is read.
#[derive(Debug)]
pub struct Outer {
    batch: Batch,
    times: SentTimes,
    position: u32,
    too_large: usize,
}

impl OwnBatches {
    /// Records of them.
    pub fn records(&self) -> usize {
        let documents = self.batches.iter().map(|batch| batch.documents.len());
        documents.sum::<usize>() + self.too_large.len()
    }

    /// The memory that they take up, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let too_large = self.too_large.iter();
        let apart: usize = too_large.map(|(_, record)| record.document.len()).sum();
        self.bytes + apart
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes each of them after all that `taken` has seen.
    pub(super) fn take(&mut self, taken: &mut Taken) {
        for batch in &mut self.batches {
            let order = taken.next(batch.greatest_time(), batch.received_at);
            batch.put_in_order(order);
        }
        for (origin, record) in &mut self.too_large {
            let time = document::time_of(&record.document);
            let order = taken.next(time.unwrap_or(origin.received_at), origin.received_at);
            order_document(&mut record.document, record.undated, order);
        }
    }
}

impl BatchBuilder {
    /// Begins a batch of its own, which [`BatchBuilder::end_own`] ends.
    pub fn begin_own(&mut self, (key, id): (KeyDigest, BatchId)) -> Outer {
        let (key, id) = match &self.tenant {
            Some(tenant) => tenant.of(Some(key), id),
            None => (Some(key), id),
        };
        let own = Batch {
            id,
            received_at: self.batch.received_at,
            documents: Documents::default(),
            key,
            content_key: true,
            undated: Vec::new(),
            deferred: false,
            of_earlier_version: false,
        };
        let outer = Outer {
            batch: std::mem::replace(&mut self.batch, own),
            times: std::mem::take(&mut self.times),
            position: std::mem::take(&mut self.position),
            too_large: self.too_large.count(),
        };
        self.own.bytes += outer.batch.documents.encoded_bytes();
        self.batch.documents.reserve(USUAL_BYTES);
        outer
    }

    /// Ends it, and goes on with the rest.
    pub fn end_own(&mut self, outer: Outer) {
        self.own.bytes -= outer.batch.documents.encoded_bytes();
        let mut own = std::mem::replace(&mut self.batch, outer.batch);
        self.times = outer.times;
        self.position = outer.position;
        let origin = own.origin();
        let too_large = self.too_large.split_off(outer.too_large);
        let too_large = too_large.into_iter().map(|record| (origin, record));
        self.own.too_large.extend(too_large);
        own.documents.shrink();
        self.own.bytes += OWN_BATCH_BYTES + own.documents.encoded_bytes();
        self.own.batches.push(own);
    }

    /// The batches of their own, when all have come.
    pub fn take_own(&mut self) -> OwnBatches {
        std::mem::take(&mut self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::builder;
    use super::*;
    use crate::fault::MAX_DOCUMENT_BYTES;
    use crate::id::own_key;
    use logs::Timestamp;

    fn time(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn a_batch_of_its_own_is_known_by_its_key_alone_and_leaves_the_rest_as_it_was() {
        let mut batch = builder();
        batch.record(Some(time(5)), None, "first", |_| Ok(()));
        let keys = [own_key("a", "1"), own_key("a", "2")];
        for (key, text) in keys.into_iter().zip(["own", "another"]) {
            let outer = batch.begin_own(key);
            batch.record(Some(time(7)), None, text, |_| Ok(()));
            batch.record(None, None, "without a time", |_| Ok(()));
            batch.end_own(outer);
        }
        batch.record(Some(time(6)), None, "second", |_| Ok(()));
        let mut taken = Taken::default();
        batch.take(&mut taken);
        let own = batch.take_own();
        let rest = batch.finish().0;
        assert_eq!((rest.documents.len(), rest.undated()), (2, &[][..]));
        assert_eq!(own.records(), 4);
        for (batch, (key, id)) in own.batches.iter().zip(keys) {
            assert_eq!((batch.key(), batch.id), (Some(&key), id));
            assert!(batch.has_content_key() && batch.needs_receipt());
            assert_eq!(batch.undated(), &[1]);
            for (position, document) in (0..).zip(batch.documents.slices(0..2)) {
                let found = document::encoded_id(document).unwrap();
                assert_eq!((found.batch(), found.position()), (id, position));
            }
        }
        let order = |batch: &Batch| {
            let first = batch.documents.slices(0..1).next().unwrap();
            document::encoded_id(first).unwrap().order()
        };
        assert!(order(&own.batches[0]) < order(&own.batches[1]));
    }

    #[test]
    fn all_of_them_count_towards_the_bound() {
        let id = BatchId::keyed("key", b"body");
        let mut batch = BatchBuilder::new(id, None, Timestamp::MIN, 10 * OWN_BATCH_BYTES);
        batch.record(
            Some(time(1)),
            None,
            &"x".repeat(5 * OWN_BATCH_BYTES),
            |_| Ok(()),
        );
        let mut taken = 0;
        while !batch.is_too_large() {
            let outer = batch.begin_own(own_key("a", &taken.to_string()));
            batch.record(Some(time(1)), None, "x", |_| Ok(()));
            // The rest counts while one is read.
            let was_too_large = batch.is_too_large();
            batch.end_own(outer);
            assert!(!was_too_large || batch.is_too_large(), "{taken}");
            taken += 1;
        }
        assert!((2..5).contains(&taken), "{taken}");
    }

    #[test]
    fn what_is_too_large_of_it_is_kept_under_its_own_key() {
        let mut batch = builder();
        batch.keep_too_large();
        let text = "x".repeat(MAX_DOCUMENT_BYTES + 1);
        batch.record(Some(time(1)), None, &text, |_| Ok(()));
        let (key, id) = own_key("a", "1");
        let outer = batch.begin_own((key, id));
        batch.record(Some(time(1)), None, &text, |_| Ok(()));
        batch.end_own(outer);
        let own = batch.take_own();
        let (origin, record) = &own.too_large[0];
        assert_eq!((origin.key, origin.id, record.position), (Some(key), id, 0));
        assert!(own.memory_bytes() > MAX_DOCUMENT_BYTES && own.batches[0].documents.is_empty());
        assert_eq!(batch.take_too_large().len(), 1);
    }
}
