//! What a lane takes and gives: jobs, whose they are, and what comes of them.

use super::counters::Waiting;
use crate::accounting::shares::Owner;
use async_trait::async_trait;
use std::time::Duration;
use tokio::sync::oneshot;

/// What a lane's workers do with a job.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// What is asked for.
    type Job: Send + 'static;
    /// What comes of it.
    type Output: Send + 'static;
    /// Why nothing came of it.
    type Error: Send + 'static;

    /// Whose it is: one owner's jobs do not hold up another's.
    fn owner(_job: &Self::Job) -> Owner {
        None
    }

    /// Does the job, by `deadline`, which is a time of the clock's [`elapsed`](logs::clock::Clock::elapsed).
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

/// A job in its lane.
pub(super) struct Queued<H: Handler> {
    pub(super) job: H::Job,
    pub(super) deadline: Duration,
    /// When it was put there.
    pub(super) since: Duration,
    pub(super) reply: oneshot::Sender<Result<H::Output, JobError<H::Error>>>,
    /// Until it is begun or dropped.
    pub(super) waiting: Waiting,
}
