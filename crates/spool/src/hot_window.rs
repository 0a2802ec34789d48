//! The batches that are in memory until they are handed out, each from when it became durable.

use super::portion::Portion;
use super::spooled::Spooled;
use record::batch::{Batch, OWN_BATCH_BYTES};
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of batches that are kept in memory until they are handed out; the others are read from
/// disk when their turn comes. About what 64 senders of batches of a thousand have under way.
const HOT_BYTES: usize = 16 * 1024 * 1024;
/// A batch that is larger is read from disk in any case: of those, memory holds enough that waits for the
/// disk or for the store.
const HOT_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Batches whose numbers follow one another.
#[derive(Default)]
pub(super) struct HotWindow {
    batches: VecDeque<Hot>,
    bytes: usize,
    documents: usize,
}

struct Hot {
    spooled: Spooled,
    /// By the clock that the spool goes by.
    durable_at: Duration,
}

impl HotWindow {
    /// Keeps a batch if it follows on what is there, or is the one at `cursor`. One that
    /// is larger than all of them may be would only stay there through an outage.
    pub(super) fn keep(&mut self, spooled: Spooled, cursor: u64, now: Duration) {
        let last = self.batches.back();
        let expected = last.map_or(cursor, |last| last.spooled.seq + 1);
        let bytes = memory_bytes(&spooled.batch);
        let fits = bytes <= HOT_BATCH_BYTES && self.bytes + bytes <= HOT_BYTES;
        if spooled.seq == expected && fits {
            self.bytes += bytes;
            self.documents += spooled.batch.documents.len();
            self.batches.push_back(Hot {
                spooled,
                durable_at: now,
            });
        }
    }

    /// The first of them.
    pub(super) fn front(&self) -> Option<&Spooled> {
        self.batches.front().map(|hot| &hot.spooled)
    }

    /// Takes it away.
    pub(super) fn pop(&mut self) -> Option<Spooled> {
        let spooled = self.batches.pop_front()?.spooled;
        self.bytes -= memory_bytes(&spooled.batch);
        self.documents -= spooled.batch.documents.len();
        Some(spooled)
    }

    /// Lets all go up to this number.
    pub(super) fn let_go(&mut self, seq: u64) {
        while self.front().is_some_and(|front| front.seq <= seq) {
            self.pop();
        }
    }

    /// When the first became durable, if they are all that waits before `next_seq` and no full portion.
    pub(super) fn waits_for_more_since(&self, portion: Portion, next_seq: u64) -> Option<Duration> {
        let (front, back) = (self.batches.front()?, self.batches.back()?);
        let bytes = self.bytes - self.batches.len() * OWN_BATCH_BYTES;
        let is_full = self.documents >= portion.documents || bytes >= portion.bytes;
        let are_all = back.spooled.seq + 1 == next_seq;
        (are_all && !is_full).then_some(front.durable_at)
    }
}

/// What a batch takes up while it is kept: thousands of small ones may come in one request.
fn memory_bytes(batch: &Batch) -> usize {
    batch.documents.encoded_bytes() + OWN_BATCH_BYTES
}
