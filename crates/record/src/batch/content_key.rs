//! A key that is made of what was sent, and when it holds.
//!
//! A request that comes again is taken for a repetition only where that is sure: every record has a time of
//! its own, and either one of these is finer than a millisecond, or two of them differ. Else an honest
//! heartbeat, or one line that was logged three times in a millisecond, would be swallowed, which is worse
//! than a double.

use super::BatchBuilder;
use crate::document;
use crate::id::{BatchId, KeyDigest};
use logs::Timestamp;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// What the times that came with a batch's records say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SentTimes {
    /// The greatest, if any came.
    pub(super) greatest: Option<Timestamp>,
    least: Option<Timestamp>,
    one_is_missing: bool,
    one_is_fine: bool,
}

impl SentTimes {
    #[inline]
    pub(super) fn note(&mut self, time: Option<Timestamp>) {
        let Some(sent) = time else {
            self.one_is_missing = true;
            return;
        };
        self.greatest = self.greatest.max(time);
        self.least = Some(self.least.map_or(sent, |least| least.min(sent)));
        self.one_is_fine = self.one_is_fine || sent.nanos() % NANOS_PER_MILLI != 0;
    }

    /// Whether a request with these times that comes again is the same one.
    fn tell_it_apart(&self) -> bool {
        !self.one_is_missing && (self.one_is_fine || self.least < self.greatest)
    }
}

impl BatchBuilder {
    /// Its key is made of what was sent. When all records have come, [`Self::settle_content_key`] must follow.
    #[must_use]
    pub fn with_content_key(mut self, key: KeyDigest) -> Self {
        self.batch.key = Some(key);
        self.batch.content_key = true;
        self
    }

    /// Drops a content key that does not hold: the batch gets the id that `fresh` makes, as one without a key.
    pub fn settle_content_key(&mut self, fresh: impl FnOnce() -> BatchId) {
        if !self.batch.content_key || self.times.tell_it_apart() {
            return;
        }
        let id = fresh();
        let batch = &mut self.batch;
        (batch.id, batch.key, batch.content_key) = (id, None, false);
        for position in 0..batch.documents.len() {
            if let Some(document) = batch.documents.get_mut(position) {
                document::set_batch(document, id);
            }
        }
        self.too_large.change_batch(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;

    const MILLI: i64 = NANOS_PER_MILLI;

    fn settled(times: &[Option<i64>]) -> Batch {
        let key = KeyDigest::of("content");
        let (content, fresh) = ([1; 8], [2; 8]);
        let id = BatchId::from_bytes(content);
        let received_at = Timestamp::from_nanos(7);
        let builder = BatchBuilder::new(id, None, received_at, usize::MAX);
        let mut builder = builder.with_content_key(key);
        for time in times {
            builder.record(time.map(Timestamp::from_nanos), None, "text", |_| Ok(()));
        }
        builder.settle_content_key(|| BatchId::from_bytes(fresh));
        builder.finish().0
    }

    #[test]
    fn a_content_key_holds_only_where_a_repetition_is_sure() {
        for (times, holds) in [
            (&[Some(5 * MILLI + 1)][..], true),
            (&[Some(5 * MILLI), Some(6 * MILLI)], true),
            (&[Some(1), Some(1), Some(1)], true),
            // One record of a whole millisecond; the same line three times in it.
            (&[Some(5 * MILLI)], false),
            (&[Some(5 * MILLI), Some(5 * MILLI), Some(5 * MILLI)], false),
            // A heartbeat without a time.
            (&[None], false),
            (&[Some(1), Some(2 * MILLI), None], false),
            (&[], false),
        ] {
            let batch = settled(times);
            assert_eq!(batch.key().is_some(), holds, "{times:?}");
            assert_eq!(batch.has_content_key(), holds, "{times:?}");
            let digit = if holds { 1 } else { 2 };
            let id = BatchId::from_bytes([digit; 8]);
            assert_eq!(batch.id, id, "{times:?}");
            for document in batch.documents.slices(0..batch.documents.len()) {
                let found = document::encoded_id(document).unwrap();
                assert_eq!(found.batch(), id, "{times:?}");
            }
        }
    }
}
