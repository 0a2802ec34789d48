//! A batch on its way to the store: its documents, encoded once, and what was refused of it.

use crate::bson_reader;
use crate::bson_writer::BsonWriter;
use crate::document::{self, Head};
use crate::record_id::{BatchId, KeyDigest, RecordId};
use crate::wire::RecordFault;
use logs::Timestamp;
use std::ops::Range;

/// The largest document that one record may become, in bytes. It fits one insert command and one page.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;

/// At most so many refused records are named to the client; all are counted.
pub const MAX_LISTED_REJECTS: usize = 100;

/// A BSON document without a member: its length and its end.
const SHORTEST_DOCUMENT: usize = 5;

/// Encoded documents, one behind another.
#[derive(Debug, Default)]
pub struct Documents {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Documents {
    /// Documents that are encoded already, one behind another; `None` when the lengths that they
    /// begin with do not fit.
    pub fn from_encoded(bytes: Vec<u8>) -> Option<Self> {
        let (mut ends, mut start) = (Vec::new(), 0_usize);
        while start < bytes.len() {
            let (length, _) = bson_reader::read_length(bytes.get(start..)?)?;
            start = start.checked_add(length)?;
            if length < SHORTEST_DOCUMENT || start > bytes.len() {
                return None;
            }
            ends.push(start);
        }
        Some(Self { bytes, ends })
    }

    /// All of these documents, one behind another.
    pub fn joined(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.pop().unwrap_or_default();
        }
        // Room for all at once: as it grew, what is there already would be copied again and again.
        let mut all = Self {
            bytes: Vec::with_capacity(parts.iter().map(Self::encoded_bytes).sum()),
            ends: Vec::with_capacity(parts.iter().map(Self::len).sum()),
        };
        for part in parts {
            let before = all.bytes.len();
            all.bytes.extend_from_slice(&part.bytes);
            all.ends.extend(part.ends.iter().map(|end| before + end));
        }
        all
    }

    /// All of them, one behind another.
    pub fn encoded(&self) -> &[u8] {
        &self.bytes
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Their size, in bytes.
    pub fn encoded_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The documents of a range of positions.
    pub fn slices(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        range.map_while(|position| self.bytes.get(self.span(position)?))
    }

    /// Cuts the batch into ranges of at most `count` documents and, but for a single larger one,
    /// at most `bytes` bytes.
    pub fn chunks(&self, count: usize, bytes: usize) -> Vec<Range<usize>> {
        let mut chunks: Vec<Range<usize>> = Vec::new();
        let (mut start, mut start_byte, mut previous_end) = (0, 0, 0);
        for (position, end) in self.ends.iter().copied().enumerate() {
            let full = position - start >= count || end - start_byte > bytes;
            if full && position > start {
                chunks.push(start..position);
                (start, start_byte) = (position, previous_end);
            }
            previous_end = end;
        }
        if start < self.len() {
            chunks.push(start..self.len());
        }
        chunks
    }

    fn span(&self, position: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(position)?;
        let start = match position.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        Some(start..end)
    }
}

/// A batch that was taken: to be stored as a whole.
#[derive(Debug)]
pub struct Batch {
    /// What its records' ids have in common.
    pub id: BatchId,
    /// When the request came.
    pub received_at: Timestamp,
    /// The records.
    pub documents: Documents,
    key: Option<KeyDigest>,
    undated: Vec<usize>,
}

impl Batch {
    /// A batch from what [`Batch::id`], [`Batch::key`] and the other getters gave; `None` when the
    /// parts do not fit one another.
    pub fn from_parts(
        id: BatchId,
        key: Option<KeyDigest>,
        received_at: Timestamp,
        documents: &[u8],
        undated: Vec<usize>,
    ) -> Option<Self> {
        let documents = Documents::from_encoded(documents.to_vec())?;
        let fits = undated.iter().all(|position| *position < documents.len());
        fits.then_some(Self {
            id,
            received_at,
            documents,
            key,
            undated,
        })
    }

