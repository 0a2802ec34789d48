//! The worker pool: bounded lanes of jobs, each with workers of its own.
//!
//! A lane is a bulkhead: reads never take the workers of writes. One dispatcher owns the receiving
//! end of the lane's channel, where owners take turns; when a worker is free, the next job runs in a
//! task of its own, so that a panic costs that job and nothing else.
//!
//! Takes a handler and its jobs with their deadlines; gives outcomes. It does not know what a job is.

mod counters;
mod dispatcher;
mod fair_queue;
mod job;

pub use counters::LaneSnapshot;
pub use job::{Handler, JobError};

use counters::{Counters, Waiting, count};
use dispatcher::Dispatcher;
use job::Queued;
use logs::clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// How much later than its deadline a job that was begun may answer.
const GRACE: Duration = Duration::from_millis(750);

/// One lane of the pool. Dropping every handle on it closes it.
pub struct Lane<H: Handler> {
    sender: mpsc::Sender<Queued<H>>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
}

impl<H: Handler> Lane<H> {
    /// Starts the dispatcher. Its task ends when the lane is closed and every job taken is done.
    pub fn start(
        capacity: usize,
        workers: usize,
        handler: Arc<H>,
        clock: Arc<dyn Clock>,
    ) -> (Self, JoinHandle<()>) {
        let counters = Arc::new(Counters::new(capacity.max(1), workers.max(1)));
        let (sender, receiver) = mpsc::channel(counters.capacity);
        let (shared, time) = (Arc::clone(&counters), Arc::clone(&clock));
        let dispatcher = Dispatcher::new(receiver, handler, shared, time);
        let lane = Self {
            sender,
            counters,
            clock,
        };
        (lane, tokio::spawn(dispatcher.run()))
    }

    /// Puts a job into the lane and waits for what comes of it. Dropping the future means that the
    /// caller has left: a job that was not begun by then is skipped.
    ///
    /// # Errors
    /// [`JobError::Full`] when there is no room, or when there is room no more for one of an owner who has most waiting.
    pub async fn submit(
        &self,
        job: H::Job,
        deadline: Duration,
    ) -> Result<H::Output, JobError<H::Error>> {
        let (reply, answer) = oneshot::channel();
        let queued = Queued {
            job,
            deadline,
            since: self.clock.elapsed(),
            reply,
            waiting: Waiting::new(&self.counters),
        };
        match self.sender.try_send(queued) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                count(&self.counters.refused);
                return Err(JobError::Full {
                    retry_after: self.counters.time_to_drain(),
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

    /// The lane in numbers.
    pub fn snapshot(&self) -> LaneSnapshot {
        self.counters.snapshot()
    }
}

#[cfg(test)]
mod tests;
