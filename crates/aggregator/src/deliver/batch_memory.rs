//! Forgets batches that no copy can come of any more, where the store keeps a ledger of them: in rounds, as
//! [`remembering`](store::blocks::ledger::remembering) says.

use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters::DeadLetters;
use logs::clock::Clock;
use spool::Spool;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::blocks::ledger::remembering::{BatchMemory, Beginning, Removal};
use store::blocks::ledger::row::LedgerKey;
use store::blocks::{BlockStore, ForgottenRows};
use tokio_util::task::AbortOnDropHandle;

/// Between two looks whether segments are gone.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// After a step that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(60);
/// A step is followed by a pause of so many times its length, so that others write.
const PAUSES: u32 = 9;
/// Between two rounds, at least; [`PAUSES`] times what the steps of the last one took, if that is longer.
const ROUND_PAUSE: Duration = Duration::from_secs(15);

/// A request may have been received so long before its batches come into the spool; more than any takes.
const UNDER_WAY: Duration = Duration::from_secs(24 * 3600);

/// For how long batches are remembered where clients' own keys are for so long.
pub(crate) fn memory(own_keys: Option<Duration>) -> BatchMemory {
    BatchMemory {
        own_keys,
        under_way: UNDER_WAY,
    }
}

/// What the forgetting works with.
pub(crate) struct ForgetsBatches {
    pub(crate) spool: Spool,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) ledger: Arc<BlockStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) memory: BatchMemory,
    pub(crate) backups: BackupLock,
}

/// What came of going through all rows.
#[derive(Debug, Default)]
struct Swept {
    /// Rows that were removed.
    removed: usize,
    /// What the steps took, without their pauses.
    worked: Duration,
}

impl ForgetsBatches {
    /// Starts the task, which ends with the handle.
    pub(crate) fn start(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(self) {
        loop {
            let removal = Arc::new(self.round().await);
            let swept = self.sweep(&removal).await;
            if swept.removed > 0 {
                let removed = swept.removed;
                tracing::debug!(removed, "batches of which no copy can come are forgotten");
            }
            tokio::time::sleep(ROUND_PAUSE.max(swept.worked * PAUSES)).await;
        }
    }

    /// A round, up to where rows may be removed: what it notes, in this order, and all segments gone that the spool has
    /// then.
    async fn round(&self) -> Removal {
        let done_below = self.spool.done_below();
        let beginning = Beginning {
            spool: self.ledger.spool_at_hand(),
            done_below,
            now: self.clock.now(),
            last_left_at: self.ledger.last_left_at(),
            memory: self.memory,
        };
        let lettered = beginning.letters(self.dead_letters.batches().await);
        let mut round = lettered.up_to(self.spool.next_seq());
        loop {
            round = match round.go_on(self.spool.oldest_seq()) {
                Ok(removal) => return removal,
                Err(round) => round,
            };
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Goes through all rows.
    async fn sweep(&self, removal: &Arc<Removal>) -> Swept {
        let (mut behind, mut swept, mut is_told) = (None, Swept::default(), false);
        loop {
            let begun = self.clock.elapsed();
            match self.step(Arc::clone(removal), behind).await {
                Ok(step) => {
                    if std::mem::take(&mut is_told) {
                        tracing::info!("batches are forgotten again");
                    }
                    let took = self.clock.elapsed().saturating_sub(begun);
                    swept.worked += took;
                    swept.removed += step.removed;
                    if step.next.is_none() {
                        return swept;
                    }
                    behind = step.next;
                    tokio::time::sleep(took * PAUSES).await;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(%error, "batches cannot be forgotten at present");
                    }
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
        }
    }

    async fn step(
        &self,
        removal: Arc<Removal>,
        behind: Option<LedgerKey>,
    ) -> Result<ForgottenRows, StoreError> {
        let _undisturbed = self.backups.hold_off_in_the_end().await;
        let letters = Arc::clone(&self.dead_letters);
        let has_letters = move |batch: &LedgerKey| letters.has_batch(batch);
        self.ledger
            .forget_batches(removal, behind, has_letters)
            .await
    }
}

#[cfg(test)]
mod tests;
