//! Batches under way at one time, until the time is over.

use super::{Done, Stopwatch};
use crate::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Writes batches of `size` records, `in_flight` at one time, for so many seconds. `write` gets the
/// number of a batch; every number comes once, from 0 on.
pub(super) async fn run<W: Future<Output = Result<(), Failure>> + Send + 'static>(
    in_flight: usize,
    size: u64,
    seconds: f64,
    write: impl Fn(u64) -> W + Clone + Send + Sync + 'static,
) -> Result<Done, Failure> {
    let watch = Arc::new(Stopwatch::start()?);
    let next = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..in_flight {
        let (watch, next, write) = (Arc::clone(&watch), Arc::clone(&next), write.clone());
        writers.spawn(async move {
            while watch.seconds() < seconds {
                write(next.fetch_add(1, Ordering::Relaxed)).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.map_err(|error| Failure::told(error.to_string()))??;
    }
    watch.done(next.load(Ordering::Relaxed) * size, 0, Vec::new())
}