    /// A digest of the key that the client sent, if it sent one.
    pub fn key(&self) -> Option<&KeyDigest> {
        self.key.as_ref()
    }

    /// The positions of the records that came without a time.
    pub fn undated(&self) -> &[usize] {
        &self.undated
    }

    /// Whether the time of receipt went into an id and must be the same when the batch comes again.
    pub fn needs_receipt(&self) -> bool {
        self.key.is_some() && !self.undated.is_empty()
    }

    /// Gives the records that came without a time this time of receipt.
    pub fn date(&mut self, received_at: Timestamp) {
        for position in &self.undated {
            if let Some(span) = self.documents.span(*position)
                && let Some(bytes) = self.documents.bytes.get_mut(span)
            {
                document::set_time(bytes, received_at);
            }
        }
        self.received_at = received_at;
    }
}

/// A record that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Its place among the records that were sent, from 0.
    pub index: u32,
    /// Why.
    pub fault: RecordFault,
}

/// Refused records: the first [`MAX_LISTED_REJECTS`] by name, all by number.
#[derive(Debug, Default)]
pub struct Rejects {
    /// The first of them.
    pub listed: Vec<Reject>,
    /// How many there are in all.
    pub count: u64,
}

/// Where a wire format puts the records that it reads.
#[derive(Debug)]
pub struct BatchBuilder {
    batch: Batch,
    rejects: Rejects,
    position: u32,
    max_bytes: usize,
}

impl BatchBuilder {
    /// An empty batch whose encoded documents may come to `max_bytes`.
    pub fn new(
        id: BatchId,
        key: Option<KeyDigest>,
        received_at: Timestamp,
        max_bytes: usize,
    ) -> Self {
        Self {
            batch: Batch {
                id,
                received_at,
                documents: Documents::default(),
                key,
                undated: Vec::new(),
            },
            rejects: Rejects::default(),
            position: 0,
            max_bytes,
        }
    }

    /// Makes room for documents of so many bytes, so that they need not be moved as they grow.
    pub fn reserve(&mut self, bytes: usize) {
        let bytes = bytes.min(self.max_bytes);
        self.batch.documents.bytes.reserve(bytes);
    }

    /// Forgets every record, as if none had come yet.
    pub fn clear(&mut self) {
        self.batch.documents.bytes.clear();
        self.batch.documents.ends.clear();
        self.batch.undated.clear();
        self.rejects = Rejects::default();
        self.position = 0;
    }

    /// Whether the encoded documents have outgrown their bound; decoding should stop then.
    pub fn is_too_large(&self) -> bool {
        self.batch.documents.bytes.len() > self.max_bytes
    }

