//! The worker pool: bounded lanes of jobs, each with workers of its own.
//!
//! A lane is a bulkhead: reads never take the workers of writes. One dispatcher owns the receiving
//! end of the lane's channel; for each job it waits for a free worker, and the job then runs in a
//! task of its own, so that a panic costs that job and nothing else.
//!
//! Takes a handler and its jobs with their deadlines; gives outcomes. It does not know what a job is.

use async_trait::async_trait;
use logs::clock::Clock;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle, JoinSet};

/// What a lane's workers do with a job.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// What is asked for.
    type Job: Send + 'static;
    /// What comes of it.
    type Output: Send + 'static;
    /// Why nothing came of it.
    type Error: Send + 'static;

    /// Does the job, by `deadline`, which is a time of the clock's [`elapsed`](Clock::elapsed).
    async fn run(&self, job: Self::Job, deadline: Duration) -> Result<Self::Output, Self::Error>;
}

/// Why a job gave no result.
#[derive(Debug, PartialEq, Eq)]
pub enum JobError<E> {
    /// The lane is full; the job was not taken.
    Full {
        /// When there is likely to be room.
        retry_after: Duration,
    },
    /// Its time was over before it was done. If it had been begun, it may still come to its end.
    Expired,
    /// It panicked.
    Panicked,
    /// The lane is closed: the service is stopping.
    Closed,
    /// It failed.
    Failed(E),
}

/// One lane of the pool. Dropping every handle on it closes it.
pub struct Lane<H: Handler> {
    sender: mpsc::Sender<Queued<H>>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    workers: usize,
}

struct Queued<H: Handler> {
    job: H::Job,
    deadline: Duration,
    reply: oneshot::Sender<Result<H::Output, JobError<H::Error>>>,
}

#[derive(Debug, Default)]
struct Counters {
    busy: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    skipped: AtomicU64,
    expired: AtomicU64,
    panicked: AtomicU64,
    /// A moving average over the last jobs.
    job_micros: AtomicU64,
}

/// A lane in numbers, for `/health`. The counts are since the start.
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
}

impl<H: Handler> Lane<H> {
    /// Starts the dispatcher. Its task ends when the lane is closed and every job taken is done.
    pub fn start(
        capacity: usize,
        workers: usize,
        handler: Arc<H>,
        clock: Arc<dyn Clock>,
    ) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let counters = Arc::new(Counters::default());
        let dispatcher = Dispatcher {
            receiver,
            handler,
            counters: Arc::clone(&counters),
            clock: Arc::clone(&clock),
            free: Arc::new(Semaphore::new(workers.max(1))),
        };
        let lane = Self {
            sender,
            counters,
            clock,
            workers: workers.max(1),
        };
        (lane, tokio::spawn(dispatcher.run()))
    }

    /// Puts a job into the lane and waits for what comes of it. Dropping the future means that the
    /// caller has left: a job that was not begun by then is skipped.
    ///
    /// # Errors
    /// [`JobError::Full`] at once when there is no room.
    pub async fn submit(
        &self,
        job: H::Job,
        deadline: Duration,
    ) -> Result<H::Output, JobError<H::Error>> {
        let (reply, answer) = oneshot::channel();
        let queued = Queued {
            job,
            deadline,
            reply,
        };
        match self.sender.try_send(queued) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                count(&self.counters.refused);
                return Err(JobError::Full {
                    retry_after: self.time_to_drain(),
                });
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(JobError::Closed),
        }
        // A handler keeps the deadline itself and says more; this is for what is never begun.
        let left = deadline.saturating_sub(self.clock.elapsed()) + GRACE;
        match tokio::time::timeout(left, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(JobError::Panicked),
            Err(_) => Err(JobError::Expired),
        }
    }

    /// How long the jobs that wait now will take, by the average of the last ones.
    fn time_to_drain(&self) -> Duration {
        let job = Duration::from_micros(self.counters.job_micros.load(Ordering::Relaxed));
        let rounds = self.sender.max_capacity().div_ceil(self.workers);
        (job * u32::try_from(rounds).unwrap_or(u32::MAX)).clamp(SOONEST_RETRY, LATEST_RETRY)
    }

    /// The lane in numbers.
    pub fn snapshot(&self) -> LaneSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LaneSnapshot {
            workers: self.workers,
            busy: read(&self.counters.busy),
            queued: self.sender.max_capacity() - self.sender.capacity(),
            capacity: self.sender.max_capacity(),
            done: read(&self.counters.done),
            failed: read(&self.counters.failed),
            refused: read(&self.counters.refused),
            skipped: read(&self.counters.skipped),
            expired: read(&self.counters.expired),
            panicked: read(&self.counters.panicked),
        }
    }
}

/// How much later than its deadline a job that was begun may answer.
const GRACE: Duration = Duration::from_millis(750);
const SOONEST_RETRY: Duration = Duration::from_secs(1);
const LATEST_RETRY: Duration = Duration::from_secs(30);

struct Dispatcher<H: Handler> {
    receiver: mpsc::Receiver<Queued<H>>,
    handler: Arc<H>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    free: Arc<Semaphore>,
}

impl<H: Handler> Dispatcher<H> {
    async fn run(mut self) {
        let mut running = JoinSet::new();
        loop {
            let next = async {
                let worker = Arc::clone(&self.free).acquire_owned().await.ok()?;
                Some((worker, self.receiver.recv().await?))
            };
            tokio::select! {
                Some(ended) = running.join_next(), if !running.is_empty() => self.note(ended),
                next = next => {
                    let Some((worker, queued)) = next else { break };
                    if let Some(queued) = self.still_wanted(queued) {
                        let task = begin(Arc::clone(&self.handler), queued, Arc::clone(&self.counters), Arc::clone(&self.clock));
                        running.spawn(async move {
                            task.await;
                            drop(worker);
                        });
                    }
                }
            }
        }
        while let Some(ended) = running.join_next().await {
            self.note(ended);
        }
    }

    fn still_wanted(&self, queued: Queued<H>) -> Option<Queued<H>> {
        if queued.reply.is_closed() {
            count(&self.counters.skipped);
            return None;
        }
        if self.clock.elapsed() >= queued.deadline {
            count(&self.counters.expired);
            // The caller may have left in this very moment, which is all the same.
            drop(queued.reply.send(Err(JobError::Expired)));
            return None;
        }
        Some(queued)
    }

    fn note(&self, ended: Result<(), JoinError>) {
        if ended.is_err_and(|error| error.is_panic()) {
            count(&self.counters.panicked);
            tracing::error!("a job panicked; its caller was told, the others go on");
        }
    }
}

async fn begin<H: Handler>(
    handler: Arc<H>,
    queued: Queued<H>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
) {
    let _busy = Busy::new(Arc::clone(&counters));
    let began = clock.elapsed();
    let result = handler.run(queued.job, queued.deadline).await;
    count(if result.is_ok() {
        &counters.done
    } else {
        &counters.failed
    });
    let took = clock.elapsed().saturating_sub(began).as_micros();
    let average = counters.job_micros.load(Ordering::Relaxed);
    let took = u64::try_from(took).unwrap_or(u64::MAX);
    counters
        .job_micros
        .store(average - average / 8 + took / 8, Ordering::Relaxed);
    // The caller may have left meanwhile; the job is done all the same.
    drop(queued.reply.send(result.map_err(JobError::Failed)));
}

/// Counts a worker as busy, also when its job panics.
struct Busy(Arc<Counters>);

impl Busy {
    fn new(counters: Arc<Counters>) -> Self {
        count(&counters.busy);
        Self(counters)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
