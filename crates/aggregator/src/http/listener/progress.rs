//! What a connection is at: its own task writes it down, and the accept loop looks for who may go.

use logs::clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Marks an answer that goes on until one of the two leaves, so that a stop need not wait for its reader to take it.
#[derive(Debug, Clone, Copy)]
pub struct Endless;

/// A request is under way: from its whole head to the end of its answer's body.
const SERVING: u64 = u64::MAX;
/// The answer is made, and its end is not yet with the system.
const WRITING: u64 = u64::MAX - 1;
/// No request is under way, and the connection is asked to close.
const ASKED: u64 = u64::MAX - 2;

/// Nothing waits to be taken.
const TAKES: u64 = u64::MAX;

/// What one connection is at. Without a request under way, the time in microseconds since when; else
/// one of the values above.
pub(super) struct Progress {
    state: AtomicU64,
    /// Whether there ever was a request.
    used: AtomicBool,
    /// Since when its other end takes nothing of what is to be written, in microseconds; [`TAKES`] if it does.
    stalled: AtomicU64,
    /// Whether it has to go, whatever it is at.
    evicted: AtomicBool,
    /// Whether the answer that is under way has no end of its own.
    endless: AtomicBool,
    clock: Arc<dyn Clock>,
    asked: Notify,
}

impl Progress {
    /// A connection that has sent nothing.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let progress = Self {
            state: AtomicU64::new(ASKED),
            used: AtomicBool::new(false),
            stalled: AtomicU64::new(TAKES),
            evicted: AtomicBool::new(false),
            endless: AtomicBool::new(false),
            clock,
            asked: Notify::new(),
        };
        progress.rest();
        progress
    }

    /// A request begins. One that was faster than [`Progress::ask_to_close`] is served.
    pub(super) fn begin(&self) {
        self.used.store(true, Ordering::Relaxed);
        self.state.store(SERVING, Ordering::Relaxed);
    }

    /// Its answer is one that has no end of its own.
    pub(super) fn is_for_ever(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }

    /// Whether no request is under way that would come to an end by itself.
    pub(super) fn may_be_cut_off(&self) -> bool {
        self.is_waiting() || self.endless.load(Ordering::Relaxed)
    }

    /// Its answer was made.
    pub(super) fn answered(&self) {
        self.state.store(WRITING, Ordering::Relaxed);
    }

    /// All that was made of answers is with the system.
    pub(super) fn flushed(&self) {
        if self.state.load(Ordering::Relaxed) == WRITING {
            self.rest();
        }
    }

    /// From now on it waits for a request, or for its end.
    pub(super) fn rest(&self) {
        self.state.store(self.now(), Ordering::Relaxed);
    }

    /// Whether no request is under way.
    pub(super) fn is_waiting(&self) -> bool {
        self.state.load(Ordering::Relaxed) <= ASKED
    }

    /// Whether it has ever had a request.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Since when no request is under way, in time of the clock's [`elapsed`](Clock::elapsed); `None`
    /// for one that is asked to close already.
    pub(super) fn waiting_since(&self) -> Option<Duration> {
        let state = self.state.load(Ordering::Relaxed);
        (state < ASKED).then(|| Duration::from_micros(state))
    }

    /// Asks a connection that still waits since then to close.
    pub(super) fn ask_to_close(&self, since: Duration) {
        let since = micros(since);
        let asked = self
            .state
            .compare_exchange(since, ASKED, Ordering::Relaxed, Ordering::Relaxed);
        if asked.is_ok() {
            self.asked.notify_one();
        }
    }

    /// What is written is taken by its other end, or by what lies between, or not for now.
    pub(super) fn wrote(&self, is_taken: bool) {
        if is_taken {
            self.stalled.store(TAKES, Ordering::Relaxed);
        } else if self.stalled.load(Ordering::Relaxed) == TAKES {
            self.stalled.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Since when its other end takes nothing, as in [`Progress::waiting_since`]; `None` as well for one that has to go
    /// already.
    pub(super) fn stalled_since(&self) -> Option<Duration> {
        let since = self.stalled.load(Ordering::Relaxed);
        let is_so = since != TAKES && !self.evicted.load(Ordering::Relaxed);
        is_so.then(|| Duration::from_micros(since))
    }

    /// Ends a connection, with a request under way or not.
    pub(super) fn evict(&self) {
        self.evicted.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }

    /// Ends when the connection is to close: it was asked to and no request came first, or it has to.
    pub(super) async fn asked_to_close(&self) {
        let is_asked =
            || self.state.load(Ordering::Relaxed) == ASKED || self.evicted.load(Ordering::Relaxed);
        while !is_asked() {
            self.asked.notified().await;
        }
    }

    fn now(&self) -> u64 {
        micros(self.clock.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(0)
}
