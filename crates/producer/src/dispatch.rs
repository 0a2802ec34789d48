//! Many batches at one time: each begins as soon as there is room, up to the concurrency that is set.

use crate::deliver::{Batch, Delivery};
use crate::run_error::RunError;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

/// Bodies that are made ahead.
const AHEAD: usize = 4;

/// Delivers what `feed`, on a thread of its own, hands over, and waits for the end of each; tells when
/// the last one was begun.
///
/// # Errors
/// What `feed` gives.
pub(crate) async fn deliver_all(
    delivery: &Arc<Delivery>,
    feed: impl FnOnce(mpsc::Sender<Batch>) -> Result<(), RunError> + Send + 'static,
    concurrency: usize,
) -> Result<Duration, RunError> {
    let (sender, batches) = mpsc::channel(AHEAD);
    let feeding = tokio::task::spawn_blocking(move || feed(sender));
    let tracker = TaskTracker::new();
    dispatch(delivery, batches, &tracker, concurrency).await;
    let ended = delivery.clock.elapsed();
    tracker.close();
    tracker.wait().await;
    match feeding.await {
        Ok(outcome) => outcome.map(|()| ended),
        Err(error) => Err(RunError::Source(io::Error::other(error))),
    }
}

/// Begins each batch as soon as there is room, until the last one or a stop.
async fn dispatch(
    delivery: &Arc<Delivery>,
    mut batches: mpsc::Receiver<Batch>,
    tracker: &TaskTracker,
    concurrency: usize,
) {
    let room = Arc::new(Semaphore::new(concurrency));
    let next = async || {
        let permit = Arc::clone(&room).acquire_owned().await.ok()?;
        Some((permit, batches.recv().await?))
    };
    let mut next = next;
    loop {
        let (permit, batch) = tokio::select! {
            biased;
            () = delivery.stop.soft.cancelled() => return,
            next = next() => match next {
                Some(next) => next,
                None => return,
            },
        };
        let delivery = Arc::clone(delivery);
        tracker.spawn(async move {
            delivery.deliver(batch).await;
            drop(permit);
        });
    }
}
