//! Gives the jobs of a lane to its workers, owner by owner.

use super::counters::{Busy, Counters, count};
use super::fair_queue::FairQueue;
use super::job::{Handler, JobError, Queued};
use crate::accounting::shares::Shares;
use logs::clock::Clock;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

/// Owns the receiving end of a lane's channel.
pub(super) struct Dispatcher<H: Handler> {
    receiver: mpsc::Receiver<Queued<H>>,
    waiting: FairQueue<Queued<H>>,
    handler: Arc<H>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    places: Arc<Shares>,
}

impl<H: Handler> Dispatcher<H> {
    pub(super) fn new(
        receiver: mpsc::Receiver<Queued<H>>,
        handler: Arc<H>,
        counters: Arc<Counters>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let workers = counters.workers;
        Self {
            receiver,
            waiting: FairQueue::new(counters.capacity),
            handler,
            counters,
            clock,
            places: Arc::new(Shares::new(workers)),
        }
    }

    /// Ends when the lane is closed and every job taken is done.
    pub(super) async fn run(mut self) {
        let (mut running, mut is_open) = (JoinSet::new(), true);
        while is_open || !self.waiting.is_empty() {
            self.begin_all(&mut running);
            tokio::select! {
                Some(ended) = running.join_next(), if !running.is_empty() => self.note(ended),
                queued = self.receiver.recv(), if is_open => match queued {
                    Some(queued) => self.take(queued),
                    None => is_open = false,
                },
                else => {}
            }
        }
        while let Some(ended) = running.join_next().await {
            self.note(ended);
        }
    }

    fn take(&mut self, queued: Queued<H>) {
        let owner = H::owner(&queued.job);
        if let Some(no_room) = self.waiting.push(owner, queued) {
            count(&self.counters.refused);
            let retry_after = self.counters.time_to_drain();
            drop(no_room.reply.send(Err(JobError::Full { retry_after })));
        }
    }

    /// Begins what there are workers for.
    fn begin_all(&mut self, running: &mut JoinSet<()>) {
        while let Some((owner, queued)) = self.waiting.pop(|owner| self.places.has_free_for(owner))
        {
            let Some(queued) = self.still_wanted(queued) else {
                continue;
            };
            let worker = self.places.take(owner);
            let (handler, counters) = (Arc::clone(&self.handler), Arc::clone(&self.counters));
            let task = begin(handler, queued, counters, Arc::clone(&self.clock));
            running.spawn(async move {
                task.await;
                drop(worker);
            });
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
    let _busy = Busy::new(&counters);
    drop(queued.waiting);
    let began = clock.elapsed();
    counters.waited(began.saturating_sub(queued.since));
    let result = handler.run(queued.job, queued.deadline).await;
    count(if result.is_ok() {
        &counters.done
    } else {
        &counters.failed
    });
    counters.took(clock.elapsed().saturating_sub(began));
    // The caller may have left meanwhile; the job is done all the same.
    drop(queued.reply.send(result.map_err(JobError::Failed)));
}
