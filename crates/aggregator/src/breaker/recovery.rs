//! Ends the wait of every lane's breaker when the store is back.
//!
//! A breaker that has waited through a long outage would go on waiting for up to its longest open
//! time, and only a call could show it that the store is well. The store's own word comes sooner.

use crate::breaker::guard::Guard;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::task::AbortOnDropHandle;

/// A call that began before the store was back may fail after that, and open its breaker for as
/// long as before: so the waits are ended anew, this often and so far apart.
const ROUNDS: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// Starts the one task that waits for the store's word; it ends with the handle.
pub(crate) fn start(store: Arc<dyn Store>, lanes: Vec<Guard>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(run(store, lanes)))
}

async fn run(store: Arc<dyn Store>, lanes: Vec<Guard>) {
    let mut rounds = 0;
    loop {
        let next_round = async {
            match rounds {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(PAUSE).await,
            }
        };
        tokio::select! {
            () = store.recovered() => rounds = ROUNDS,
            () = next_round => rounds -= 1,
        }
        for lane in &lanes {
            lane.end_wait();
        }
    }
}

#[cfg(test)]
mod tests;
