//! A batch's way from its first try to its end: accepted, refused, or given up.

use crate::clock::Clock;
use crate::retry;
use crate::send::{Sender, Verdict};
use crate::shutdown::Stop;
use crate::source::Body;
use crate::stats::Stats;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Once a stop was asked for, no wait between two tries is longer than this.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A body to be sent.
#[derive(Debug)]
pub struct Batch {
    /// Its number, from 0.
    pub number: u64,
    /// When it was to be sent; `None` for as soon as possible.
    pub due: Option<Duration>,
    /// The logs.
    pub body: Body,
}

/// What all deliveries share.
#[derive(Debug)]
pub struct Delivery {
    /// Makes the tries.
    pub sender: Sender,
    /// Counts.
    pub stats: Stats,
    /// Time since the start.
    pub clock: Clock,
    /// When to stop.
    pub stop: Stop,
    /// The beginning of all keys; no other run has it.
    pub run_id: String,
    /// After this time without success a batch has failed.
    pub give_up_after: Option<Duration>,
}

impl Delivery {
    /// Sends a batch, under the same key each time, until it comes to its end.
    pub async fn deliver(&self, batch: Batch) {
        let (stats, logs) = (&self.stats, batch.body.logs);
        let key = format!("{}-{}", self.run_id, batch.number);
        let first_try = self.clock.elapsed();
        stats.sent.add(logs);
        let mut attempt = 0;
        loop {
            let verdict = tokio::select! {
                biased;
                verdict = self.sender.send(&key, &batch.body) => verdict,
                () = self.stop.hard.cancelled() => {
                    return self.fail("no answer before the end of the grace period", logs);
                }
            };
            let (reason, asked) = match verdict {
                Verdict::Again { reason, asked } => (reason, asked),
                Verdict::Refused(reason) => return self.fail(&reason, logs),
                Verdict::Taken {
                    accepted,
                    replayed,
                    rejected,
                } => {
                    stats.took(self.latency(&batch, first_try));
                    self.taken(&batch, accepted, replayed);
                    if let Some(reason) = rejected {
                        self.fail(&reason, logs - accepted);
                    }
                    return;
                }
            };
            stats.trouble(&reason, logs, self.clock.elapsed());
            let wait = retry::wait(attempt, asked, &mut rand::rng());
            let is_too_late = |limit| self.clock.elapsed() + wait > first_try + limit;
            if self.give_up_after.is_some_and(is_too_late) {
                return self.fail(&format!("given up: {reason}"), logs);
            }
            if !self.wait(wait, asked.is_some()).await {
                return self.fail(&format!("not accepted before the end: {reason}"), logs);
            }
            if attempt == 0 {
                stats.retried.add(logs);
            }
            stats.retries.add(1);
            attempt += 1;
        }
    }

    fn taken(&self, batch: &Batch, accepted: u64, replayed: bool) {
        let bytes = u64::try_from(batch.body.bytes.len()).unwrap_or(u64::MAX);
        self.stats.accepted.add(accepted);
        self.stats.bytes.add(bytes);
        if replayed {
            self.stats.replayed.add(accepted);
        }
    }

    fn fail(&self, reason: &str, logs: u64) {
        self.stats.fail(reason, logs, self.clock.elapsed());
    }

    fn latency(&self, batch: &Batch, first_try: Duration) -> Duration {
        let since = batch.due.unwrap_or(first_try);
        self.clock.elapsed().saturating_sub(since)
    }

    /// Waits for the next try; false when there is to be none.
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
