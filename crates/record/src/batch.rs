//! A batch on its way to the store: its documents, encoded once, and what was refused of it.

mod too_large;

pub use too_large::TooLargeRecord;

use crate::bson_writer::BsonWriter;
use crate::document::{self, Head};
use crate::documents::Documents;
use crate::fault::{MAX_DOCUMENT_BYTES, RecordFault};
use crate::id::{BatchId, KeyDigest, RecordId};
use logs::Timestamp;
use too_large::TooLarge;

/// At most so many refused records are named to the client; all are counted.
pub const MAX_LISTED_REJECTS: usize = 100;

/// What all records of a batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchOrigin {
    /// What their ids have in common.
    pub id: BatchId,
    /// A digest of the key that the client sent, if it sent one.
    pub key: Option<KeyDigest>,
    /// When the request came.
    pub received_at: Timestamp,
}

impl BatchOrigin {
    /// A name for these records of the batch, the same for each copy of it: of a batch without a key its
    /// time of receipt tells it from others, a batch with one may be received again. Sixteen bytes of
    /// BLAKE3, too many for two batches to share them by chance.
    pub fn digest(&self, positions: impl IntoIterator<Item = u32>) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.id.as_bytes());
        match &self.key {
            Some(key) => hasher.update(key.as_bytes()),
            None => hasher.update(&self.received_at.nanos().to_le_bytes()),
        };
        for position in positions {
            hasher.update(&position.to_le_bytes());
        }
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
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
    deferred: bool,
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
            deferred: false,
        })
    }

    /// The same, of records that the store refused and nothing else has room for: they wait in the spool.
    #[must_use]
    pub fn deferred(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// Whether the store refused its records, which wait for room among the dead letters.
    pub fn is_deferred(&self) -> bool {
        self.deferred
    }

    /// What its records have in common.
    pub fn origin(&self) -> BatchOrigin {
        BatchOrigin {
            id: self.id,
            key: self.key,
            received_at: self.received_at,
        }
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

    /// When the first of its records happened.
    pub fn first_time(&self) -> Option<Timestamp> {
        let first = self.documents.slices(0..1).next()?;
        document::time_of(first)
    }

    /// Gives the records that came without a time this time of receipt.
    pub fn date(&mut self, received_at: Timestamp) {
        for position in &self.undated {
            if let Some(document) = self.documents.get_mut(*position) {
                document::set_time(document, received_at);
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
    too_large: TooLarge,
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
                deferred: false,
            },
            rejects: Rejects::default(),
            too_large: TooLarge::default(),
            position: 0,
            max_bytes,
        }
    }

    /// Makes room for documents of so many bytes, so that they need not be moved as they grow.
    pub fn reserve(&mut self, bytes: usize) {
        self.batch.documents.reserve(bytes.min(self.max_bytes));
    }

    /// Forgets every record, as if none had come yet.
    pub fn clear(&mut self) {
        self.batch.documents.clear();
        self.batch.undated.clear();
        self.rejects = Rejects::default();
        self.too_large.clear();
        self.position = 0;
    }

    /// Whether the encoded documents have outgrown their bound; decoding should stop then.
    #[inline]
    pub fn is_too_large(&self) -> bool {
        self.encoded_bytes() > self.max_bytes || self.too_large.is_beyond_bound()
    }

    fn encoded_bytes(&self) -> usize {
        self.batch.documents.encoded_bytes() + self.too_large.bytes()
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
        let left = self.max_bytes.saturating_sub(self.encoded_bytes());
        let largest = self.too_large.largest(left);
        let batch = &mut self.batch;
        let head = Head {
            time: time.unwrap_or(batch.received_at),
            level,
            message,
        };
        let id = RecordId::new(head.time, batch.id, self.position);
        let received_at = batch.received_at;
        let mut length = 0;
        let written = batch.documents.push(|bytes| {
            let start = bytes.len();
            document::write(bytes, id, head, received_at, |writer| {
                writer.limit_to(largest);
                attributes(writer)
            })?;
            length = bytes.len() - start;
            match length > largest {
                true => Err(RecordFault::TooLarge),
                false => Ok(()),
            }
        });
        match written {
            Ok(()) if length > MAX_DOCUMENT_BYTES => self.set_apart(time.is_none()),
            Ok(()) if time.is_none() => batch.undated.push(batch.documents.len() - 1),
            Ok(()) => {}
            Err(fault) => {
                self.too_large.note(&fault);
                self.reject(fault);
                return;
            }
        }
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
    pub fn finish(mut self) -> (Batch, Rejects) {
        self.batch.documents.fit();
        (self.batch, self.rejects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn builder() -> BatchBuilder {
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
}
