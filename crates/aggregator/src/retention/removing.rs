//! A removal carried out on the store: step by step, and gently.

use super::pace::{STEP, Situation, pause};
use super::state::{Cause, RetentionState};
use super::windows::Window;
use crate::breaker::calls::Operation;
use crate::breaker::guard::CallError;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::write_job::Writer;
use logs::clock::Clock;
use record::id::RecordId;
use spool::Spool;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::removal::{Removal, RemovalStep};

/// After a step that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// With a batch that has waited for so long, the store has other things to do.
const BEHIND: Duration = Duration::from_secs(5);

/// What records are removed with.
pub(super) struct Remover {
    pub(super) writer: Arc<Writer>,
    pub(super) spool: Spool,
    pub(super) clock: Arc<dyn Clock>,
    /// For one step.
    pub(super) timeout: Duration,
    pub(super) backups: BackupLock,
    pub(super) state: Arc<RetentionState>,
    /// Whether the store is on this machine.
    pub(super) is_embedded: bool,
}

impl Remover {
    /// Removes what goes within a window, however often it has to be tried; how many records, of no more than about
    /// `most`.
    pub(super) async fn remove(
        &self,
        removal: &Arc<Removal>,
        window: Window,
        (cause, most): (Cause, u64),
    ) -> u64 {
        let (mut after, mut removed) = (window.after(), 0);
        let began = self.clock.elapsed();
        loop {
            let stepped = self.clock.elapsed();
            match self.step(removal, after).await {
                Ok(step) => {
                    self.goes_on();
                    self.state.removed(cause, step.records, step.rewritten);
                    removed += step.records;
                    match step.next {
                        Some(next) if next.time() < window.until && removed < most => {
                            after = Some(next);
                        }
                        _ => return removed,
                    }
                }
                // A pattern over a text that is very long.
                Err(CallError::Store(StoreError::RecordTooSlow { record })) => after = Some(record),
                Err(error) => {
                    self.fails(&error);
                    tokio::time::sleep(FAILURE_PAUSE).await;
                    continue;
                }
            }
            let took = self.clock.elapsed().saturating_sub(stepped);
            self.pause(took, began).await;
        }
    }

    /// Leaves the store to others after so much work.
    pub(super) async fn pause(&self, took: Duration, began: Duration) {
        let waiting = self.spool.snapshot().oldest_age_ms;
        let situation = Situation {
            since: self.clock.elapsed().saturating_sub(began),
            is_behind: waiting.is_some_and(|age| Duration::from_millis(age) >= BEHIND),
        };
        tokio::time::sleep(pause(took, situation)).await;
    }

    async fn step(
        &self,
        removal: &Arc<Removal>,
        after: Option<RecordId>,
    ) -> Result<RemovalStep, CallError> {
        let _undisturbed = self.backups.hold_off_in_the_end().await;
        let deadline = self.clock.elapsed() + self.timeout;
        let removing = |deadline| {
            let (store, removal) = (Arc::clone(&self.writer.store), Arc::clone(removal));
            async move { store.remove(&removal, after, STEP, deadline).await }
        };
        let guard = &self.writer.guard;
        let called = guard
            .call(deadline, Operation::Remove, removing(deadline))
            .await;
        match called {
            // A disk without room is what this may mend, and nothing is on a network.
            Err(CallError::Open { .. }) if self.is_embedded => Ok(removing(deadline).await?),
            called => called,
        }
    }

    pub(super) fn fails(&self, error: &CallError) {
        if self.state.fails(error.to_string()) {
            tracing::warn!(%error, "retention removes nothing at present");
        }
    }

    pub(super) fn goes_on(&self) {
        if self.state.goes_on() {
            tracing::info!("retention goes on");
        }
    }
}
