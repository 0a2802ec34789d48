//! The writing end of the spool: appends batches, is told what is done, and says what is known.

use super::accounts::{Accounts, BatchOutcome};
use super::bounds::{self, AppendError};
use super::commit::{Commit, Message, new_records};
use super::identity::SpoolId;
use super::lookup::Lookup;
use super::reverse_scan::ReverseScan;
use super::{Shared, recovery};
use logs::Timestamp;
use record::batch::Batch;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// When to come again when nothing says how fast the store takes what waits.
const UNKNOWN_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The writing end of the spool, and what is known of it. Cheap to clone.
#[derive(Clone)]
pub struct Spool {
    pub(super) shared: Arc<Shared>,
    pub(super) commits: mpsc::Sender<Message>,
}

/// Segments that stay because of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSegments {
    /// From that batch to the end of its segment.
    pub numbers: Range<u64>,
    /// Bytes of the segments before the newest of which everything was handed out: of the others nobody knows
    /// yet what is of use.
    pub older_bytes: u64,
    /// Bytes of one segment.
    pub segment_bytes: u64,
    /// Whether the spool holds more than half of what it may.
    pub is_half_full: bool,
}

impl Spool {
    /// Which spool it is.
    pub fn id(&self) -> SpoolId {
        self.shared.id
    }

    /// The first number of its oldest segment: what came before is gone for good.
    pub fn oldest_seq(&self) -> u64 {
        let state = self.shared.state();
        let oldest = state.spans.front().map(|oldest| oldest.first_seq);
        oldest.unwrap_or(state.next_seq)
    }

    /// Every batch below this number is done.
    pub fn done_below(&self) -> u64 {
        self.shared.state().done_below
    }

    /// Makes a batch durable: when this returns its place in the order of acknowledgement, it is on
    /// disk. Its records are counted, whatever becomes of them. `room` is the memory that it takes up: it
    /// is dropped when the batch is on disk.
    ///
    /// A [deferred](Batch::is_deferred) batch is a later copy of records that the spool holds already: it
    /// may pass the bounds, since what holds the older copy can go then, and is not counted once more.
    ///
    /// # Errors
    /// [`AppendError`]; then the batch counts as not taken.
    pub async fn append(
        &self,
        batch: Batch,
        room: impl Send + 'static,
    ) -> Result<u64, AppendError> {
        self.append_all(vec![batch], room).await
    }

    /// The same for all batches of one request, which stand in one frame and take one place among those that
    /// wait for the disk: all of them are durable, or none is. Gives the place of the first.
    ///
    /// # Errors
    /// [`AppendError`]; then all of them count as not taken.
    pub async fn append_all(
        &self,
        batches: Vec<Batch>,
        room: impl Send + 'static,
    ) -> Result<u64, AppendError> {
        let (answer, written) = oneshot::channel();
        let records = new_records(&batches);
        let message = Message::Append(Commit {
            batches,
            room: Box::new(room),
            answer,
        });
        self.commits.try_send(message).map_err(|error| {
            self.accounts().not_taken(records);
            match error {
                mpsc::error::TrySendError::Full(_) => AppendError::Busy,
                mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
            }
        })?;
        // The thread has panicked: nobody knows how far it came.
        let unknown = || AppendError::Poisoned("the committing thread panicked".to_owned());
        written.await.unwrap_or_else(|_| Err(unknown()))
    }

    /// Notes that the store has what it takes of a batch of so many bytes; only the first time counts.
    pub fn done(&self, seq: u64, bytes: u64, outcome: BatchOutcome) {
        let now = self.shared.clock.elapsed();
        let mut state = self.shared.state();
        if !state.done(seq, &outcome) {
            return;
        }
        state.bytes_done.add(now, bytes);
        drop(state);
        self.shared.done.notify_one();
    }

    /// Someone waits for the store to have what is durable by now: it is handed out, and the consumer does not
    /// [linger](crate::Consumer::lingering).
    pub fn hurry(&self) {
        self.shared.state().hurry();
        self.shared.appended.notify_one();
    }

    /// Whether a batch is not done.
    pub fn waits(&self, seq: u64) -> bool {
        self.shared.state().waits(seq)
    }

    /// The number behind the last batch that was made durable.
    pub fn next_seq(&self) -> u64 {
        self.shared.state().next_seq
    }

    /// Whether every batch below this number is done.
    pub fn is_done_below(&self, seq: u64) -> bool {
        self.shared.state().done_below >= seq
    }

    /// A time before which no batch was received that is under way, or was appended since the start and is
    /// to be handed out; `None` when there is no such batch. Of what a start finds on disk, only what was handed
    /// out is known.
    pub fn oldest_waiting(&self) -> Option<Timestamp> {
        self.shared.state().none_before()
    }

    /// What the first batch that is not done keeps on disk; `None` while it is in the newest segment, which
    /// is kept in any case.
    pub fn keeps_segments(&self) -> Option<KeptSegments> {
        let bounds = &self.shared.bounds;
        let state = self.shared.state();
        let (first, newest) = (state.done_below, state.spans.back()?);
        let mut spans = state.spans.iter();
        let oldest =
            spans.find(|span| first < span.end_seq && span.first_seq < newest.first_seq)?;
        let all: u64 = state.spans.iter().map(|span| span.bytes).sum();
        let known = state
            .spans
            .iter()
            .filter(|span| span.first_seq < newest.first_seq && span.end_seq <= state.cursor);
        Some(KeptSegments {
            numbers: first..oldest.end_seq,
            older_bytes: known.map(|span| span.bytes).sum(),
            segment_bytes: bounds.of_a_segment(),
            is_half_full: all > bounds.max_bytes / 2,
        })
    }

