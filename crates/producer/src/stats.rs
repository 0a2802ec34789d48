//! The statistics of a run so far: counters, latencies and reasons, written by all senders.

pub mod reason_counts;

use hdrhistogram::Histogram;
use reason_counts::ReasonCounts;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Longer latencies count as this.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Significant digits of a latency.
const DIGITS: u8 = 3;
/// A reason for retries is logged again after this time.
const LOG_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Counters, in logs if nothing else is said.
#[derive(Debug)]
pub struct Stats {
    /// Sent at least once.
    pub sent: Counter,
    /// Accepted by the service.
    pub accepted: Counter,
    /// Given up or rejected.
    pub failed: Counter,
    /// Sent more than once.
    pub retried: Counter,
    /// Accepted, and known from an earlier attempt.
    pub replayed: Counter,
    /// Requests that were repetitions.
    pub retries: Counter,
    /// Bytes of the bodies that were accepted.
    pub bytes: Counter,
    /// Batches that wait for their next attempt now.
    pub waiting: AtomicU64,
    latency: Mutex<Histogram<u64>>,
    /// Why batches failed.
    failure_reasons: Mutex<ReasonCounts>,
    /// Why batches were sent again.
    retry_reasons: Mutex<ReasonCounts>,
    /// Why the run had to end for what is in the spool.
    spool_problem: OnceLock<String>,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Latencies of accepted batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// Half of them were no longer.
    pub p50: Duration,
    /// 90 % were no longer.
    pub p90: Duration,
    /// 99 % were no longer.
    pub p99: Duration,
    /// 99.9 % were no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

impl Stats {
    /// Nothing has happened yet.
    ///
    /// # Errors
    /// When the bounds of the histogram are none, which they are.
    pub fn new() -> Result<Self, hdrhistogram::CreationError> {
        let longest = u64::try_from(LONGEST.as_micros()).unwrap_or(u64::MAX);
        Ok(Self {
            sent: Counter::default(),
            accepted: Counter::default(),
            failed: Counter::default(),
            retried: Counter::default(),
            replayed: Counter::default(),
            retries: Counter::default(),
            bytes: Counter::default(),
            waiting: AtomicU64::new(0),
            latency: Mutex::new(Histogram::new_with_bounds(1, longest, DIGITS)?),
            failure_reasons: Mutex::new(ReasonCounts::new(None)),
            retry_reasons: Mutex::new(ReasonCounts::new(Some(LOG_AGAIN_AFTER))),
            spool_problem: OnceLock::new(),
        })
    }

    /// Records how long an accepted batch took.
    pub fn record_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        lock(&self.latency).saturating_record(micros);
    }

    /// Counts logs that failed; the reason is logged the first time.
    pub fn record_failure(&self, reason: &str, logs: u64, now: Duration) {
        self.failed.add(logs);
        if lock(&self.failure_reasons).record(reason, logs, now) {
            tracing::error!("not accepted: {reason}");
        }
    }

    /// Counts an attempt that is to be repeated; the reason is logged now and then.
    pub fn record_retry_reason(&self, reason: &str, logs: u64, now: Duration) {
        if lock(&self.retry_reasons).record(reason, logs, now) {
            tracing::warn!("will be tried again: {reason}");
        }
    }

    /// Keeps the first reason why the run has to end for what is in the spool; true if this is the first.
    pub fn set_spool_problem(&self, problem: &str) -> bool {
        self.spool_problem.set(problem.to_owned()).is_ok()
    }

    /// Why the run had to end for what is in the spool, if it had to.
    pub fn spool_problem(&self) -> Option<String> {
        self.spool_problem.get().cloned()
    }

    /// Why logs failed, with their numbers.
    pub fn failures(&self) -> Vec<(String, u64)> {
        lock(&self.failure_reasons).counts()
    }

    /// The latencies so far; `None` while no batch was accepted.
    pub fn latency(&self) -> Option<Latency> {
        let histogram = lock(&self.latency);
        let at = |quantile| Duration::from_micros(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Latency {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Duration::from_micros(histogram.max()),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_told_by_their_share() {
        let stats = Stats::new().unwrap();
        assert_eq!(stats.latency(), None);
        for millis in 1..=1000 {
            stats.record_latency(Duration::from_millis(millis));
        }
        let latency = stats.latency().unwrap();
        for (told, millis) in [
            (latency.p50, 500.0),
            (latency.p90, 900.0),
            (latency.p99, 990.0),
            (latency.p999, 999.0),
            (latency.max, 1000.0),
        ] {
            let told = told.as_secs_f64() * 1000.0;
            assert!((told / millis - 1.0).abs() < 0.002, "{told} for {millis}");
        }
        stats.record_latency(Duration::MAX);
        let longest = stats.latency().unwrap().max;
        assert!(longest >= LONGEST && longest < LONGEST * 2, "{longest:?}");
    }
}
