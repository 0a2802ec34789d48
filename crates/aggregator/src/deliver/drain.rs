//! Keeps the write lane fed from the spool, oldest first, until there is nothing more.

use crate::breaker::guard::Guard;
use crate::deliver::delivery::{Delivery, INSERT_BYTES, INSERT_DOCUMENTS};
use crate::worker::LaneSnapshot;
use spool::{ConsumeError, Consumer, Portion, Spool};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// What is handed on at one time, coalesced: one insert command.
const PORTION: Portion = Portion {
    documents: INSERT_DOCUMENTS,
    bytes: INSERT_BYTES,
};
/// Between two looks for segments that can go.
const TIDY_INTERVAL: Duration = Duration::from_millis(100);
/// It is looked at least so often.
const LONGEST_UNTIDY: Duration = Duration::from_secs(1);
/// After an error of reading.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// What can be seen of the drain.
pub struct Drain {
    delivery: Arc<Delivery>,
}

/// The drain's tasks, for an orderly end.
pub struct DrainTasks {
    spool: Spool,
    feeding: JoinHandle<()>,
    tidying: JoinHandle<()>,
    abandon: CancellationToken,
}

/// Starts it; `deliveries` may be under way at one time.
pub(crate) fn start(
    delivery: Delivery,
    consumer: Consumer,
    deliveries: usize,
) -> (Arc<Drain>, DrainTasks) {
    let delivery = Arc::new(delivery);
    let (abandon, spool) = (CancellationToken::new(), delivery.spool.clone());
    let feeding = feed(Arc::clone(&delivery), consumer, deliveries, abandon.clone());
    let tasks = DrainTasks {
        feeding: tokio::spawn(feeding),
        tidying: tokio::spawn(tidy(spool.clone())),
        spool,
        abandon,
    };
    (Arc::new(Drain { delivery }), tasks)
}

impl Drain {
    /// Why batches are not taken by the store at present.
    pub fn problem(&self) -> Option<String> {
        self.delivery.problem()
    }

    /// The write lane in numbers.
    pub fn lane(&self) -> LaneSnapshot {
        self.delivery.lane.snapshot()
    }

    /// The breaker in front of the store's writes.
    pub fn guard(&self) -> &Guard {
        &self.delivery.writer.guard
    }
}

impl DrainTasks {
    /// Waits until everything is delivered, once the spool is closed, and at most for `patience`.
    /// What is not delivered by then stays in the spool.
    pub async fn finish(mut self, patience: Duration) {
        let ended = tokio::time::timeout(patience, &mut self.feeding).await;
        if ended.is_err() {
            self.abandon.cancel();
            // It ends at its next await.
            drop(self.feeding.await);
        }
        self.tidying.abort();
        drop(self.tidying.await);
        tidy_now(&self.spool).await;
    }
}

async fn feed(
    delivery: Arc<Delivery>,
    mut consumer: Consumer,
    deliveries: usize,
    abandon: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(deliveries));
    let mut under_way = JoinSet::new();
    let feeding = async {
        loop {
            while let Some(ended) = under_way.try_join_next() {
                note(ended);
            }
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else {
                break;
            };
            match consumer.next(PORTION).await {
                Ok(Some(portion)) => {
                    let delivery = Arc::clone(&delivery);
                    under_way.spawn(async move {
                        delivery.deliver(portion).await;
                        drop(permit);
                    });
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be handed on");
                    if matches!(error, ConsumeError::Damaged(_)) {
                        break;
                    }
                    tokio::time::sleep(READ_PAUSE).await;
                }
            }
        }
        while let Some(ended) = under_way.join_next().await {
            note(ended);
        }
    };
    tokio::select! {
        () = feeding => {}
        () = abandon.cancelled() => {}
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery ended badly; its batches are delivered after the next start");
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
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "finished segments could not be removed"),
        Err(error) => tracing::error!(%error, "tidying the spool panicked"),
    }
}
