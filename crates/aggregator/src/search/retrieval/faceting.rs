//! Counting the values of a query's records: steps through the read lane, in each of which the store counts.

use super::pages::no_room;
use super::read_job::ReadJob;
use super::{PageError, Pages, Question, RECORD_TIME, Retrieval, Rows, STEP_TIME, StreamPermit};
use crate::worker::JobError;
use query::reach::BoundQuery;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::facets::{Facet, Facets, FacetsLimit, FacetsStep, Field, STEP_BYTES};

/// A counting of values that is under way.
pub struct Faceting {
    pages: Pages,
    facets: Facets,
}

impl Retrieval {
    /// Begins to count the values of these fields, or of those that most records have; nothing is read yet.
    pub fn faceting(
        self: &Arc<Self>,
        permit: StreamPermit,
        query: BoundQuery,
        fields: Option<Vec<Field>>,
    ) -> Faceting {
        let mut pages = self.pages_with(permit, query, None);
        pages.question = Question::Facets;
        Faceting {
            pages,
            facets: Facets::new(fields),
        }
    }
}

impl Faceting {
    /// Counts the values of the next records, in no more time than there is `left`, about; behind which one
    /// there are more.
    ///
    /// # Errors
    /// At once; what was counted before stays so, and the next step tries again.
    pub async fn step(&mut self, left: Duration) -> Result<Option<RecordId>, PageError> {
        if self.pages.is_done() {
            return Ok(None);
        }
        self.reserve()?;
        let step = self.ask(left).await?;
        let more = |count: fn(&Facets) -> u64| count(&step.facets) - count(&self.facets);
        self.pages.note(Rows {
            looked_at: more(Facets::looked_at),
            found: more(Facets::records),
        });
        self.facets = step.facets;
        self.pages.go_on_behind(step.next);
        Ok(step.next)
    }

    /// Records that were looked at.
    pub fn records(&self) -> u64 {
        self.facets.records()
    }

    /// The fields with their most frequent values; where none were asked for, the level and so many
    /// attributes.
    pub fn top(&self, attributes: usize, values: usize) -> Vec<Facet> {
        self.facets.top(attributes, values)
    }

    /// Ends the counting and keeps its permit.
    pub fn into_permit(self) -> StreamPermit {
        self.pages.into_permit()
    }

    /// Reserves room for what the store looks through at one time, and for the copy that it counts into: what a
    /// step has counted counts only when it has ended well. One at a time may be larger than there is room.
    fn reserve(&mut self) -> Result<(), PageError> {
        let (all, bytes) = (&self.pages.retrieval.room, STEP_BYTES + self.facets.bytes());
        self.pages.room.clear();
        let mut room = all.try_page(self.pages.owner(), 0).map_err(|_| no_room())?;
        if !room.fit_bytes(bytes) && !all.try_large(&mut room) {
            return Err(no_room());
        }
        self.pages.room.push(room);
        Ok(())
    }

    async fn ask(&self, left: Duration) -> Result<FacetsStep, PageError> {
        let (retrieval, pages) = (&self.pages.retrieval, &self.pages);
        let limit = FacetsLimit {
            time: retrieval.call_time(STEP_TIME.min(left)),
            record_time: retrieval.call_time(RECORD_TIME),
        };
        let (query, facets) = (Arc::clone(&pages.query), self.facets.clone());
        let question = ReadJob::facets(query, pages.after, facets, limit);
        match retrieval.ask(pages.owner(), question).await {
            Ok(answer) => answer.facets().ok_or(JobError::Panicked),
            Err(error) => Ok(FacetsStep {
                facets: self.facets.clone(),
                next: Some(retrieval.hidden(pages.owner(), &pages.reach, error).await?),
            }),
        }
    }
}