    /// The batches of the newest segments, of as many as two full ones have room for, and of the newest that has
    /// any in any case: one large batch may make it larger.
    pub fn newest_numbers(&self) -> Range<u64> {
        let (state, mut bytes) = (self.shared.state(), 0);
        let most = 2 * self.shared.bounds.of_a_segment();
        let filled = state.spans.iter().rev();
        let filled = filled.filter(|span| span.first_seq < span.end_seq);
        let newest = filled.take_while(|span| {
            let is_newest = bytes == 0;
            bytes += span.bytes;
            is_newest || bytes <= most
        });
        let first = newest.last().map_or(state.next_seq, |span| span.first_seq);
        first..state.next_seq
    }

    /// Whether every batch below this number was handed out, or is done.
    pub fn is_handed_out_below(&self, seq: u64) -> bool {
        self.shared.state().cursor >= seq
    }

    /// Whether batches of which an earlier version took records may be handed out, now or after any crash.
    /// Once that is not so, only those of [`SpoolOptions::earlier`](crate::SpoolOptions::earlier) can come.
    pub fn holds_earlier(&self) -> bool {
        self.shared.state().holds_earlier()
    }

    /// Waits until batches were done since the last call.
    pub async fn progress(&self) {
        self.shared.done.notified().await;
    }

    /// Says why a batch would not be taken now.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), AppendError> {
        if let Some(reason) = &*self.shared.poisoned.borrow() {
            return Err(AppendError::Poisoned(reason.clone()));
        }
        bounds::check_bound(&self.shared.bounds, self.used(), 1)?;
        bounds::check_disk(&*self.shared.disk, &self.shared.bounds, 0)
    }

    /// Waits until it has room for so many bytes, or nothing more of it will be given back, or something else than
    /// room is missing: this is looked at each time that it is tidied, and not before. Of more than a quarter of its
    /// bound, the quarter is waited for.
    pub async fn room(&self, bytes: u64) {
        let bounds = &self.shared.bounds;
        let bytes = bytes.min(bounds.max_bytes / 4);
        loop {
            self.shared.tidied.notified().await;
            let room = bounds::check_bound(bounds, self.used(), bytes)
                .and_then(|()| bounds::check_disk(&*self.shared.disk, bounds, bytes));
            let is_idle = self.is_done_below(self.next_seq());
            if room.is_ok() || is_idle || self.shared.poisoned.borrow().is_some() {
                return;
            }
        }
    }

    /// Why the last batch was not taken, when that lasts and the next may be taken all the same.
    pub fn refusal(&self) -> Option<String> {
        self.shared.no_segment.shown()
    }

    /// Bytes on disk, and how many there may be.
    pub fn fill(&self) -> (u64, u64) {
        (self.used(), self.shared.bounds.max_bytes)
    }

    pub(super) fn used(&self) -> u64 {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// How long it is likely to take until there is room again, from how fast the store takes what
    /// waits: a segment's bytes are free only when all of it is done.
    pub fn time_to_room(&self) -> Duration {
        let mut state = self.shared.state();
        let rate = state.bytes_done.per_second(self.shared.clock.elapsed());
        let oldest = state.spans.front().map_or(0, |span| span.bytes);
        match oldest.checked_div(rate) {
            Some(seconds) => Duration::from_secs(seconds.max(1)).min(LONGEST_WAIT),
            None => UNKNOWN_WAIT,
        }
    }

    /// Resolves with the reason when the spool cannot be written any more and the process must end.
    pub async fn poisoned(&self) -> String {
        let mut poisoned = self.shared.poisoned.subscribe();
        match poisoned.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(reason)) => reason.clone(),
            _ => std::future::pending().await,
        }
    }

    fn accounts(&self) -> Arc<dyn Accounts> {
        Arc::clone(&self.shared.state().accounts)
    }

    /// Reads batches that were handed out already, once more.
    pub fn lookup(&self) -> Lookup {
        Lookup::new(Arc::clone(&self.shared))
    }

    /// Goes over the batches that are on disk, newest first.
    pub fn scan_back(&self) -> ReverseScan {
        let state = self.shared.state();
        let segments = state.spans.iter().map(|span| span.first_seq).collect();
        ReverseScan::new(Arc::clone(&self.shared.disk), segments)
    }

    /// Leaves the marker of an orderly stop. Only when nothing is written any more.
    ///
    /// # Errors
    /// The disk's; or that the spool is poisoned, or that the last frame is not written anew since the
    /// start: then the next start must do that, and the marker would say that it need not.
    pub fn mark_clean(&self) -> io::Result<()> {
        if let Some(reason) = &*self.shared.poisoned.borrow() {
            return Err(io::Error::other(reason.clone()));
        }
        if self.shared.state().owed.is_some() {
            return Err(io::Error::other("the last frame is not written anew yet"));
        }
        self.shared.disk.create(recovery::CLEAN_STOP)?.sync()?;
        self.shared.disk.sync_folder()
    }
}
