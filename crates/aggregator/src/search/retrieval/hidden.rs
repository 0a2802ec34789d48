//! Records out of reach that take long to look at: a question that fails because of one would tell that it is there,
//! and, by what is asked for, what it says.

use super::read_job::ReadJob;
use super::{PageError, RECORD_TIME, Retrieval};
use crate::accounting::shares::Owner;
use crate::breaker::guard::CallError;
use crate::worker::JobError;
use logs::Timestamp;
use query::Query;
use query::reach::Reach;
use record::id::RecordId;
use std::sync::Arc;
use store::StoreError;

impl Retrieval {
    /// The record of which it takes too long to tell whether it is asked for, where it is out of reach, so that it is
    /// none, whatever is asked for.
    ///
    /// # Errors
    /// The error itself where that is not why, or the record within reach; where this takes too long to tell as well,
    /// one that names no record.
    pub(super) async fn hidden(
        &self,
        owner: &Owner,
        reach: &Reach,
        error: PageError,
    ) -> Result<RecordId, PageError> {
        let (Some(filter), Some(record)) = (reach.filter(), too_slow(&error)) else {
            return Err(error);
        };
        let end = record.time().nanos().checked_add(1);
        let query = Arc::new(
            Query {
                start: Some(record.time()),
                end: end.map(Timestamp::from_nanos),
                ..Query::default()
            }
            .and(filter.query()),
        );
        // Of all that is not before it, it is the first.
        let limit = self.limit(1, 1, RECORD_TIME);
        let question = ReadJob::page(Arc::clone(&query), record.predecessor(), limit);
        let unknown = |error: PageError| match too_slow(&error) {
            Some(_) => JobError::Failed(CallError::Store(StoreError::QueryTooSlow)),
            None => error,
        };
        let found = self.ask(owner, question).await.map_err(unknown)?;
        let found = found.found().ok_or(JobError::Panicked)?;
        let page = found.read(&query).await;
        let page = page.map_err(|error| JobError::Failed(CallError::Store(error)))?;
        match page.row(0).is_some_and(|row| row.id == record) {
            true => Err(error),
            false => Ok(record),
        }
    }
}

fn too_slow(error: &PageError) -> Option<RecordId> {
    match error {
        JobError::Failed(CallError::Store(StoreError::RecordTooSlow { record })) => Some(*record),
        _ => None,
    }
}
