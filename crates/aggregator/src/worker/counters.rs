//! A lane in numbers.

use logs::durations::{DurationCounts, Durations};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

const SOONEST_RETRY: Duration = Duration::from_secs(1);
const LATEST_RETRY: Duration = Duration::from_secs(30);

/// Its size, and what has become of its jobs.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) workers: usize,
    pub(super) capacity: usize,
    waiting: AtomicUsize,
    busy: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) panicked: AtomicU64,
    /// A moving average over the last jobs.
    job_micros: AtomicU64,
    waits: Durations,
    jobs: Durations,
}

/// A lane in numbers, for `/health` and `/metrics`. The counts are since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneSnapshot {
    /// Jobs that run at one time at most.
    pub workers: usize,
    /// Jobs that run now.
    pub busy: u64,
    /// Jobs that wait.
    pub queued: usize,
    /// Jobs that may wait.
    pub capacity: usize,
    /// Jobs that succeeded.
    pub done: u64,
    /// Jobs that failed.
    pub failed: u64,
    /// Jobs that were not taken because the lane was full.
    pub refused: u64,
    /// Jobs that were not begun because their caller had left.
    pub skipped: u64,
    /// Jobs that were not begun because their time was over.
    pub expired: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// How long jobs waited that were begun.
    #[serde(skip)]
    pub waits: DurationCounts,
    /// How long they took from then on.
    #[serde(skip)]
    pub jobs: DurationCounts,
}

/// Counts a job as one that waits.
pub(super) struct Waiting(Arc<Counters>);

/// Counts a worker as busy, also when its job panics.
pub(super) struct Busy(Arc<Counters>);

impl Counters {
    pub(super) fn new(capacity: usize, workers: usize) -> Self {
        Self {
            workers,
            capacity,
            waiting: AtomicUsize::default(),
            busy: AtomicU64::default(),
            done: AtomicU64::default(),
            failed: AtomicU64::default(),
            refused: AtomicU64::default(),
            skipped: AtomicU64::default(),
            expired: AtomicU64::default(),
            panicked: AtomicU64::default(),
            job_micros: AtomicU64::default(),
            waits: Durations::default(),
            jobs: Durations::default(),
        }
    }

    pub(super) fn waited(&self, time: Duration) {
        self.waits.add(time);
    }

    pub(super) fn took(&self, time: Duration) {
        self.jobs.add(time);
        let took = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let average = self.job_micros.load(Ordering::Relaxed);
        let average = average - average / 8 + took / 8;
        self.job_micros.store(average, Ordering::Relaxed);
    }

    /// How long as many jobs as may wait will take, by the average of the last ones.
    pub(super) fn time_to_drain(&self) -> Duration {
        let job = Duration::from_micros(self.job_micros.load(Ordering::Relaxed));
        let rounds = self.capacity.div_ceil(self.workers);
        (job * u32::try_from(rounds).unwrap_or(u32::MAX)).clamp(SOONEST_RETRY, LATEST_RETRY)
    }

    pub(super) fn snapshot(&self) -> LaneSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LaneSnapshot {
            workers: self.workers,
            busy: read(&self.busy),
            queued: self.waiting.load(Ordering::Relaxed),
            capacity: self.capacity,
            done: read(&self.done),
            failed: read(&self.failed),
            refused: read(&self.refused),
            skipped: read(&self.skipped),
            expired: read(&self.expired),
            panicked: read(&self.panicked),
            waits: self.waits.snapshot(),
            jobs: self.jobs.snapshot(),
        }
    }
}

impl Waiting {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        counters.waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counters))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Busy {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        count(&counters.busy);
        Self(Arc::clone(counters))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
