//! Going through the store from its first record that may match to its last, in paced steps.

use super::Shared;
use crate::breaker::calls::Operation;
use crate::breaker::guard::CallError;
use query::Query;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::removal::{Removal, RemovalStep};

/// How long one step holds up others who write, at most.
const STEP_TIME: Duration = Duration::from_millis(40);
/// A step is followed by a pause of so many times its length, so that others write.
const PAUSES: u32 = 2;
/// After a step that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);
/// How often what was done is brought to the disk.
const KEEP_PAUSE: Duration = Duration::from_secs(2);

/// Why it cannot be gone on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct InVain(pub(super) String);

/// Behind which record the first step begins; `None`: with the first that there is.
pub(super) fn first(query: &Query) -> Option<RecordId> {
    let start = query.start?;
    RecordId::first_at(start).predecessor()
}

/// Removes all that a removal takes; how many records that are.
pub(super) async fn pass(
    shared: &Shared,
    id: &str,
    removal: &Arc<Removal>,
    mut after: Option<RecordId>,
) -> Result<u64, InVain> {
    let (mut all, mut kept_at) = (0, shared.clock.elapsed());
    loop {
        let begun = shared.clock.elapsed();
        match step(shared, removal, after).await {
            Ok(step) => {
                all += step.records;
                shared.jobs.change(id, |job| job.removed += step.records);
                shared.jobs.tell_problem(id, None);
                after = step.next;
            }
            // Of that one it is told; those behind it are gone on with.
            Err(CallError::Store(StoreError::RecordTooSlow { record })) => {
                shared.jobs.change(id, |job| job.undecided += 1);
                after = Some(record);
            }
            Err(CallError::Store(error @ (StoreError::Rejected(_) | StoreError::Damaged(_)))) => {
                return Err(InVain(error.to_string()));
            }
            Err(error) => {
                shared.jobs.tell_problem(id, Some(error.to_string()));
                tokio::time::sleep(FAILURE_PAUSE).await;
                continue;
            }
        }
        if after.is_none() {
            return Ok(all);
        }
        let now = shared.clock.elapsed();
        if now.saturating_sub(kept_at) >= KEEP_PAUSE {
            kept_at = now;
            keep(shared).await;
        }
        tokio::time::sleep(now.saturating_sub(begun) * PAUSES).await;
    }
}

async fn step(
    shared: &Shared,
    removal: &Arc<Removal>,
    after: Option<RecordId>,
) -> Result<RemovalStep, CallError> {
    let _undisturbed = shared.backups.hold_off_in_the_end().await;
    let (store, asked) = (Arc::clone(&shared.writer.store), Arc::clone(removal));
    let deadline = shared.clock.elapsed() + shared.timeout;
    let removing = async move { store.remove(&asked, after, STEP_TIME, deadline).await };
    let guard = &shared.writer.guard;
    guard.call(deadline, Operation::Remove, removing).await
}

/// Has what was removed overwritten in the free room of files.
pub(super) async fn erase(shared: &Shared, id: &str) {
    loop {
        let begun = shared.clock.elapsed();
        let held_off = shared.backups.hold_off_in_the_end().await;
        let store = Arc::clone(&shared.writer.store);
        let deadline = shared.clock.elapsed() + shared.timeout;
        let erasing = async move { store.erase(deadline).await };
        let guard = &shared.writer.guard;
        let erased = guard.call(deadline, Operation::Remove, erasing).await;
        drop(held_off);
        let took = shared.clock.elapsed().saturating_sub(begun);
        match erased {
            Ok(true) => return shared.jobs.tell_problem(id, None),
            Ok(false) => tokio::time::sleep((took * PAUSES).max(STEP_TIME)).await,
            Err(error) => {
                shared.jobs.tell_problem(id, Some(error.to_string()));
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
}

/// Brings what is known of jobs to the disk. What cannot be is brought there later: at worst, what was done is done again.
pub(super) async fn keep(shared: &Shared) {
    if let Err(error) = shared.jobs.keep().await {
        tracing::warn!(%error, "how far a deletion is cannot be noted on the disk");
    }
}
