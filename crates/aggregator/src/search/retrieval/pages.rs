//! The pages of one answer: where it stands, and what comes next.

use super::read_job::ReadJob;
use super::room::{PIECE_BYTES, PageRoom};
use super::{
    FIRST_PAGE, LONGEST_PAGE, PAGE_ROWS, PageError, Question, RETRY_PAUSE, Retrieval, Rows,
    StreamPermit, passes,
};
use crate::accounting::admission::RETRY_AFTER;
use crate::accounting::shares::Owner;
use crate::breaker::guard::CallError;
use crate::worker::JobError;
use query::Query;
use query::reach::{BoundQuery, Reach};
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::page::Page;
use store::page_reply::PageReply;

/// Bytes of a page, but for its last row.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// The same of one that is written at once.
const PORTION_BYTES: usize = 256 * 1024;
/// Room that a page is looked for with; what it takes more is reserved when it is there.
const FIRST_ROOM: usize = 1024 * 1024;
/// Rows that are asked for however long they seem to be.
const LEAST_ROWS: usize = 16;
/// What a row is taken for before one was seen, in bytes.
const ROW_BYTES: usize = 128;

/// The pages of one answer, in order.
pub struct Pages {
    pub(super) retrieval: Arc<Retrieval>,
    pub(super) query: Arc<Query>,
    /// What the query is bound to already.
    pub(super) reach: Reach,
    pub(super) after: Option<RecordId>,
    rows: usize,
    bytes: usize,
    page_time: Duration,
    state: State,
    permit: StreamPermit,
    /// As which its rows are counted.
    pub(super) question: Question,
    /// For the page that was found last, and those that are kept.
    pub(super) room: Vec<PageRoom>,
    keeps: bool,
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
        query: BoundQuery,
        after: Option<RecordId>,
    ) -> Self {
        let (query, reach) = query.into_parts();
        // Levels that exclude each other leave nothing to look for.
        let severities = query.severities();
        let is_nothing = severities.is_some_and(|possible| possible.is_empty());
        Self {
            retrieval,
            query: Arc::new(query),
            reach,
            after,
            rows: PAGE_ROWS,
            bytes: PAGE_BYTES,
            page_time: FIRST_PAGE,
            state: if is_nothing {
                State::Done
            } else {
                State::Fresh
            },
            permit,
            question: Question::Records,
            room: Vec::new(),
            keeps: false,
        }
    }

    /// Reserves room for each page until the end, and not only until the next one.
    pub fn keep_all(&mut self) {
        self.keeps = true;
    }

    /// Looks for pages of a size that an answer takes in one piece.
    pub fn in_pieces(&mut self) {
        self.set_size(PIECE_BYTES, ROW_BYTES);
    }

    /// Looks for pages of a size that is written before any of it goes out.
    pub fn in_portions(&mut self) {
        self.set_size(PORTION_BYTES, ROW_BYTES);
    }

    /// Looks for pages of so many bytes, when a row has about so many.
    pub(super) fn set_size(&mut self, bytes: usize, row: usize) {
        self.bytes = bytes;
        self.rows = (bytes / row.max(1)).clamp(LEAST_ROWS, PAGE_ROWS);
    }

    /// Where nothing is found, as many records as may be are looked at for the next page.
    fn look_far(&mut self) {
        self.rows = PAGE_ROWS;
    }

    /// Goes back to behind this record.
    pub(super) fn go_back_to(&mut self, after: Option<RecordId>) {
        self.after = after;
        self.state = State::Flowing;
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
        if self.is_done() {
            return Ok(None);
        }
        self.reserve()?;
        match self.find().await? {
            Some(found) => self.read(found).await.map(Some),
            None => Ok(None),
        }
    }

    fn reserve(&mut self) -> Result<(), PageError> {
        if !self.keeps {
            self.room.clear();
        }
        let room = self
            .retrieval
            .room
            .try_page(self.owner(), FIRST_ROOM.min(self.bytes));
        self.room.push(room.map_err(|_| no_room())?);
        Ok(())
    }

    /// The same as [`Pages::step`] without any wait, for a caller that asks again itself.
    ///
    /// # Errors
    /// At once; what was read before stays so.
    pub async fn attempt(&mut self) -> Result<Option<Page>, PageError> {
        if self.is_done() {
            return Ok(None);
        }
        self.reserve()?;
        let found = self.found().await?;
        self.read(found).await.map(Some)
    }

    /// The next page that has rows, for an answer that has begun; room for it is the caller's.
    ///
    /// # Errors
    /// As with [`Pages::step`].
    pub(super) async fn find_next(&mut self) -> Result<Option<Page>, PageError> {
        while let Some(found) = self.find().await? {
            let page = read(found, &self.query).await?;
            self.note(Rows::of_page(&page));
            self.taken(page.next);
            if !page.is_empty() {
                return Ok(Some(page));
            }
            self.look_far();
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
        self.note(Rows::of_page(&page));
        if let Some(room) = self.room.last_mut()
            && !room.fit(&page)
            && !self.retrieval.room.try_large(room)
        {
            return Err(no_room());
        }
        self.taken(page.next);
        if !page.is_empty() {
            self.begin();
        } else if self.bytes == PIECE_BYTES {
            self.look_far();
        }
        Ok(page)
    }

    pub(super) fn note(&self, rows: Rows) {
        self.retrieval.rows.note(self.question, rows);
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

    /// Ends the search and keeps its permit, and the room of the pages that are kept.
    pub fn into_permit(self) -> StreamPermit {
        let mut permit = self.permit;
        permit.pages.extend(self.room);
        permit
    }

    /// Who asks.
    pub(super) fn owner(&self) -> &Owner {
        self.permit.stream.owner()
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
        let limit = self.retrieval.limit(self.rows, self.bytes, self.page_time);
        let question = ReadJob::page(Arc::clone(&self.query), self.after, limit);
        match self.retrieval.ask(self.owner(), question).await {
            Ok(answer) => answer.found().ok_or(JobError::Panicked),
            Err(error) => {
                // The next page begins behind it.
                let mut page = Page::default();
                page.next = Some(
                    self.retrieval
                        .hidden(self.owner(), &self.reach, error)
                        .await?,
                );
                Ok(PageReply::Page(page))
            }
        }
    }
}

pub(super) fn no_room() -> PageError {
    JobError::Full {
        retry_after: RETRY_AFTER,
    }
}

/// The rows of what was found for a query.
///
/// # Errors
/// When the store's reply cannot be read.
async fn read(found: PageReply, query: &Query) -> Result<Page, PageError> {
    let page = found.read(query).await;
    page.map_err(|error| JobError::Failed(CallError::Store(error)))
}

#[cfg(test)]
mod tests {
    use super::super::scripted;

    const MIB: usize = 1024 * 1024;

    #[tokio::test]
    async fn a_record_larger_than_all_the_room_is_read_but_not_two_at_a_time() {
        let large = scripted::row_of(1, &"x".repeat(9 * MIB));
        let (mut pages, _asked) = scripted::pages_in(8 * MIB, vec![Some(large)]);
        let found = pages.next().await.unwrap();
        assert_eq!(found.map(|page| page.len()), Some(1));
        let reads = std::sync::Arc::clone(&pages.retrieval);
        let mut other = reads.room.try_page(&None, 0).unwrap();
        assert!(!reads.room.try_large(&mut other));
        drop(pages);
        assert!(reads.room.try_large(&mut other));
    }
}
