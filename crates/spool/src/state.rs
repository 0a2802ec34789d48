//! What the spool knows of itself: which batches wait, which are in memory, which are done.

use super::accounts::{Accounts, BatchOutcome};
use super::condition::Condition;
use super::hot_window::HotWindow;
use super::log::Appended;
use super::meter::{LastDurations, Rate};
use super::oldest_ahead::OldestAhead;
use super::portion::Portion;
use super::recovery::Recovered;
use super::segment_span::SegmentSpan;
use super::spooled::Spooled;
use logs::Timestamp;
use record::batch::Batch;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The part of the spool that its ends share, under one lock.
pub(super) struct State {
    pub(super) spans: VecDeque<SegmentSpan>,
    /// Where the newest segment ends, in bytes: what is behind it is not synced.
    pub(super) end: u64,
    /// The first number that is not known to be on disk, while something is owed.
    pub(super) owed: Option<u64>,
    /// How often the newest segment was replaced by one of the same number.
    pub(super) replaced: u64,
    /// Behind the last batch that was made durable.
    pub(super) next_seq: u64,
    /// The next batch to be handed out.
    pub(super) cursor: u64,
    hot: HotWindow,
    /// Nothing below is held back so that more comes to it.
    hurried_below: u64,
    /// When a portion was handed out last.
    pub(super) handed_out_at: Option<Duration>,
    /// Every batch below is done.
    pub(super) done_below: u64,
    done_ahead: BTreeSet<u64>,
    /// The number behind the last batch of which an earlier version took records, or may have.
    earlier_end: u64,
    ahead: OldestAhead,
    /// Batches that were handed out and are not done, with their times of receipt.
    under_way: BTreeMap<u64, Timestamp>,
    /// Those of them that could not be read once more.
    unreadable: BTreeSet<u64>,
    unreadable_again: Arc<Condition>,
    pub(super) accounts: Arc<dyn Accounts>,
    pub(super) waiting_batches: u64,
    pub(super) fsyncs: LastDurations,
    pub(super) bytes_in: Rate,
    pub(super) bytes_done: Rate,
    /// When the last batches became durable; the start of the clock before.
    appended_at: Duration,
    /// Whether no segment could be begun to rest in since then.
    cannot_rest: bool,
    /// Whether nothing more will be appended.
    pub(super) closed: bool,
    /// The newest of the deferred batches that were appended since the start.
    pub(super) last_deferred: Option<u64>,
    /// Whether the warning at 80 % was given.
    pub(super) warned: bool,
}

impl State {
    pub(super) fn new(
        recovered: &Recovered,
        accounts: Arc<dyn Accounts>,
        unreadable_again: Arc<Condition>,
    ) -> Self {
        accounts.recovered(recovered.waiting.1);
        let next_seq = recovered.tail.next_seq();
        let done_below = recovered.done_below.min(next_seq);
        Self {
            spans: recovered.spans.iter().copied().collect(),
            end: recovered.spans.last().map_or(0, |newest| newest.bytes),
            owed: recovered.tail.owes(),
            replaced: 0,
            next_seq,
            cursor: done_below,
            hot: HotWindow::default(),
            hurried_below: 0,
            handed_out_at: None,
            done_below,
            done_ahead: BTreeSet::new(),
            earlier_end: recovered.earlier_end,
            ahead: OldestAhead::default(),
            under_way: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            unreadable_again,
            accounts,
            waiting_batches: recovered.waiting.0,
            fsyncs: LastDurations::default(),
            bytes_in: Rate::default(),
            bytes_done: Rate::default(),
            appended_at: Duration::ZERO,
            cannot_rest: false,
            closed: false,
            last_deferred: None,
            warned: false,
        }
    }

