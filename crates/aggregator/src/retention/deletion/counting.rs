//! How many records a deletion would be about, of which nothing is removed.

use super::Shared;
use super::letters;
use super::passing::first;
use super::question::{Question, removal};
use crate::breaker::calls::Operation;
use crate::breaker::guard::CallError;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::removal::Purpose;

/// How long one step counts.
const STEP_TIME: Duration = Duration::from_millis(250);

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Records in the store.
    pub matching: u64,
    /// Whether these are all of them.
    pub complete: bool,
    /// Refused records that this aggregator keeps.
    pub letters: u64,
    /// Those of which nobody can tell it.
    pub unreadable: u64,
    /// Batches that wait in its spool, which were not looked into.
    pub waiting: u64,
}

pub(super) async fn count(
    shared: &Shared,
    question: &Question,
    time: Duration,
) -> Result<Counted, CallError> {
    let rejected = |error: &dyn std::error::Error| StoreError::Rejected(error.to_string());
    let query = question.query().map_err(|error| rejected(&error))?;
    let begun = shared.clock.elapsed();
    let letters = letters::count(&shared.holdings.dead_letters, &Arc::new(query.clone())).await;
    let letters = letters.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let removal = Arc::new(removal(&query, Purpose::Count));
    let (mut after, mut matching) = (first(&query), 0);
    let complete = loop {
        let (store, asked) = (Arc::clone(&shared.writer.store), Arc::clone(&removal));
        let deadline = shared.clock.elapsed() + shared.timeout;
        let counting = async move { store.remove(&asked, after, STEP_TIME, deadline).await };
        let step = shared.reads.call(deadline, Operation::Remove, counting);
        let step = step.await?;
        matching += step.records;
        after = step.next;
        if after.is_none() {
            break true;
        }
        if shared.clock.elapsed().saturating_sub(begun) >= time {
            break false;
        }
    };
    Ok(Counted {
        matching,
        complete,
        letters: letters.matching,
        unreadable: letters.unreadable,
        waiting: shared.holdings.spool.snapshot().batches,
    })
}
