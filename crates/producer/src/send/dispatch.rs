//! Many batches at one time: each begins as soon as there is room, up to the concurrency that is set.

use super::{Batch, BatchSender};
use crate::run_error::RunError;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

/// Batches that wait between the thread that makes them and the senders.
const QUEUE_LENGTH: usize = 4;

/// Sends what `produce`, on a thread of its own, puts into the queue, and waits for the end of each
/// batch. Tells when the last one was begun.
///
/// # Errors
/// What `produce` gives.
pub(crate) async fn send_all(
    sender: &Arc<BatchSender>,
    produce: impl FnOnce(mpsc::Sender<Batch>) -> Result<(), RunError> + Send + 'static,
    concurrency: usize,
) -> Result<Duration, RunError> {
    let (queue, batches) = mpsc::channel(QUEUE_LENGTH);
    let producing = tokio::task::spawn_blocking(move || produce(queue));
    let tracker = TaskTracker::new();
    dispatch(sender, batches, &tracker, concurrency).await;
    let ended = sender.clock.elapsed();
    tracker.close();
    tracker.wait().await;
    match producing.await {
        Ok(outcome) => outcome.map(|()| ended),
        Err(error) => Err(RunError::Workload(io::Error::other(error))),
    }
}

/// Begins each batch as soon as there is room, until the last one or a stop.
async fn dispatch(
    sender: &Arc<BatchSender>,
    mut batches: mpsc::Receiver<Batch>,
    tracker: &TaskTracker,
    concurrency: usize,
) {
    let room = Arc::new(Semaphore::new(concurrency));
    let mut next = async || {
        let permit = Arc::clone(&room).acquire_owned().await.ok()?;
        Some((permit, batches.recv().await?))
    };
    loop {
        let (permit, batch) = tokio::select! {
            biased;
            () = sender.stop.soft.cancelled() => return,
            next = next() => match next {
                Some(next) => next,
                None => return,
            },
        };
        let sender = Arc::clone(sender);
        tracker.spawn(async move {
            sender.send(batch).await;
            drop(permit);
        });
    }
}