    /// Batches that have just become durable.
    pub(super) fn committed(&mut self, appended: &Appended, batches: Vec<Batch>, now: Duration) {
        self.note_newest(SegmentSpan {
            first_seq: appended.segment,
            end_seq: appended.head.end_seq(),
            bytes: appended.segment_end,
        });
        // As they are counted when they are done.
        let documents = batches.iter().map(|batch| batch.documents.encoded_bytes());
        self.bytes_in.add(now, documents.sum::<usize>() as u64);
        (self.appended_at, self.cannot_rest) = (now, false);
        // What is deferred waits already, in an earlier copy.
        let new = batches.iter().filter(|batch| !batch.is_deferred());
        let new: usize = new.map(|batch| batch.documents.len()).sum();
        self.accounts.spooled(new as u64);
        self.waiting_batches += u64::from(appended.head.batches);
        for (seq, batch) in (appended.head.first_seq..).zip(batches) {
            self.ahead.appended(seq, batch.received_at);
            if batch.is_deferred() {
                self.last_deferred = Some(seq);
            }
            if batch.is_of_earlier_version() {
                self.earlier_end = seq + 1;
            }
            self.hot.keep(Spooled { seq, batch }, self.cursor, now);
        }
        self.next_seq = appended.head.end_seq();
    }

    /// Notes the newest segment, also one that is empty yet: those before it can be removed then.
    pub(super) fn note_newest(&mut self, newest: SegmentSpan) {
        if let Some(span) = self.spans.back_mut()
            && span.first_seq == newest.first_seq
        {
            *span = newest;
        } else {
            self.spans.push_back(newest);
        }
        self.end = newest.bytes;
    }

    /// What was owed is written, and the newest segment is this one; the bytes of the one that it has
    /// replaced.
    pub(super) fn settled(&mut self, newest: SegmentSpan) -> u64 {
        self.owed = None;
        self.end = newest.bytes;
        let mut replaced = 0;
        match self.spans.back_mut() {
            Some(before) if before.first_seq == newest.first_seq => {
                replaced = before.bytes;
                *before = newest;
                self.replaced += 1;
            }
            before => {
                if let Some(before) = before {
                    before.end_seq = before.end_seq.min(newest.first_seq);
                }
                self.spans.push_back(newest);
            }
        }
        replaced
    }

    /// What the hint may say: what is owed may be gone after the next power cut, and then its numbers
    /// are given out again.
    pub(super) fn hint(&self) -> u64 {
        self.owed.unwrap_or(u64::MAX).min(self.done_below)
    }

    /// Whether records that an earlier version took may be handed out, in this life or in a later one: until
    /// their segments are gone for good.
    pub(super) fn holds_earlier(&self) -> bool {
        let oldest = self.spans.front();
        oldest.is_some_and(|oldest| oldest.first_seq < self.earlier_end)
    }

