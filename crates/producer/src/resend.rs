//! What earlier runs left in the spool is sent before anything else, under the keys that it had.

use crate::clock::Clock;
use crate::config::Config;
use crate::deliver::{Batch, Delivery};
use crate::dispatch::deliver_all;
use crate::report::SpoolUse;
use crate::run_error::RunError;
use crate::send::Sender;
use crate::shutdown::Stop;
use crate::spool::{Kept, Spool};
use crate::stats::Stats;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A spool of which all was sent that an earlier run had left.
#[derive(Debug)]
pub(crate) struct Resent {
    /// The spool, for what comes now.
    pub(crate) spool: Arc<Spool>,
    damaged: u64,
    delivery: Arc<Delivery>,
}

/// Opens the spool and delivers what is there; ends with the last batch, or with a stop.
///
/// # Errors
/// When the spool cannot be opened or read.
pub(crate) async fn all(
    folder: &Path,
    config: &Config,
    sender: &Sender,
    stop: &Stop,
) -> Result<Resent, RunError> {
    let (spool, found) = Spool::open(folder, config.spool_max_bytes)?;
    let spool = Arc::new(spool);
    let delivery = Arc::new(Delivery {
        sender: sender.clone(),
        // Apart from the run's own: its figures are about what it makes itself.
        stats: Stats::new()?,
        clock: Clock::start(),
        stop: stop.clone(),
        give_up_after: config.give_up_after,
        spool: Some(Arc::clone(&spool)),
    });
    if !found.batches.is_empty() {
        let (batches, logs) = (found.batches.len(), found.logs());
        tracing::info!(batches, logs, "sending what an earlier run left");
        stop.in_time(config.duration, config.grace);
        let source = Arc::clone(&spool);
        let feed = move |sender: mpsc::Sender<Batch>| read(&source, found.batches, &sender);
        deliver_all(&delivery, feed, config.concurrency).await?;
    }
    Ok(Resent {
        spool,
        damaged: found.damaged,
        delivery,
    })
}

/// Hands over one batch after the other until the last, or a stop.
fn read(spool: &Spool, found: Vec<Kept>, batches: &mpsc::Sender<Batch>) -> Result<(), RunError> {
    for kept in found {
        let (key, body) = spool.read(&kept)?;
        let batch = Batch {
            key,
            due: None,
            body,
            kept: Some(kept),
        };
        if batches.blocking_send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

impl Resent {
    /// What became of everything in the spool by the end of the run.
    pub(crate) fn to_report(&self, run: &Stats) -> SpoolUse {
        let earlier = &self.delivery.stats;
        SpoolUse {
            resent: earlier.accepted.get(),
            failed: earlier.failed.get(),
            left: self.spool.logs(),
            damaged: self.damaged,
            problem: run.spool_problem(),
        }
    }
}
