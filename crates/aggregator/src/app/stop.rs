//! The orderly stop: no new connections, requests that are under way, the last commit of the spool, what waits in it,
//! the store; each step is told with the time that it took.

use super::own_log::OwnLog;
use super::steps::Steps;
use super::{Ends, LAST_WORDS};
use crate::deliver::drain::DrainTasks;
use crate::http::Services;
use logs::clock::Clock;
use spool::{Committer, Spool};
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// For the ends that are quick unless the disk stands still.
const LAST_WRITES: Duration = Duration::from_secs(2);
/// How long a stop waits for a store that does not take batches; they are safe where they are.
const DRAIN_OF_A_DEAD_STORE: Duration = Duration::from_secs(1);

/// An orderly stop.
pub(super) struct Stop {
    steps: Steps,
    clock: Arc<dyn Clock>,
    /// When requests that are still under way are cut off: after three quarters of the time, so that
    /// the drain has the rest however long they take.
    end_of_requests: Duration,
    /// When what is not delivered stays in the spool.
    end_of_drain: Duration,
    /// When jobs that nobody waits for any more are left to themselves, and the store closes.
    end_of_lanes: Duration,
    /// When it is over.
    deadline: Duration,
}

impl Stop {
    /// One that begins now.
    pub(super) fn within(timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        let now = clock.elapsed();
        let deadline = now + timeout;
        let last = (LAST_WRITES + LAST_WORDS).min(timeout / 8);
        Self {
            steps: Steps::begin(Arc::clone(&clock)),
            clock,
            end_of_requests: now + timeout / 4 * 3,
            end_of_drain: deadline.saturating_sub(last),
            end_of_lanes: deadline.saturating_sub(last / 3),
            deadline,
        }
    }

    pub(super) async fn in_order(
        mut self,
        services: Arc<Services>,
        ends: Ends,
        serving: Vec<JoinHandle<()>>,
        (tracker, own_log): (&TaskTracker, Option<OwnLog>),
    ) {
        if services.drain.is_held() {
            services.intake.wait_in_vain_no_more();
        }
        let cut_off = self.end_requests(tracker).await;
        if let Some(own_log) = own_log {
            own_log
                .finish(LAST_WRITES.min(self.until(self.end_of_drain)))
                .await;
        }
        let committed = self.commit(ends.committer).await;
        self.drain(&services, ends.drain).await;
        services.deletions.leave().await;
        let (store, spool) = (Arc::clone(&services.store), services.intake.spool().clone());
        drop(services);
        let lanes = async {
            for ended in serving.into_iter().chain(ends.lanes) {
                if let Err(error) = ended.await {
                    tracing::error!(%error, "a part of the service ended badly");
                }
            }
        };
        if !cut_off {
            // They end with the last of those who use them.
            drop(tokio::time::timeout(self.until(self.end_of_lanes), lanes).await);
        }
        self.close(&*store).await;
        leave(spool, committed, &self.steps).await;
    }

    /// Whether some had to be cut off.
    async fn end_requests(&mut self, tracker: &TaskTracker) -> bool {
        let time = self.until(self.end_of_requests);
        let cut_off = tokio::time::timeout(time, tracker.wait()).await.is_err();
        let took_ms = self.steps.took_ms();
        if cut_off {
            tracing::warn!(
                connections = tracker.len(),
                took_ms,
                "three quarters of SHUTDOWN_TIMEOUT are over: requests that are still under way are cut off; none of them was acknowledged"
            );
        } else {
            tracing::info!(took_ms, "the requests under way have ended");
        }
        cut_off
    }

    /// Whether that ended in order.
    async fn commit(&mut self, committer: Committer) -> bool {
        let closing = tokio::task::spawn_blocking(|| committer.close());
        let closed = tokio::time::timeout(LAST_WRITES, closing).await;
        let in_order = matches!(closed, Ok(Ok(true)));
        let took_ms = self.steps.took_ms();
        if in_order {
            tracing::info!(took_ms, "all that was taken is on disk");
        } else {
            tracing::warn!(took_ms, "the spool did not close in order");
        }
        in_order
    }

    async fn drain(&mut self, services: &Services, drain: DrainTasks) {
        let patience = match services.drain.store_is_away() {
            true => self.until(self.end_of_drain).min(DRAIN_OF_A_DEAD_STORE),
            false => self.until(self.end_of_drain),
        };
        let waiting = || services.intake.spool().snapshot().batches;
        let waited = waiting();
        drain.finish(patience).await;
        let left = waiting();
        tracing::info!(
            stored = waited.saturating_sub(left),
            left,
            took_ms = self.steps.took_ms(),
            "the drain has ended"
        );
    }

    async fn close(&mut self, store: &dyn Store) {
        let closing = tokio::time::timeout(self.until(self.deadline), store.close());
        let is_closed = closing.await.is_ok();
        let took_ms = self.steps.took_ms();
        if is_closed {
            tracing::info!(took_ms, "the store is closed");
        } else {
            tracing::warn!(
                took_ms,
                "the store did not close in time; nothing depends on that"
            );
        }
    }

    fn until(&self, time: Duration) -> Duration {
        time.saturating_sub(self.clock.elapsed())
    }
}

/// Marks the stop as an orderly one, and says what is left.
async fn leave(spool: Spool, committed: bool, steps: &Steps) {
    let snapshot = spool.snapshot();
    if committed {
        match tokio::task::spawn_blocking(move || spool.mark_clean()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the orderly stop could not be marked"),
            Err(error) => tracing::error!(%error, "marking the orderly stop panicked"),
        }
    }
    let (batches, records) = (snapshot.batches, snapshot.records);
    if records == 0 && batches == 0 {
        let took_ms = steps.all_took_ms();
        tracing::info!(took_ms, "stopped; everything that was accepted is stored");
    } else {
        tracing::warn!(
            batches,
            records,
            took_ms = steps.all_took_ms(),
            "stopped; what is left waits in the spool and is stored after the next start"
        );
    }
}
