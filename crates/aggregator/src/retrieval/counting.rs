//! Counting by time: steps through the read lane, in the store where an id and a severity are enough
//! to tell what matches, and page by page otherwise.

use super::{PAGE_ROWS, PageError, Pages, Place, Retrieval};
use crate::histogram::{Histogram, Interval};
use crate::query::Query;
use crate::record_id::RecordId;
use crate::retrieval::question::Question;
use crate::store::counts::Counts;
use crate::store::page::Page;
use crate::worker::JobError;
use std::sync::Arc;
use std::time::Duration;

/// How long the store may count in one step: so long that the beginning of a step costs little, and
/// so short that it is no slow call and others get their turn.
const STEP_TIME: Duration = Duration::from_millis(500);

/// A counting that is under way.
pub struct Counting {
    pages: Pages,
    interval: Interval,
    /// Whether the store counts.
    in_store: bool,
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To this record; there may be more behind it.
    To(RecordId),
    /// Everything is counted.
    Done,
}

impl Step {
    /// The step that a page is.
    pub fn behind(page: &Page) -> Self {
        page.next.map_or(Self::Done, Self::To)
    }
}

impl Retrieval {
    /// Begins to count in buckets of this length; nothing is read yet.
    pub fn counting(self: &Arc<Self>, place: Place, query: Query, interval: Interval) -> Counting {
        let in_store = query.is_of_time_and_severity();
        Counting {
            pages: self.pages_in(place, query, None),
            interval,
            in_store,
        }
    }
}

impl Counting {
    /// Counts the next records into `histogram`, in no more time than there is `left`, about.
    ///
    /// # Errors
    /// At once; what was counted before stays so, and the next step tries again.
    pub async fn step(
        &mut self,
        histogram: &mut Histogram,
        left: Duration,
    ) -> Result<Step, PageError> {
        if self.pages.is_done() {
            return Ok(Step::Done);
        }
        if self.in_store {
            let counts = self.counts(left).await?;
            for group in counts.groups() {
                histogram.add(group.id.time(), group.severity, group.records);
            }
            self.pages.go_on_behind(counts.next);
            return Ok(counts.next.map_or(Step::Done, Step::To));
        }
        let Some(page) = self.pages.attempt().await? else {
            return Ok(Step::Done);
        };
        for row in page.rows() {
            histogram.add(row.id.time(), row.severity, 1);
        }
        Ok(Step::behind(&page))
    }

    /// Ends the counting and keeps its place.
    pub fn into_place(self) -> Place {
        self.pages.into_place()
    }

    /// What the store counts in one step.
    async fn counts(&self, left: Duration) -> Result<Counts, PageError> {
        let (retrieval, pages) = (&self.pages.retrieval, &self.pages);
        let limit = retrieval.limit(PAGE_ROWS, STEP_TIME.min(left));
        let query = Arc::clone(&pages.query);
        let question = Question::counts(query, pages.after, self.interval, limit);
        let answer = retrieval.ask(question).await?;
        answer.counts().ok_or(JobError::Panicked)
    }
}
