//! The pages of one answer: where it stands, and what comes next.

use super::read_job::ReadJob;
use super::{
    FIRST_PAGE, LONGEST_PAGE, PAGE_ROWS, PageError, RETRY_PAUSE, Retrieval, StreamPermit, passes,
};
use crate::breaker::guard::CallError;
use crate::worker::JobError;
use query::Query;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::page::Page;
use store::page_reply::PageReply;

/// The pages of one answer, in order.
pub struct Pages {
    pub(super) retrieval: Arc<Retrieval>,
    pub(super) query: Arc<Query>,
    pub(super) after: Option<RecordId>,
    rows: usize,
    page_time: Duration,
    state: State,
    permit: StreamPermit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was given out: a failure can still be told with a status.
    Fresh,
    /// The answer has begun: a failure would cost the reader everything, so it is worth a wait.
    Flowing,
    Done,
}

impl Pages {
    pub(super) fn new(
        retrieval: Arc<Retrieval>,
        permit: StreamPermit,
        query: Query,
        after: Option<RecordId>,
    ) -> Self {
        // Levels that exclude each other leave nothing to look for.
        let severities = query.severities();
        let is_nothing = severities.is_some_and(|possible| possible.is_empty());
        Self {
            retrieval,
            query: Arc::new(query),
            after,
            rows: PAGE_ROWS,
            page_time: FIRST_PAGE,
            state: if is_nothing {
                State::Done
            } else {
                State::Fresh
            },
            permit,
        }
    }

    /// The next page that has rows; `None` when there is none.
    ///
    /// # Errors
    /// As with [`Pages::step`].
    pub async fn next(&mut self) -> Result<Option<Page>, PageError> {
        while let Some(page) = self.step().await? {
            if !page.is_empty() {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    /// The next page, which may be empty although there are more; `None` when there is none.
    ///
    /// # Errors
    /// Before the first row at once; later only when the store stays away as long as one page may take.
    pub async fn step(&mut self) -> Result<Option<Page>, PageError> {
        match self.find().await? {
            Some(found) => self.read(found).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same as [`Pages::step`] without any wait, for a caller that asks again itself.
    ///
    /// # Errors
    /// At once; what was read before stays so.
    pub async fn attempt(&mut self) -> Result<Option<Page>, PageError> {
        if self.is_done() {
            return Ok(None);
        }
        let found = self.found().await?;
        self.read(found).await.map(Some)
    }

    /// The next page that is not empty as far as is known, behind which the search goes on before it is
    /// read.
    ///
    /// # Errors
    /// As with [`Pages::step`].
    pub(super) async fn reply(&mut self) -> Result<Option<PageReply>, PageError> {
        while let Some(found) = self.find().await? {
            self.taken(found.next());
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What stands behind the place where the search is.
    async fn find(&self) -> Result<Option<PageReply>, PageError> {
        match self.state {
            State::Done => Ok(None),
            State::Flowing => self.patiently().await.map(Some),
            State::Fresh => self.found().await.map(Some),
        }
    }

    /// The rows of what was found, behind which the search goes on then.
    async fn read(&mut self, found: PageReply) -> Result<Page, PageError> {
        let page = read(found, &self.query).await?;
        self.taken(page.next);
        if !page.is_empty() {
            self.begin();
        }
        Ok(page)
    }

    fn taken(&mut self, next: Option<RecordId>) {
        self.go_on_behind(next);
        self.page_time = LONGEST_PAGE.min(self.page_time * 2);
    }

    /// Goes on behind this record, up to which everything is known otherwise; ends without one.
    pub(super) fn go_on_behind(&mut self, after: Option<RecordId>) {
        self.after = after;
        if after.is_none() {
            self.state = State::Done;
        }
    }

    /// Ends the search and keeps its permit.
    pub fn into_permit(self) -> StreamPermit {
        self.permit
    }

    /// Whether no further page will come.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Asks for so many rows at most in the next page; a page has no more than thousands anyway.
    pub fn set_rows(&mut self, rows: usize) {
        self.rows = rows;
    }

    /// Says that the answer has begun, so that from now on a failure would break it off.
    pub(super) fn begin(&mut self) {
        if self.state == State::Fresh {
            self.state = State::Flowing;
        }
    }

    async fn patiently(&self) -> Result<PageReply, PageError> {
        let retrieval = &self.retrieval;
        let give_up = retrieval.clock.elapsed() + retrieval.page_timeout;
        loop {
            let error = match self.found().await {
                Ok(found) => return Ok(found),
                Err(error) => error,
            };
            if !passes(&error) || retrieval.clock.elapsed() + RETRY_PAUSE >= give_up {
                return Err(error);
            }
            tracing::debug!(
                ?error,
                "a page failed in the middle of an answer; asking again"
            );
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn found(&self) -> Result<PageReply, PageError> {
        let limit = self.retrieval.limit(self.rows, self.page_time);
        let question = ReadJob::page(Arc::clone(&self.query), self.after, limit);
        let answer = self.retrieval.ask(question).await?;
        answer.found().ok_or(JobError::Panicked)
    }
}

/// The rows of what was found for a query.
///
/// # Errors
/// When the store's reply cannot be read.
pub(super) async fn read(found: PageReply, query: &Query) -> Result<Page, PageError> {
    let page = found.read(query).await;
    page.map_err(|error| JobError::Failed(CallError::Store(error)))
}
