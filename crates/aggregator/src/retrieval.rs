//! The way of a query to the store and back: a loop of page jobs through the read lane.
//!
//! Every page has its own permit and deadline and holds nothing in the store when it is done. So an
//! answer of any length needs the memory of two pages, a slow reader occupies no worker, and a
//! failover in the middle costs one retry. A page is bounded in time whether or not it finds rows, so
//! a search through a long range is many short pages, beside which others get their turn.

mod ahead;
mod counting;
mod question;

pub use ahead::Ahead;
pub use counting::Counting;

use crate::clock::Clock;
use crate::query::Query;
use crate::record_id::RecordId;
use crate::store::found::Found;
use crate::store::guard::{CallError, Guard};
use crate::store::page::Page;
use crate::store::{PageLimit, Store, StoreError};
use crate::worker::{JobError, Lane, LaneSnapshot};
use question::{Question, Reader};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// One page at most; its time is given to each.
const PAGE_ROWS: usize = 5_000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
const PAGE_LOOKED_AT: usize = 1_000_000;
/// A first page is short, so that rows that are near come at once; each further one may take twice as
/// long, which costs a long search less.
const FIRST_PAGE: Duration = Duration::from_millis(20);
const LONGEST_PAGE: Duration = Duration::from_millis(160);

/// Between two attempts at a page in the middle of an answer.
pub const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Why a page could not be had.
pub type PageError = JobError<CallError>;

/// Answers queries.
pub struct Retrieval {
    lane: Lane<Reader>,
    reader: Arc<Reader>,
    clock: Arc<dyn Clock>,
    page_timeout: Duration,
    streams: Arc<Semaphore>,
}

/// As many answers as may be under way are under way.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many answers are being read at once")]
pub struct TooManyStreams;

impl Retrieval {
    /// Starts the read lane; `max_streams` answers may be under way at one time.
    pub fn start(
        store: Arc<dyn Store>,
        guard: Guard,
        clock: Arc<dyn Clock>,
        lane: (usize, usize),
        page_timeout: Duration,
        max_streams: usize,
    ) -> (Self, JoinHandle<()>) {
        let (capacity, workers) = lane;
        let reader = Arc::new(Reader { store, guard });
        let (lane, dispatcher) =
            Lane::start(capacity, workers, Arc::clone(&reader), Arc::clone(&clock));
        let retrieval = Self {
            lane,
            reader,
            clock,
            page_timeout,
            streams: Arc::new(Semaphore::new(max_streams)),
        };
        (retrieval, dispatcher)
    }

    /// Begins an answer, behind `after` when it is given; nothing is read yet.
    ///
    /// # Errors
    /// [`TooManyStreams`], at once.
    pub fn pages(
        self: &Arc<Self>,
        query: Query,
        after: Option<RecordId>,
    ) -> Result<Pages, TooManyStreams> {
        Ok(self.pages_in(self.place()?, query, after))
    }

    /// A place among the answers that may be under way, held as long as anything of one is in memory.
    ///
    /// # Errors
    /// [`TooManyStreams`], at once.
    pub fn place(&self) -> Result<Place, TooManyStreams> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map(Place).map_err(|_| TooManyStreams)
    }

    /// The same as [`Retrieval::pages`] in a place that is held already.
    pub fn pages_in(
        self: &Arc<Self>,
        place: Place,
        query: Query,
        after: Option<RecordId>,
    ) -> Pages {
        let nothing = query
            .severities()
            .is_some_and(|possible| possible.is_empty());
        Pages {
            retrieval: Arc::clone(self),
            query: Arc::new(query),
            after,
            rows: PAGE_ROWS,
            page_time: FIRST_PAGE,
            // Levels that exclude each other leave nothing to look for.
            state: match nothing {
                true => State::Done,
                false => State::Fresh,
            },
            place,
        }
    }

    async fn found(&self, pages: &Pages) -> Result<Found, PageError> {
        let limit = self.limit(pages.rows, pages.page_time);
        let question = Question::page(Arc::clone(&pages.query), pages.after, limit);
        self.ask(question).await?.found().ok_or(JobError::Panicked)
    }

    fn limit(&self, rows: usize, time: Duration) -> PageLimit {
        PageLimit {
            rows: rows.min(PAGE_ROWS),
            bytes: PAGE_BYTES,
            looked_at: PAGE_LOOKED_AT,
            time: self.call_time(time),
        }
    }

    /// The time that the store gets for one call, when it could use so much.
    fn call_time(&self, useful: Duration) -> Duration {
        useful.min(self.page_timeout / 2)
    }

    /// What is answered is of the question's kind.
    async fn ask(&self, question: Question) -> Result<question::Answer, PageError> {
        let deadline = self.clock.elapsed() + self.page_timeout;
        self.lane.submit(question, deadline).await
    }

    /// The lane in numbers.
    pub fn lane(&self) -> LaneSnapshot {
        self.lane.snapshot()
    }

    /// The breaker in front of the store's reads.
    pub fn guard(&self) -> &Guard {
        &self.reader.guard
    }
}

