//! Forgets batches that no copy can come of any more, where the store keeps a ledger of them: in rounds, as
//! [`remembering`](store::blocks::ledger::remembering) says.

use crate::breaker::guard::{CallError, Guard};
use crate::deliver::dead_letters::DeadLetters;
use logs::clock::Clock;
use spool::Spool;
use std::sync::Arc;
use std::time::Duration;
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
/// Between two rounds, at least; also so many times what the last one took.
const ROUND_PAUSE: Duration = Duration::from_secs(15);

/// What the forgetting works with.
pub(crate) struct ForgetsBatches {
    pub(crate) spool: Spool,
    pub(crate) dead_letters: Arc<DeadLetters>,
    pub(crate) ledger: Arc<BlockStore>,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) memory: BatchMemory,
    /// For one step.
    pub(crate) timeout: Duration,
}

impl ForgetsBatches {
    /// Starts the task, which ends with the handle.
    pub(crate) fn start(self) -> AbortOnDropHandle<()> {
        AbortOnDropHandle::new(tokio::spawn(self.run()))
    }

    async fn run(self) {
        loop {
            let removal = Arc::new(self.round().await);
            let begun = self.clock.elapsed();
            let removed = self.sweep(&removal).await;
            if removed > 0 {
                tracing::debug!(removed, "batches of which no copy can come are forgotten");
            }
            let took = self.clock.elapsed().saturating_sub(begun);
            tokio::time::sleep(ROUND_PAUSE.max(took * PAUSES)).await;
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

    /// Goes through all rows; how many were removed.
    async fn sweep(&self, removal: &Arc<Removal>) -> usize {
        let (mut behind, mut removed) = (None, 0);
        loop {
            let begun = self.clock.elapsed();
            match self.step(Arc::clone(removal), behind).await {
                Ok(step) => {
                    removed += step.removed;
                    if step.next.is_none() {
                        return removed;
                    }
                    behind = step.next;
                    let took = self.clock.elapsed().saturating_sub(begun);
                    tokio::time::sleep(took * PAUSES).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "batches cannot be forgotten at present");
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
        }
    }

    async fn step(
        &self,
        removal: Arc<Removal>,
        behind: Option<LedgerKey>,
    ) -> Result<ForgottenRows, CallError> {
        let (ledger, letters) = (Arc::clone(&self.ledger), Arc::clone(&self.dead_letters));
        let has_letters = move |batch: &LedgerKey| letters.has_batch(batch);
        let forgetting = async move { ledger.forget_batches(removal, behind, has_letters).await };
        let deadline = self.clock.elapsed() + self.timeout;
        self.guard.call(deadline, forgetting).await
    }
}

#[cfg(test)]
mod tests;