    /// The next record: without `time` it is dated with the time of receipt. `attributes` writes
    /// its attributes; when that fails, the record is refused and leaves nothing behind.
    pub fn record(
        &mut self,
        time: Option<Timestamp>,
        level: Option<&str>,
        message: &str,
        attributes: impl FnOnce(&mut BsonWriter<'_>) -> Result<(), RecordFault>,
    ) {
        let batch = &mut self.batch;
        let head = Head {
            time: time.unwrap_or(batch.received_at),
            level,
            message,
        };
        let id = RecordId::new(head.time, batch.id, self.position);
        let bytes = &mut batch.documents.bytes;
        let start = bytes.len();
        let mut written = document::write(bytes, id, head, batch.received_at, attributes);
        if written.is_ok() && bytes.len() - start > MAX_DOCUMENT_BYTES {
            written = Err(RecordFault::TooLarge);
        }
        if let Err(fault) = written {
            bytes.truncate(start);
            self.reject(fault);
            return;
        }
        if time.is_none() {
            batch.undated.push(batch.documents.ends.len());
        }
        batch.documents.ends.push(batch.documents.bytes.len());
        self.position += 1;
    }

    /// The next record cannot be taken.
    pub fn reject(&mut self, fault: RecordFault) {
        if self.rejects.listed.len() < MAX_LISTED_REJECTS {
            self.rejects.listed.push(Reject {
                index: self.position,
                fault,
            });
        }
        self.rejects.count += 1;
        self.position += 1;
    }

    /// The records that were taken, and those that were not.
    pub fn finish(self) -> (Batch, Rejects) {
        (self.batch, self.rejects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn builder() -> BatchBuilder {
        let id = BatchId::keyed("key", b"body");
        BatchBuilder::new(
            id,
            Some(KeyDigest::of("key")),
            Timestamp::from_nanos(5),
            usize::MAX,
        )
    }

    #[test]
    fn a_refused_record_leaves_no_bytes_but_keeps_its_position() {
        let mut batch = builder();
        let time = Some(Timestamp::from_nanos(0));
        batch.record(time, None, "first", |_| Ok(()));
        batch.record(time, None, "second", |writer| {
            writer.integer("half", 1);
            Err(RecordFault::TooDeep)
        });
        batch.record(time, None, "third", |_| Ok(()));
        let (batch, rejects) = batch.finish();
        assert_eq!((rejects.count, rejects.listed[0].index), (1, 1));
        let last = batch.documents.slices(1..2).next().unwrap();
        let raw = bson::RawDocument::from_bytes(last).unwrap();
        let stored = document::StoredDocument::read(raw).unwrap();
        assert_eq!(stored.message, "third");
        assert_eq!(
            stored.id,
            RecordId::new(Timestamp::from_nanos(0), batch.id, 2)
        );
    }

    #[test]
    fn only_a_keyed_batch_with_an_undated_record_needs_a_receipt() {
        let mut dated = builder();
        dated.record(Some(Timestamp::from_nanos(0)), None, "", |_| Ok(()));
        assert!(!dated.finish().0.needs_receipt());
        let mut undated = builder();
        undated.record(None, None, "", |_| Ok(()));
        let mut undated = undated.finish().0;
        assert!(undated.needs_receipt());
        undated.date(Timestamp::from_nanos(77));
        let raw =
            bson::RawDocument::from_bytes(undated.documents.slices(0..1).next().unwrap()).unwrap();
        let id = document::StoredDocument::read(raw).unwrap().id;
        assert_eq!(id.time().nanos(), 77);
    }

    #[test]
    fn documents_that_are_joined_stand_behind_one_another() {
        let of = |messages: &[&str]| {
            let mut batch = builder();
            for message in messages {
                batch.record(None, None, message, |_| Ok(()));
            }
            batch.finish().0.documents
        };
        for parts in [
            vec![],
            vec![vec!["a"]],
            vec![vec!["a", "bc"], vec![], vec!["d"]],
        ] {
            let documents: Vec<Documents> = parts.iter().map(|part| of(part)).collect();
            let each = documents.iter().flat_map(|one| one.slices(0..one.len()));
            let expected: Vec<Vec<u8>> = each.map(<[u8]>::to_vec).collect();
            let all = Documents::joined(documents);
            assert_eq!(all.slices(0..all.len()).collect::<Vec<_>>(), expected);
            assert_eq!(all.encoded(), expected.concat());
        }
    }

    proptest! {
        #[test]
        fn chunks_cover_every_document_once_within_their_bounds(
            sizes in prop::collection::vec(0_usize..400, 0..60), count in 1_usize..9, bytes in 100_usize..900
        ) {
            let mut batch = builder();
            for size in &sizes {
                batch.record(None, None, &"x".repeat(*size), |_| Ok(()));
            }
            let documents = batch.finish().0.documents;
            let chunks = documents.chunks(count, bytes);
            let all: Vec<usize> = chunks.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            for chunk in chunks {
                let total: usize = documents.slices(chunk.clone()).map(<[u8]>::len).sum();
                prop_assert!(chunk.len() <= count && (chunk.len() == 1 || total <= bytes));
            }
        }
    }
}
