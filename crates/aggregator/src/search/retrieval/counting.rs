//! Counting by time: steps through the read lane, in the store where it can tell what matches without giving
//! the records, and page by page otherwise.

use super::{PageError, Pages, Question, Retrieval, Rows, STEP_TIME, StreamPermit};
use crate::search::histogram::Histogram;
use crate::search::retrieval::read_job::ReadJob;
use crate::worker::JobError;
use query::buckets::Buckets;
use query::reach::BoundQuery;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::counts::Counts;

/// A counting that is under way.
pub struct Counting {
    pages: Pages,
    buckets: Arc<Buckets>,
    /// Whether the store cannot count, or could not soon: it is not asked again.
    by_pages: bool,
}

impl Retrieval {
    /// Begins to count in these buckets; nothing is read yet.
    pub fn counting(
        self: &Arc<Self>,
        permit: StreamPermit,
        query: BoundQuery,
        buckets: Arc<Buckets>,
    ) -> Counting {
        let by_pages = !self.reader.store.can_count(query.query());
        let mut pages = self.pages_with(permit, query, None);
        pages.question = Question::Histogram;
        Counting {
            pages,
            buckets,
            by_pages,
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
        let counts = match self.by_pages {
            true => None,
            false => self.counts(left).await?,
        };
        if let Some(counts) = counts {
            let mut rows = Rows {
                looked_at: counts.looked_at,
                found: 0,
            };
            for group in counts.groups() {
                histogram.add(group.id.time(), group.severity, group.records);
                rows.found += group.records;
            }
            self.pages.note(rows);
            self.pages.go_on_behind(counts.next);
            return Ok(counts.next);
        }
        self.by_pages = true;
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

    /// What the store counts in one step, if it can.
    async fn counts(&self, left: Duration) -> Result<Option<Counts>, PageError> {
        let (retrieval, pages) = (&self.pages.retrieval, &self.pages);
        let time = retrieval.call_time(STEP_TIME.min(left));
        let query = Arc::clone(&pages.query);
        let question = ReadJob::counts(query, pages.after, Arc::clone(&self.buckets), time);
        let answer = retrieval.ask(pages.owner(), question).await?;
        answer.counts().map_err(|()| JobError::Panicked)
    }
}
