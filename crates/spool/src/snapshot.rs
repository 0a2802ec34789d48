//! The spool in numbers, for `/health` and `/metrics`.

use super::Spool;
use logs::durations::DurationCounts;
use serde::Serialize;
use std::time::Duration;

/// The numbers of one moment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpoolSnapshot {
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that there may be.
    pub max_bytes: u64,
    /// Batches that wait for the store.
    pub batches: u64,
    /// Records that wait for the store.
    pub records: u64,
    /// Age of the oldest batch that waits, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_age_ms: Option<u64>,
    /// Until the bound is reached, if it goes on as in the last ten seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_until_full: Option<u64>,
    /// Group commits since the start.
    pub commits: u64,
    /// How long each of them took.
    #[serde(skip)]
    pub fsyncs: DurationCounts,
    /// Median of the last commits, each a write with its `fdatasync`, in microseconds.
    pub fsync_p50_us: u64,
    /// 99 of 100 of the last commits took at most so many microseconds.
    pub fsync_p99_us: u64,
    /// Bytes of a torn write that the start of the process cut off.
    pub torn_bytes: u64,
    /// Whether a sync has failed: then the process ends.
    pub poisoned: bool,
    /// Why batches are not being handed on to the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Spool {
    /// The spool in numbers.
    pub fn snapshot(&self) -> SpoolSnapshot {
        let (elapsed, now) = (self.shared.clock.elapsed(), self.shared.clock.now());
        let (bytes, max_bytes) = (self.used(), self.shared.bounds.max_bytes);
        let problem = self
            .shared
            .damaged
            .shown()
            .or_else(|| self.shared.unreadable.shown())
            .or_else(|| self.shared.unreadable_again.shown());
        let mut state = self.shared.state();
        let growth = state
            .bytes_in
            .per_second(elapsed)
            .saturating_sub(state.bytes_done.per_second(elapsed));
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let age = |nanos: i64| u64::try_from(nanos.max(0) / 1_000_000).unwrap_or(0);
        let oldest = state
            .oldest()
            .map(|time| age(now.nanos().saturating_sub(time.nanos())));
        let commits = state.fsyncs.all();
        let [fsync_p50, fsync_p99] = state.fsyncs.percentiles([50, 99]);
        SpoolSnapshot {
            bytes,
            max_bytes,
            batches: state.waiting_batches,
            records: state.accounts.waiting(),
            oldest_age_ms: oldest,
            seconds_until_full: max_bytes.saturating_sub(bytes).checked_div(growth),
            commits: commits.count(),
            fsyncs: commits,
            fsync_p50_us: micros(fsync_p50),
            fsync_p99_us: micros(fsync_p99),
            torn_bytes: self.shared.torn_bytes,
            poisoned: self.shared.poisoned.borrow().is_some(),
            problem,
        }
    }
}
