//! The redelivery of what earlier runs left in the spool: before anything else, and under its own keys.

use crate::clock::Clock;
use crate::config::Config;
use crate::run_error::RunError;
use crate::send::{Batch, BatchSender, HttpClient, dispatch};
use crate::shutdown::Stop;
use crate::spool::{Spool, SpoolEntry};
use crate::stats::Stats;
use crate::summary::SpoolSummary;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A spool whose batches of earlier runs have been sent, and what became of them.
#[derive(Debug)]
pub(crate) struct Redelivery {
    /// The spool, for the batches of this run.
    pub(crate) spool: Arc<Spool>,
    damaged: u64,
    /// How long the resending took.
    took: Duration,
    sender: Arc<BatchSender>,
}

/// Opens the spool and sends what is there; ends with the last batch, or with a stop. The duration of the
/// run is no part of it.
///
/// # Errors
/// When the spool cannot be opened or read.
pub(crate) async fn redeliver(
    directory: &Path,
    config: &Config,
    client: &HttpClient,
    stop: &Stop,
) -> Result<Redelivery, RunError> {
    let (spool, recovered) = Spool::open(directory, config.spool_max_bytes)?;
    let spool = Arc::new(spool);
    let sender = Arc::new(BatchSender {
        client: client.clone(),
        // Not the statistics of this run: those count only what it makes itself.
        stats: Stats::new()?,
        clock: Clock::start(),
        stop: stop.clone(),
        give_up_after: config.give_up_after,
        spool: Some(Arc::clone(&spool)),
    });
    if !recovered.entries.is_empty() {
        let (batches, logs) = (recovered.entries.len(), recovered.logs());
        tracing::info!(
            batches,
            logs,
            "sending what an earlier run left; the run's own time begins afterwards"
        );
        stop.set_deadlines(None, config.grace);
        let source = Arc::clone(&spool);
        let produce = move |queue| enqueue(&source, recovered.entries, &queue);
        dispatch::send_all(&sender, produce, config.concurrency).await?;
    }
    Ok(Redelivery {
        spool,
        damaged: recovered.damaged,
        took: sender.clock.elapsed(),
        sender,
    })
}

/// Reads one batch after the other into the queue, until the last or a stop.
fn enqueue(
    spool: &Spool,
    entries: Vec<SpoolEntry>,
    queue: &mpsc::Sender<Batch>,
) -> Result<(), RunError> {
    for entry in entries {
        let (key, payload) = spool.read(&entry)?;
        let batch = Batch {
            key,
            due: None,
            payload,
            spooled: Some(entry),
        };
        if queue.blocking_send(batch).is_err() {
            break;
        }
    }
    Ok(())
}

impl Redelivery {
    /// What became of everything in the spool by the end of the run.
    pub(crate) fn summary(&self, run: &Stats) -> SpoolSummary {
        let earlier = &self.sender.stats;
        SpoolSummary {
            resent: earlier.accepted.get(),
            resend_seconds: self.took.as_secs_f64(),
            failed: earlier.failed.get(),
            left: self.spool.logs(),
            damaged: self.damaged,
            problem: earlier.spool_problem().or_else(|| run.spool_problem()),
        }
    }
}
