//! Forgets what is remembered of keyed batches, `KEY_MEMORY` after they were received.
//!
//! A marker of receipt dates every copy of its batch, so it stays for as long as a copy that was
//! received within that time after it may still be delivered from this spool, however long that copy
//! waits. Of the spools of other aggregators nothing is known here: `KEY_MEMORY` has to be longer
//! than a batch may wait in any of them.

use crate::breaker::guard::CallError;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters::DeadLetters;
use crate::deliver::write_job::Writer;
use logs::Timestamp;
use logs::clock::Clock;
use spool::Spool;
use std::sync::Arc;
use std::time::Duration;
use store::{Forgotten, ReceiptKey};
use tokio_util::task::AbortOnDropHandle;

/// Between two looks whether what waits is delivered.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// Between two steps through the markers, each of which the store bounds.
const STEP_PAUSE: Duration = Duration::from_millis(100);
/// After a step that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(60);
/// Between two ways through all of them.
const SWEEP_PAUSE: Duration = Duration::from_secs(15 * 60);
/// A batch may have got its time of receipt so long before it came into the spool; more than any
/// request takes.
const UNDER_WAY: Duration = Duration::from_secs(24 * 3600);

/// What the forgetting works with.
pub(crate) struct KeyMemory {
    pub(crate) spool: Spool,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long a key is remembered at least.
    pub(crate) memory: Duration,
    /// For one step.
    pub(crate) timeout: Duration,
    pub(crate) backups: BackupLock,
}

impl KeyMemory {
    /// Starts the task, which ends with the handle.
    pub(crate) fn start(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(self) {
        loop {
            let taken = self.delivered_before().await;
            let removed = self.sweep(taken).await;
            if removed > 0 {
                tracing::info!(removed, "keys older than KEY_MEMORY are forgotten");
            }
            tokio::time::sleep(SWEEP_PAUSE).await;
        }
    }

    /// A time before which nothing was received that waits in this spool, but for what was put back into
    /// it. Waits until there is one.
    async fn delivered_before(&self) -> Timestamp {
        let (now, end) = (self.clock.now(), self.spool.next_seq());
        while !self.spool.is_done_below(end) {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        minus(now, UNDER_WAY)
    }

    /// Before which time a marker may go: a batch that was put back into the spool keeps its time of
    /// receipt, however old, and may come at any moment, as long as one of its records is kept as refused.
    /// Waits until those are known.
    async fn forgotten_before(&self, taken: Timestamp) -> Timestamp {
        let in_spool = self.spool.oldest_waiting();
        let come_back = in_spool
            .into_iter()
            .chain(self.dead_letters.oldest_received().await);
        minus(come_back.fold(taken, Timestamp::min), self.memory)
    }

    /// Goes through all markers; how many were removed. `taken` is what [`Self::delivered_before`] gave.
    async fn sweep(&self, taken: Timestamp) -> u64 {
        let (mut after, mut removed, mut is_told) = (None, 0, false);
        loop {
            let before = self.forgotten_before(taken).await;
            match self.step(after.take(), before).await {
                Ok(step) => {
                    if std::mem::take(&mut is_told) {
                        tracing::info!("keys older than KEY_MEMORY are forgotten again");
                    }
                    removed += step.removed;
                    after = step.next;
                    if after.is_none() {
                        return removed;
                    }
                    tokio::time::sleep(STEP_PAUSE).await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(%error, "keys older than KEY_MEMORY cannot be forgotten at present");
                    }
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
        }
    }

    async fn step(
        &self,
        after: Option<ReceiptKey>,
        before: Timestamp,
    ) -> Result<Forgotten, CallError> {
        let _undisturbed = self.backups.hold_off_in_the_end().await;
        let store = Arc::clone(&self.writer.store);
        let deadline = self.clock.elapsed() + self.timeout;
        let forgetting = async move { store.forget_receipts(after, before, deadline).await };
        self.writer.guard.call(deadline, forgetting).await
    }
}

fn minus(time: Timestamp, less: Duration) -> Timestamp {
    let less = i64::try_from(less.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(time.nanos().saturating_sub(less))
}

#[cfg(test)]
mod tests;
