//! Room in the spool: segments of which everything is done are removed, oldest first, and the newest
//! gives way when it is all that is left, and there is no room or nothing has come for a while.

use super::bounds::AppendError;
use super::commit::Message;
use super::segment_span::SegmentSpan;
use super::{Shared, Spool, recovery};
use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// For want of disk a done segment that is smaller than this is kept until it is full.
pub(super) const WORTH_REMOVING: u64 = 64 * 1024;

/// When nothing has come for so long, what is done need not be kept until a segment is full. What a client sends again is
/// most often sent again sooner.
const REST: Duration = Duration::from_secs(30);

impl Spool {
    /// Removes segments of which everything is done and writes the hint. Blocks on the disk.
    ///
    /// # Errors
    /// The disk's, which the log tells once; what was not removed is tried again at the next call.
    pub fn tidy(&self) -> io::Result<()> {
        self.make_room();
        let tidied = self.shared.remove_finished();
        match &tidied {
            Ok(()) => self.shared.untidy.is_over(),
            Err(error) => self.shared.untidy.is_there(error),
        }
        self.shared.tidied.notify_waiters();
        tidied
    }

    /// Once everything is done: begins another segment, unless the newest is empty, and removes all before it durably;
    /// whether an empty one is all that is left. The segment is begun by another thread, so that it may take a moment: this
    /// is to be called until it is so. Blocks on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn leave_empty(&self) -> io::Result<bool> {
        // A full queue means that batches are being written.
        drop(self.commits.try_send(Message::Rotate));
        self.shared.remove_finished()?;
        let state = self.shared.state();
        let is_last = |newest: &SegmentSpan| newest.first_seq == state.next_seq;
        Ok(state.owed.is_none() && state.spans.len() == 1 && state.spans.iter().all(is_last))
    }

    /// Whether nothing below this number is in the spool any more: all of it is done, and its segments are
    /// removed. Has another segment begun where that
    /// is in the way; this is to be called until it is so, while it is [tidied](Self::tidy).
    pub fn is_gone_below(&self, seq: u64) -> bool {
        let state = self.shared.state();
        let is_done = state.done_below >= seq;
        let newest = state.spans.back().map(|newest| newest.first_seq);
        drop(state);
        if is_done && newest.is_some_and(|first| first < seq) {
            // A full queue means that batches are being written: then it is tried again.
            drop(self.commits.try_send(Message::Rotate));
        }
        is_done && self.oldest_seq() >= seq
    }

    /// Whether a deferred copy was appended at this number or behind it: of records that the spool held before.
    pub fn was_deferred_from(&self, seq: u64) -> bool {
        let newest = self.shared.state().last_deferred;
        newest.is_some_and(|newest| newest >= seq)
    }

    /// When there is no room and all is done, the newest segment stands in the way: another is
    /// begun, so that it can go. So is one that could not be made, and one behind the last that holds what an
    /// earlier version took; and one that rests.
    fn make_room(&self) {
        let in_the_way = || {
            self.check()
                .is_err_and(|error| self.shared.gives_way(&error))
        };
        let keeps_done_earlier = || self.shared.state().keeps_done_earlier();
        if self.refusal().is_some() || in_the_way() || keeps_done_earlier() {
            // A full queue means that batches are being written: then it is not idle.
            drop(self.commits.try_send(Message::Rotate));
        } else if self.rests() && self.check().is_ok() {
            drop(self.commits.try_send(Message::Rest));
        }
    }

    pub(super) fn rests(&self) -> bool {
        let now = self.shared.clock.elapsed();
        self.shared.state().rests(now, REST)
    }
}

impl Shared {
    /// Whether a batch that was refused for this reason may be taken when the newest segment is gone:
    /// everything is done, and it holds something.
    pub(super) fn gives_way(&self, error: &AppendError) -> bool {
        let state = self.state();
        let Some(newest) = state.spans.back() else {
            return false;
        };
        let idle = state.done_below == state.next_seq && newest.end_seq > newest.first_seq;
        match error {
            AppendError::Full { .. } => idle,
            AppendError::DiskFull(_) => idle && newest.bytes > WORTH_REMOVING,
            _ => false,
        }
    }

    pub(super) fn remove_finished(&self) -> io::Result<()> {
        let _alone = self.tidying.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let finished = self.state().finished();
            let Some(span) = finished else { break };
            recovery::remove_segment(&*self.disk, span.first_seq)?;
            self.used.fetch_sub(span.bytes, Ordering::Relaxed);
            let used = self.used.load(Ordering::Relaxed);
            let mut state = self.state();
            state.spans.pop_front();
            state.warned &= used > self.bounds.max_bytes / 5 * 4;
        }
        let hint = self.state().hint();
        self.hint.write(hint)
    }
}
