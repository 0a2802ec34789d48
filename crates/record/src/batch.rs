//! A batch on its way to the store: its documents, encoded once, and what was refused of it.

mod content_key;
mod mark;
mod order;
mod own;
mod too_large;

pub use crate::origin::BatchOrigin;
pub use mark::Mark;
pub use own::{OWN_BATCH_BYTES, Outer, OwnBatches};
pub use too_large::TooLargeRecord;

use crate::bson_writer::BsonWriter;
use crate::document::{self, Head};
use crate::documents::Documents;
use crate::fault::{MAX_DOCUMENT_BYTES, RecordFault};
use crate::id::{BatchId, KeyDigest, RecordId, Tenant};
use crate::notice::{Notice, Notices};
use crate::order::BatchOrder;
use crate::pins::Pins;
use content_key::SentTimes;
use logs::Timestamp;
use std::sync::Arc;
use too_large::TooLarge;

/// At most so many refused records are named to the client; all are counted.
pub const MAX_LISTED_REJECTS: usize = 100;

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
    content_key: bool,
    undated: Vec<usize>,
    deferred: bool,
    of_earlier_version: bool,
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
        let of_earlier_version = order::is_of_earlier_version(&documents);
        fits.then_some(Self {
            id,
            received_at,
            documents,
            key,
            content_key: false,
            undated,
            deferred: false,
            of_earlier_version,
        })
    }

    /// A batch of this origin, or a part of one; `None` when the parts do not fit one another.
    pub fn of_origin(origin: BatchOrigin, documents: &[u8], undated: Vec<usize>) -> Option<Self> {
        let BatchOrigin {
            id,
            key,
            content_key,
            received_at,
        } = origin;
        let batch = Self::from_parts(id, key, received_at, documents, undated)?;
        Some(match content_key {
            true => batch.with_content_key(),
            false => batch,
        })
    }

    /// The same, of which the key was made of what was sent.
    #[must_use]
    pub fn with_content_key(mut self) -> Self {
        self.content_key = self.key.is_some();
        self
    }

    /// Whether its key was made of what was sent, and not by the client.
    pub fn has_content_key(&self) -> bool {
        self.content_key
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
            content_key: self.content_key,
            received_at: self.received_at,
        }
    }

    /// A digest of its key, if it has one.
    pub fn key(&self) -> Option<&KeyDigest> {
        self.key.as_ref()
    }

    /// The positions of the records that came without a time.
    pub fn undated(&self) -> &[usize] {
        &self.undated
    }

    /// Whether the time of receipt went into an id and must be the same when the batch comes again.
    pub fn needs_receipt(&self) -> bool {
        self.key.and_then(KeyDigest::of_request).is_some() && !self.undated.is_empty()
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

/// Where a wire format puts the records that it reads. Their order is known only when all are there.
#[derive(Debug)]
pub struct BatchBuilder {
    batch: Batch,
    rejects: Rejects,
    notices: Notices,
    too_large: TooLarge,
    own: OwnBatches,
    tenant: Option<Tenant>,
    pins: Option<Arc<Pins>>,
    times: SentTimes,
    /// Unless it is told, that of a batch that is taken by itself.
    order: Option<BatchOrder>,
    position: u32,
    /// Whether the records say their positions themselves.
    has_places: bool,
    max_bytes: usize,
    strict: bool,
    answer_bytes: usize,
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
                content_key: false,
                undated: Vec::new(),
                deferred: false,
                of_earlier_version: false,
            },
            rejects: Rejects::default(),
            notices: Notices::default(),
            too_large: TooLarge::default(),
            own: OwnBatches::default(),
            tenant: None,
            pins: None,
            times: SentTimes::default(),
            order: None,
            position: 0,
            has_places: false,
            max_bytes,
            strict: false,
            answer_bytes: 0,
        }
    }

    /// The same, as a tenant's: its key and its id, and those of all batches of their own in it, are among that
    /// tenant's alone.
    #[must_use]
    pub fn of_tenant(mut self, tenant: Tenant) -> Self {
        let batch = &mut self.batch;
        (batch.key, batch.id) = tenant.of(batch.key, batch.id);
        self.tenant = Some(tenant);
        self
    }

    /// The same, each of whose records gets these attributes in place of its own. What it is known by is another matter:
    /// it says what was sent.
    #[must_use]
    pub fn pinned(mut self, pins: Arc<Pins>) -> Self {
        self.pins = Some(pins);
        self
    }

    /// The same, that refuses every record of which there is something to tell.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether it refuses records of which there is something to tell.
    #[inline]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Notes how much memory its decoder keeps for the answer, in bytes: it is held until that is sent.
    pub fn note_answer(&mut self, bytes: usize) {
        self.answer_bytes = bytes;
    }

    /// What was noted.
    pub fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// Makes room for documents of so many bytes, so that they need not be moved as they grow.
    pub fn reserve(&mut self, bytes: usize) {
        self.batch.documents.reserve(bytes.min(self.max_bytes));
    }

    /// Whether the encoded documents have outgrown their bound; decoding should stop then.
    #[inline]
    pub fn is_too_large(&self) -> bool {
        self.encoded_bytes() > self.max_bytes || self.too_large.is_beyond_bound()
    }

    /// How large a text may be that is made beside the documents and then copied to them: with both they stay
    /// within their bound.
    pub fn room_beside(&self) -> usize {
        let left = self.max_bytes.saturating_sub(self.encoded_bytes());
        self.too_large.largest(left) / 2
    }

    fn encoded_bytes(&self) -> usize {
        self.batch.documents.encoded_bytes() + self.too_large.bytes() + self.own.bytes()
    }

    /// The next record: without `time` it is dated with the time of receipt. `attributes` writes
    /// its attributes; when that fails, the record is refused and leaves nothing behind. Whether it was
    /// taken.
    pub fn record(
        &mut self,
        time: Option<Timestamp>,
        level: Option<&str>,
        message: &str,
        attributes: impl FnOnce(&mut BsonWriter<'_>) -> Result<(), RecordFault>,
    ) -> bool {
        let left = self.max_bytes.saturating_sub(self.encoded_bytes());
        let largest = self.too_large.largest(left);
        let pins = self.pins.as_deref();
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
                attributes(writer)?;
                if let Some(pins) = pins {
                    pins.put(writer);
                }
                Ok::<_, RecordFault>(())
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
                return false;
            }
        }
        self.times.note(time);
        self.position = self.position.wrapping_add(1);
        true
    }

    /// Tells something of the last record.
    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(self.position.wrapping_sub(1), notice);
    }

    /// What was told.
    pub fn take_notices(&mut self) -> Notices {
        std::mem::take(&mut self.notices)
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
        self.position = self.position.wrapping_add(1);
    }

    /// The records that were taken, and those that were not.
    pub fn finish(mut self) -> (Batch, Rejects) {
        let order = self.order();
        self.batch.put_in_order(order);
        self.batch.documents.fit();
        (self.batch, self.rejects)
    }
}

#[cfg(test)]
mod tests;