    /// The next start may find these, of which nobody was told that they are there.
    pub(super) fn may_be_there<'a>(&mut self, mut batches: impl Iterator<Item = &'a Batch>) {
        if batches.any(Batch::is_of_earlier_version) {
            self.earlier_end = u64::MAX;
        }
    }

    /// Whether they are all done, and the newest segment is among theirs, which stays while it is the newest.
    pub(super) fn keeps_done_earlier(&self) -> bool {
        let newest = self.spans.back();
        self.earlier_end <= self.done_below
            && newest.is_some_and(|newest| newest.first_seq < self.earlier_end)
    }

    /// Whether the newest segment holds nothing but what is done, and nothing came for so long.
    pub(super) fn rests(&self, now: Duration, since: Duration) -> bool {
        let newest = self.spans.back();
        self.done_below == self.next_seq
            && self.owed.is_none()
            && !self.cannot_rest
            && newest.is_some_and(|newest| newest.end_seq > newest.first_seq)
            && now.saturating_sub(self.appended_at) >= since
    }

    /// That is not tried again before more has come.
    pub(super) fn rested_in_vain(&mut self) {
        self.cannot_rest = true;
    }

    /// When what is in memory, and no full portion, is handed out all the same; `None` when that is to be done now.
    pub(super) fn ripe_at(&self, portion: Portion, linger: Duration) -> Option<Duration> {
        let is_urgent = linger.is_zero() || self.closed || self.cursor < self.hurried_below;
        if is_urgent || self.peek_hot().is_none() {
            return None;
        }
        let oldest = self.hot.waits_for_more_since(portion, self.next_seq)?;
        Some(self.handed_out_at?.min(oldest) + linger)
    }

    /// Nothing of what is durable is held back.
    pub(super) fn hurry(&mut self) {
        self.hurried_below = self.next_seq;
    }

    /// The next batch to be handed out, if it is in memory.
    pub(super) fn peek_hot(&self) -> Option<&Batch> {
        let front = self.hot.front();
        front
            .filter(|spooled| spooled.seq == self.cursor)
            .map(|spooled| &spooled.batch)
    }

    /// Hands out the batch at the cursor from memory.
    pub(super) fn take_hot(&mut self) -> Option<Spooled> {
        let spooled = self.hot.pop()?;
        self.hand_out(spooled.seq, spooled.batch.received_at);
        Some(spooled)
    }

    /// Notes that the batch at the cursor is handed out. If it came from the disk, it may have got
    /// into memory meanwhile.
    pub(super) fn hand_out(&mut self, seq: u64, received_at: Timestamp) {
        self.hot.let_go(seq);
        self.cursor = seq + 1;
        self.under_way.insert(seq, received_at);
        self.ahead.handed_out(self.cursor, self.next_seq);
    }

    /// Notes that sequence numbers hold no batch: they were lost with a damaged segment.
    pub(super) fn skip_to(&mut self, seq: u64) {
        for lost in self.cursor..seq {
            self.done_ahead.insert(lost);
        }
        self.cursor = self.cursor.max(seq);
        self.advance();
    }

    /// A batch is done: the store has what it takes of it. Whether that is news: of one that is done
    /// already nothing changes, whoever ends it once more.
    pub(super) fn done(&mut self, seq: u64, outcome: &BatchOutcome) -> bool {
        if !self.waits(seq) {
            return false;
        }
        self.under_way.remove(&seq);
        self.is_readable(seq);
        self.done_ahead.insert(seq);
        self.advance();
        self.waiting_batches = self.waiting_batches.saturating_sub(1);
        self.accounts.done(outcome);
        true
    }

    /// Whether a batch is not done.
    pub(super) fn waits(&self, seq: u64) -> bool {
        seq >= self.done_below && !self.done_ahead.contains(&seq)
    }

    /// A batch that is not done could not be read once more.
    pub(super) fn is_unreadable(&mut self, seq: u64, error: &io::Error) {
        self.unreadable.insert(seq);
        self.unreadable_again.is_there(error);
    }

    /// It was read, or need not be any more.
    pub(super) fn is_readable(&mut self, seq: u64) {
        if self.unreadable.remove(&seq) && self.unreadable.is_empty() {
            self.unreadable_again.is_over();
        }
    }

    fn advance(&mut self) {
        while self.done_ahead.first() == Some(&self.done_below) {
            self.done_ahead.pop_first();
            self.done_below += 1;
        }
    }

    /// The oldest segment, if everything in it is done and it is not the newest.
    pub(super) fn finished(&self) -> Option<SegmentSpan> {
        let oldest = self.spans.front()?;
        let done = self.spans.len() > 1 && oldest.end_seq <= self.done_below;
        done.then_some(*oldest)
    }

    /// A time before which none was received of the batches that are under way, or were appended in this
    /// life and are to be handed out.
    pub(super) fn none_before(&self) -> Option<Timestamp> {
        let under_way = self.under_way.values().copied();
        under_way.chain(self.ahead.get()).min()
    }

    /// When the oldest batch that waits was received, as far as that is known.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let under_way = self.under_way.values().min().copied();
        under_way.or_else(|| self.peek_hot().map(|batch| batch.received_at))
    }
}
