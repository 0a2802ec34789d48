//! Counting by time: steps through the read lane, in the store where an id and a severity are enough
//! to tell what matches, and page by page otherwise.

use super::{PageError, Pages, Retrieval, STEP_TIME, StreamPermit};
use crate::search::histogram::Histogram;
use crate::search::retrieval::read_job::ReadJob;
use crate::worker::JobError;
use query::Query;
use query::buckets::Buckets;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::counts::Counts;

/// A counting that is under way.
pub struct Counting {
    pages: Pages,
    buckets: Arc<Buckets>,
}

impl Retrieval {
    /// Begins to count in these buckets; nothing is read yet.
    pub fn counting(
        self: &Arc<Self>,
        permit: StreamPermit,
        query: Query,
        buckets: Arc<Buckets>,
    ) -> Counting {
        Counting {
            pages: self.pages_with(permit, query, None),
            buckets,
        }
    }
}

impl Counting {
    /// Counts the next records into `histogram`, in no more time than there is `left`, about; behind
    /// which one there are more.
    ///
    /// # Errors
    /// At once; what was counted before stays so, and the next step tries again.
    pub async fn step(
        &mut self,
        histogram: &mut Histogram,
        left: Duration,
    ) -> Result<Option<RecordId>, PageError> {
        if self.pages.is_done() {
            return Ok(None);
        }
        if self.pages.query.is_of_time_and_severity() {
            let counts = self.counts(left).await?;
            for group in counts.groups() {
                histogram.add(group.id.time(), group.severity, group.records);
            }
            self.pages.go_on_behind(counts.next);
            return Ok(counts.next);
        }
        let Some(page) = self.pages.attempt().await? else {
            return Ok(None);
        };
        for row in page.rows() {
            histogram.add(row.id.time(), row.severity, 1);
        }
        Ok(page.next)
    }

    /// Ends the counting and keeps its permit.
    pub fn into_permit(self) -> StreamPermit {
        self.pages.into_permit()
    }

    /// What the store counts in one step.
    async fn counts(&self, left: Duration) -> Result<Counts, PageError> {
        let (retrieval, pages) = (&self.pages.retrieval, &self.pages);
        let time = retrieval.call_time(STEP_TIME.min(left));
        let query = Arc::clone(&pages.query);
        let question = ReadJob::counts(query, pages.after, Arc::clone(&self.buckets), time);
        let answer = retrieval.ask(question).await?;
        answer.counts().ok_or(JobError::Panicked)
    }
}
