//! Keeps the write lane fed from the spool, oldest first, until there is nothing more.

use super::feed::Feed;
use super::waiting;
use crate::breaker::State;
use crate::breaker::guard::Guard;
use crate::deliver::attempt::StoreAccess;
use crate::deliver::delivery::Delivery;
use crate::worker::LaneSnapshot;
use serde::Serialize;
use spool::{Consumer, Spool};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between two looks for segments that can go.
const TIDY_INTERVAL: Duration = Duration::from_millis(100);
/// It is looked at least so often.
const LONGEST_UNTIDY: Duration = Duration::from_secs(1);

/// What can be seen of the drain, and done to it.
pub struct Drain {
    delivery: Arc<Delivery>,
}

/// What an operator sees of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrainSnapshot {
    /// Whether batches are kept in the spool until it is resumed.
    pub paused: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// The drain's tasks, for an orderly end.
pub struct DrainTasks {
    delivery: Arc<Delivery>,
    feeding: JoinHandle<()>,
    tidying: JoinHandle<()>,
    waiting: JoinHandle<()>,
    abandon: CancellationToken,
}

/// Starts it; `deliveries` may be under way at one time.
pub(crate) fn start(
    delivery: Delivery,
    consumer: Consumer,
    deliveries: usize,
) -> (Arc<Drain>, DrainTasks) {
    let delivery = Arc::new(delivery);
    let abandon = CancellationToken::new();
    let feed = Feed::new(Arc::clone(&delivery), consumer, deliveries);
    let abandoned = abandon.clone();
    let feeding = async move {
        tokio::select! {
            () = feed.run() => {}
            () = abandoned.cancelled() => {}
        }
    };
    let tasks = DrainTasks {
        feeding: tokio::spawn(feeding),
        waiting: tokio::spawn(waiting::start(Arc::clone(&delivery))),
        tidying: tokio::spawn(tidy(delivery.spool.clone())),
        delivery: Arc::clone(&delivery),
        abandon,
    };
    (Arc::new(Drain { delivery }), tasks)
}

impl Drain {
    /// Why batches are not taken by the store at present.
    pub fn problem(&self) -> Option<String> {
        self.delivery.problem()
    }

    /// What an operator might have forgotten.
    pub fn pause_problem(&self) -> Option<String> {
        self.delivery.store.pause.problem()
    }

    /// Whether the store does not do what it is asked, as far as is known.
    pub fn store_is_away(&self) -> bool {
        self.delivery.store.outage.is_on()
    }

    /// Hands nothing more on until it is resumed or the process ends; what is under way is finished.
    pub fn pause(&self) {
        let StoreAccess { pause, clock, .. } = &self.delivery.store;
        if pause.begin(clock.now()) {
            // Not a warning: of those that a request repeats only the first is told.
            tracing::info!("the drain is paused by an operator: batches wait in the spool");
        }
    }

    /// Hands on again what waits.
    pub fn resume(&self) {
        if self.delivery.store.pause.end() {
            tracing::info!("the drain is resumed by an operator");
        }
    }

    /// Whether an operator keeps everything from the store.
    pub fn is_held(&self) -> bool {
        let is_open = self.guard().snapshot().state == State::ForcedOpen;
        is_open || self.delivery.store.pause.is_on()
    }

    /// Whether it is paused.
    pub fn snapshot(&self) -> DrainSnapshot {
        let since = self.delivery.store.pause.since();
        DrainSnapshot {
            paused: since.is_some(),
            since: since.map(|since| since.to_string()),
        }
    }

    /// The write lane in numbers.
    pub fn lane(&self) -> LaneSnapshot {
        self.delivery.store.lane.snapshot()
    }

    /// The breaker in front of the store's writes.
    pub fn guard(&self) -> &Guard {
        &self.delivery.store.writer.guard
    }
}

impl DrainTasks {
    /// Waits until everything is delivered, once the spool is closed, and at most for `patience`; in a pause
    /// until what is under way is. What is not delivered by then stays in the spool.
    pub async fn finish(mut self, patience: Duration) {
        self.delivery.store.pause.stop();
        let ended = tokio::time::timeout(patience, &mut self.feeding).await;
        if ended.is_err() {
            self.abandon.cancel();
            // It ends at its next await.
            drop(self.feeding.await);
        }
        for task in [self.waiting, self.tidying] {
            task.abort();
            drop(task.await);
        }
        tidy_now(&self.delivery.spool).await;
    }
}

async fn tidy(spool: Spool) {
    loop {
        // Also without progress: what failed is tried again, and room may be wanted.
        drop(tokio::time::timeout(LONGEST_UNTIDY, spool.progress()).await);
        tidy_now(&spool).await;
        tokio::time::sleep(TIDY_INTERVAL).await;
    }
}

async fn tidy_now(spool: &Spool) {
    let spool = spool.clone();
    match tokio::task::spawn_blocking(move || spool.tidy()).await {
        // The spool tells why it could not.
        Ok(Ok(()) | Err(_)) => {}
        Err(error) => tracing::error!(%error, "tidying the spool panicked"),
    }
}