/// The pages of one answer, in order.
pub struct Pages {
    retrieval: Arc<Retrieval>,
    query: Arc<Query>,
    after: Option<RecordId>,
    rows: usize,
    page_time: Duration,
    state: State,
    place: Place,
}

/// A place among the answers that may be under way.
#[derive(Debug)]
pub struct Place(
    #[expect(dead_code, reason = "held for what its end gives back")] OwnedSemaphorePermit,
);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was given out: a failure can still be told with a status.
    Fresh,
    /// The answer has begun: a failure would cost the reader everything, so it is worth a wait.
    Flowing,
    Done,
}

impl Pages {
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
        let Some(found) = self.find().await? else {
            return Ok(None);
        };
        self.read(found).await.map(Some)
    }

    /// The same as [`Pages::step`], with the page not read yet.
    async fn find(&mut self) -> Result<Option<Found>, PageError> {
        let found = match self.state {
            State::Done => return Ok(None),
            State::Flowing => self.patiently().await?,
            State::Fresh => self.retrieval.found(self).await?,
        };
        self.taken(&found);
        Ok(Some(found))
    }

    /// The same as [`Pages::step`] without any wait, for a caller that asks again itself.
    ///
    /// # Errors
    /// At once; what was read before stays so.
    pub async fn attempt(&mut self) -> Result<Option<Page>, PageError> {
        if self.is_done() {
            return Ok(None);
        }
        let found = self.retrieval.found(self).await?;
        self.taken(&found);
        self.read(found).await.map(Some)
    }

    /// Goes on behind what was found.
    fn taken(&mut self, found: &Found) {
        self.go_on_behind(found.next());
        self.page_time = LONGEST_PAGE.min(self.page_time * 2);
    }

    /// The rows of what was found.
    async fn read(&mut self, found: Found) -> Result<Page, PageError> {
        let page = read(found, &self.query).await?;
        if !page.is_empty() {
            self.begin();
        }
        Ok(page)
    }

    /// Goes on behind this record, up to which everything is known otherwise; ends without one.
    fn go_on_behind(&mut self, after: Option<RecordId>) {
        self.after = after;
        if after.is_none() {
            self.state = State::Done;
        }
    }

    /// Ends the search and keeps its place.
    pub fn into_place(self) -> Place {
        self.place
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
    pub fn begin(&mut self) {
        if self.state == State::Fresh {
            self.state = State::Flowing;
        }
    }

    async fn patiently(&self) -> Result<Found, PageError> {
        let retrieval = &self.retrieval;
        let give_up = retrieval.clock.elapsed() + retrieval.page_timeout;
        loop {
            let error = match retrieval.found(self).await {
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
}

async fn read(found: Found, query: &Query) -> Result<Page, PageError> {
    let page = found.read(query).await;
    page.map_err(|error| JobError::Failed(CallError::Store(error)))
}

/// Whether asking again may help.
pub fn passes(error: &PageError) -> bool {
    match error {
        JobError::Full { .. }
        | JobError::Expired
        | JobError::Panicked
        | JobError::Failed(CallError::Open { .. }) => true,
        JobError::Failed(CallError::Store(error)) => {
            matches!(error, StoreError::Unavailable(_) | StoreError::Timeout)
        }
        JobError::Closed => false,
    }
}
