//! A batch's way from its first try to its end: accepted, refused, or given up.

use crate::clock::Clock;
use crate::retry;
use crate::send::{Sender, Verdict};
use crate::shutdown::Stop;
use crate::source::Body;
use crate::spool::{Kept, Spool};
use crate::stats::Stats;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Once a stop was asked for, no wait between two tries is longer than this.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A body to be sent.
#[derive(Debug)]
pub struct Batch {
    /// Its `Idempotency-Key`, at each try.
    pub key: String,
    /// When it was to be sent; `None` for as soon as possible.
    pub due: Option<Duration>,
    /// The logs.
    pub body: Body,
    /// Its place in the spool, when it comes from there.
    pub kept: Option<Kept>,
}

/// How a batch came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It was answered for good: accepted, or refused for what it is.
    Answered,
    /// It was not; it could be sent again, also to another address.
    Open,
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
    /// After this time without success a batch has failed.
    pub give_up_after: Option<Duration>,
    /// Where batches are kept until they are answered, if anywhere.
    pub spool: Option<Arc<Spool>>,
}

impl Delivery {
    /// Sends a batch, under the same key each time, until it comes to its end.
    pub async fn deliver(&self, mut batch: Batch) {
        let first_try = self.clock.elapsed();
        let Some(spool) = &self.spool else {
            self.send(&batch, first_try).await;
            return;
        };
        let kept = match batch.kept.take() {
            Some(kept) => kept,
            None => match keep(spool, &batch).await {
                Ok(kept) => kept,
                Err(problem) => return self.end_for(&problem),
            },
        };
        if self.send(&batch, first_try).await == End::Answered {
            spool.done(&kept);
        }
    }

    /// A batch that cannot be kept is not sent, and none after it.
    fn end_for(&self, problem: &str) {
        if self.stats.note_spool_problem(problem) {
            tracing::error!("stopping: the spool cannot keep a batch: {problem}");
        }
        self.stop.soft.cancel();
    }

    async fn send(&self, batch: &Batch, first_try: Duration) -> End {
        let (stats, logs) = (&self.stats, batch.body.logs);
        stats.sent.add(logs);
        let mut attempt = 0;
        loop {
            let verdict = tokio::select! {
                biased;
                verdict = self.sender.send(&batch.key, &batch.body) => verdict,
                () = self.stop.hard.cancelled() => {
                    self.fail("no answer before the end of the grace period", logs);
                    return End::Open;
                }
            };
            let (reason, asked) = match verdict {
                Verdict::Again { reason, asked } => (reason, asked),
                Verdict::Refused { reason, of_batch } => {
                    self.fail(&reason, logs);
                    return if of_batch { End::Answered } else { End::Open };
                }
                Verdict::Taken {
                    accepted,
                    replayed,
                    rejected,
                } => {
                    stats.took(self.latency(batch, first_try));
                    self.taken(batch, accepted, replayed);
                    if let Some(reason) = rejected {
                        self.fail(&reason, logs - accepted);
                    }
                    return End::Answered;
                }
            };
            stats.trouble(&reason, logs, self.clock.elapsed());
            let wait = retry::wait(attempt, asked, &mut rand::rng());
            let is_too_late = |limit| self.clock.elapsed() + wait > first_try + limit;
            if self.give_up_after.is_some_and(is_too_late) {
                self.fail(&format!("given up: {reason}"), logs);
                return End::Open;
            }
            if !self.wait(wait, asked.is_some()).await {
                self.fail(&format!("not accepted before the end: {reason}"), logs);
                return End::Open;
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

/// Writes a batch to the disk, on a thread that may wait for it.
async fn keep(spool: &Arc<Spool>, batch: &Batch) -> Result<Kept, String> {
    let (spool, key, body) = (Arc::clone(spool), batch.key.clone(), batch.body.clone());
    let written = tokio::task::spawn_blocking(move || spool.keep(&key, &body)).await;
    match written {
        Ok(kept) => kept.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
