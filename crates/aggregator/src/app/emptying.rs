//! Delivers all that the spool holds into a store, and leaves it empty.

use super::StartError;
use super::wiring::{self, Queues, SpoolFolder};
use crate::accounting::batch_status::BatchStatuses;
use crate::config::SpoolConfig;
use crate::deliver::dead_letters::{DeadLetterError, DeadLetters};
use crate::deliver::drain::{self, Drain};
use crate::deliver::write_job::Writer;
use crate::worker::Lane;
use logs::clock::Clock;
use logs::counted;
use spool::Spool;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// As a service has them.
const WORKERS: usize = 4;
const QUEUE: usize = 256;
/// For one write.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Without anything delivered for so long, what is in the way is told.
const PATIENCE: Duration = Duration::from_secs(30);
/// For the ends of tasks that have nothing to do any more.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Why the spool is not empty.
#[derive(Debug, thiserror::Error)]
pub enum NotEmpty {
    /// It cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What it holds is not taken.
    #[error(
        "batches in the spool ({batches}) cannot be delivered before the rows are moved: {reason}"
    )]
    Stands {
        /// How many.
        batches: u64,
        /// Why.
        reason: String,
    },
    /// What was refused cannot be read.
    #[error(transparent)]
    Refused(#[from] DeadLetterError),
    /// The disk.
    #[error("the spool cannot be emptied: {0}")]
    Disk(#[from] io::Error),
}

/// What is left to be done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left {
    /// Batches in the spool.
    Batches(u64),
    /// Files of what was refused before, which are not read yet.
    RefusedFiles(u64),
}

/// What is known of a spool that is empty.
pub(super) struct Emptied {
    /// Behind all that it had.
    pub(super) next_seq: u64,
    /// The batches of which records are kept as refused.
    pub(super) lettered: BTreeSet<[u8; 8]>,
    /// When the last of those was received, in nanoseconds since 1970.
    pub(super) latest_ns: i64,
    /// What else came of it, a sentence each.
    pub(super) told: Vec<String>,
}

/// Delivers everything; `tell` is told how much is left.
pub(super) async fn empty(
    config: &SpoolConfig,
    folder: &Path,
    found: SpoolFolder,
    store: Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    tell: &mut (dyn FnMut(Left) + Send),
) -> Result<Emptied, NotEmpty> {
    let queues = wiring::open_queues(config, folder, found, 0, clock)?;
    let [guard, _] = wiring::guards(WRITE_TIMEOUT, clock);
    let writer = Arc::new(Writer {
        store: Arc::clone(&store),
        guard,
    });
    let (lane, writing) = Lane::start(QUEUE, WORKERS, Arc::clone(&writer), Arc::clone(clock));
    let statuses = Arc::<BatchStatuses>::default();
    let delivery = wiring::delivery(&queues, (lane, writer), &statuses, clock, WRITE_TIMEOUT);
    let Queues {
        spool,
        committer,
        consumer,
        dead_letters,
        reading,
        accounting,
        backups: _,
        expired: _,
    } = queues;
    let (drain, draining) = drain::start(delivery, consumer, WORKERS + 1);
    let emptied = async {
        // Whatever is refused on the way waits for that.
        are_read(&dead_letters, tell).await?;
        deliver(&spool, &drain, &**clock, tell).await?;
        leave_empty(&spool, &**clock).await?;
        lettered(&dead_letters, spool.next_seq()).await
    };
    let emptied = emptied.await;
    // In order also when that failed: the next try reads little then.
    let closed = tokio::task::spawn_blocking(|| committer.close()).await;
    draining.finish(LAST_WRITES).await;
    drop((drain, reading));
    drop(tokio::time::timeout(LAST_WRITES, writing).await);
    let marked = match closed {
        Ok(true) => spool.mark_clean(),
        _ => Ok(()),
    };
    store.close().await;
    let mut emptied = emptied?;
    marked?;
    let set_aside = accounting.snapshot().rejected.set_aside;
    if set_aside > 0 {
        let records = counted(set_aside, "record", "records");
        emptied.told.push(format!(
            "of what the spool held, {records} that the store refused for good went into rejected/"
        ));
    }
    emptied.told.extend(dead_letters.problem());
    Ok(emptied)
}

/// Waits until everything is delivered, and what was refused of it is kept.
async fn deliver(
    spool: &Spool,
    drain: &Drain,
    clock: &dyn Clock,
    tell: &mut (dyn FnMut(Left) + Send),
) -> Result<(), NotEmpty> {
    let (mut done, mut since) = (spool.done_below(), clock.elapsed());
    spool.hurry();
    while !spool.is_done_below(spool.next_seq()) {
        let snapshot = spool.snapshot();
        tell(Left::Batches(snapshot.batches));
        if spool.done_below() > done {
            (done, since) = (spool.done_below(), clock.elapsed());
        }
        if clock.elapsed().saturating_sub(since) > PATIENCE || snapshot.poisoned {
            let reason = snapshot.problem.or_else(|| drain.problem());
            return Err(NotEmpty::Stands {
                batches: snapshot.batches,
                reason: reason.unwrap_or_else(|| "the store does not answer".to_owned()),
            });
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Ok(())
}

async fn leave_empty(spool: &Spool, clock: &dyn Clock) -> Result<(), NotEmpty> {
    let since = clock.elapsed();
    loop {
        let emptying = spool.clone();
        let is_empty = tokio::task::spawn_blocking(move || emptying.leave_empty()).await;
        match is_empty {
            Ok(Ok(true)) => return Ok(()),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(panicked) => return Err(io::Error::other(panicked).into()),
        }
        if clock.elapsed().saturating_sub(since) > PATIENCE {
            let reason = spool.refusal();
            let reason = reason.unwrap_or_else(|| "no segment can be begun".to_owned());
            return Err(io::Error::other(reason).into());
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Waits until all that was refused before is read, for as long as any of it is.
async fn are_read(
    letters: &DeadLetters,
    tell: &mut (dyn FnMut(Left) + Send),
) -> Result<(), NotEmpty> {
    let mut left = |files| tell(Left::RefusedFiles(files));
    Ok(letters.are_read_in_the_end(PATIENCE, &mut left).await?)
}

/// The batches of what is kept as refused.
async fn lettered(letters: &Arc<DeadLetters>, next_seq: u64) -> Result<Emptied, NotEmpty> {
    let mut emptied = Emptied {
        next_seq,
        lettered: BTreeSet::new(),
        latest_ns: i64::MIN,
        told: Vec::new(),
    };
    let mut number = 0;
    while let Some(next) = letters.after(number) {
        number = next;
        for letter in letters.read(number).await? {
            emptied.lettered.insert(*letter.origin.id.as_bytes());
            let received_at = letter.origin.received_at.nanos();
            emptied.latest_ns = emptied.latest_ns.max(received_at);
        }
    }
    Ok(emptied)
}
