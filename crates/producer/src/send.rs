//! Sending a batch: attempt after attempt under one key, until it is accepted, rejected or given up.

pub mod answer;
pub mod dispatch;
pub mod endpoint;
pub mod http_client;
pub mod retry;

pub use endpoint::{Endpoint, EndpointError};
pub use http_client::HttpClient;

use crate::clock::Clock;
use crate::payload::Payload;
use crate::shutdown::Stop;
use crate::spool::{Spool, SpoolEntry};
use crate::stats::Stats;
use answer::Outcome;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Once a stop was asked for, no wait between two attempts is longer than this.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A payload to be sent.
#[derive(Debug)]
pub struct Batch {
    /// Its `Idempotency-Key`, the same at each attempt.
    pub key: String,
    /// When it was to be sent; `None` for as soon as possible.
    pub due: Option<Duration>,
    /// The logs.
    pub payload: Payload,
    /// Its place in the spool, when it comes from there.
    pub spooled: Option<SpoolEntry>,
}

/// Whether a batch may leave the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settlement {
    /// It was answered for good: accepted, or rejected for what it is.
    Settled,
    /// It was not; it could be sent again, also to another address.
    Unsettled,
}

/// Sends batches; shared by all that are under way.
#[derive(Debug)]
pub struct BatchSender {
    /// Makes the attempts.
    pub client: HttpClient,
    /// Counts.
    pub stats: Stats,
    /// Time since the start.
    pub clock: Clock,
    /// When to stop.
    pub stop: Stop,
    /// After this time without success a batch has failed.
    pub give_up_after: Option<Duration>,
    /// Where batches are kept until they are settled, if anywhere.
    pub spool: Option<Arc<Spool>>,
}

impl BatchSender {
    /// Sends a batch; with a spool, it is there from before its first attempt until it is settled.
    pub async fn send(&self, mut batch: Batch) {
        let first_attempt = self.clock.elapsed();
        let Some(spool) = &self.spool else {
            self.attempt_until_done(&batch, first_attempt).await;
            return;
        };
        let entry = match batch.spooled.take() {
            Some(entry) => entry,
            None => match store(spool, &batch).await {
                Ok(entry) => entry,
                // A batch that is not kept is not sent, and none after it.
                Err(error) => {
                    return self.stop_for(&format!("the spool cannot keep a batch: {error}"));
                }
            },
        };
        if self.attempt_until_done(&batch, first_attempt).await == Settlement::Settled {
            spool.remove(&entry);
        }
    }

    /// Nothing more is sent; the first reason is told.
    fn stop_for(&self, problem: &str) {
        if self.stats.set_spool_problem(problem) {
            tracing::error!("stopping: {problem}");
        }
        self.stop.soft.cancel();
    }

    /// With a spool, what was not the batch's fault would befall those after it as well: they stay there.
    fn keep_for_the_next_run(&self, reason: &str) -> Settlement {
        if self.spool.is_some() {
            self.stop_for(&format!(
                "an answer that is not the service's own word on a batch ({reason}): what is in the spool stays there for the next run"
            ));
        }
        Settlement::Unsettled
    }

    async fn attempt_until_done(&self, batch: &Batch, first_attempt: Duration) -> Settlement {
        let (stats, logs) = (&self.stats, batch.payload.logs);
        stats.sent.add(logs);
        let mut attempt = 0;
        loop {
            let outcome = tokio::select! {
                biased;
                outcome = self.client.attempt(&batch.key, &batch.payload) => outcome,
                () = self.stop.hard.cancelled() => {
                    self.fail("no answer before the end of the grace period", logs);
                    return Settlement::Unsettled;
                }
            };
            let (reason, retry_after) = match outcome {
                Outcome::Retry {
                    reason,
                    retry_after,
                } => (reason, retry_after),
                Outcome::Rejected {
                    reason,
                    batch_at_fault,
                } => {
                    self.fail(&reason, logs);
                    return match batch_at_fault {
                        true => Settlement::Settled,
                        false => self.keep_for_the_next_run(&reason),
                    };
                }
                Outcome::Accepted {
                    logs: accepted,
                    replayed,
                    rejection,
                } => {
                    stats.record_latency(self.latency(batch, first_attempt));
                    self.count_accepted(batch, accepted, replayed);
                    if let Some(reason) = rejection {
                        self.fail(&reason, logs - accepted);
                    }
                    return Settlement::Settled;
                }
            };
            stats.record_retry_reason(&reason, logs, self.clock.elapsed());
            let wait = retry::backoff(attempt, retry_after, &mut rand::rng());
            let is_too_late = |limit| self.clock.elapsed() + wait > first_attempt + limit;
            if self.give_up_after.is_some_and(is_too_late) {
                self.fail(&format!("given up: {reason}"), logs);
                return Settlement::Unsettled;
            }
            if !self.wait(wait, retry_after.is_some()).await {
                self.fail(&format!("not accepted before the end: {reason}"), logs);
                return Settlement::Unsettled;
            }
            if attempt == 0 {
                stats.retried.add(logs);
            }
            stats.retries.add(1);
            attempt += 1;
        }
    }

    fn count_accepted(&self, batch: &Batch, accepted: u64, replayed: bool) {
        let bytes = u64::try_from(batch.payload.bytes.len()).unwrap_or(u64::MAX);
        self.stats.accepted.add(accepted);
        self.stats.bytes.add(bytes);
        if replayed {
            self.stats.replayed.add(accepted);
        }
    }

    fn fail(&self, reason: &str, logs: u64) {
        self.stats
            .record_failure(reason, logs, self.clock.elapsed());
    }

    fn latency(&self, batch: &Batch, first_attempt: Duration) -> Duration {
        let since = batch.due.unwrap_or(first_attempt);
        self.clock.elapsed().saturating_sub(since)
    }

    /// Waits for the next attempt; false when there is to be none.
    async fn wait(&self, time: Duration, was_asked_for: bool) -> bool {
        self.stats.waiting.fetch_add(1, Ordering::Relaxed);
        let whole = tokio::time::sleep(time);
        let hurried = async {
            if was_asked_for {
                return std::future::pending().await;
            }
            self.stop.soft.cancelled().await;
            tokio::time::sleep(LAST_WAIT).await;
        };
        let goes_on = tokio::select! {
            () = whole => true,
            () = hurried => true,
            () = self.stop.hard.cancelled() => false,
        };
        self.stats.waiting.fetch_sub(1, Ordering::Relaxed);
        goes_on
    }
}

/// Writes a batch to the disk, on a thread that may wait for it.
async fn store(spool: &Arc<Spool>, batch: &Batch) -> Result<SpoolEntry, String> {
    let spool = Arc::clone(spool);
    let (key, payload) = (batch.key.clone(), batch.payload.clone());
    let written = tokio::task::spawn_blocking(move || spool.store(&key, &payload)).await;
    match written {
        Ok(entry) => entry.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
