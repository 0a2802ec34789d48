//! The way of a query to the store and back: a loop of page jobs through the read lane.
//!
//! Every page has its own permit and deadline and holds nothing in the store when it is found. So an
//! answer of any length needs the memory of two pages, one that is handed out in pieces and one that is on
//! its way, and of what a large record becomes when it is written; of a slow reader's answer there are two
//! pieces. A slow reader occupies no worker, and a
//! failover in the middle costs one retry. A page is bounded in time whether or not it finds rows, so
//! a search through a long range is many short pages, beside which others get their turn.

mod counting;
mod faceting;
mod hidden;
mod pages;
mod prefetch;
mod read_job;
mod room;
mod row_counts;
#[cfg(test)]
pub(crate) mod scripted;

pub use counting::Counting;
pub use faceting::Faceting;
pub use pages::Pages;
pub use prefetch::Prefetch;
pub use row_counts::{Question, Rows};

use crate::accounting::admission::Admission;
use crate::accounting::fair_admission::FairReservation;
use crate::accounting::shares::{Owner, Share, Shares};
use crate::breaker::guard::{CallError, Guard};
use crate::worker::{JobError, Lane, LaneSnapshot};
use logs::clock::Clock;
use query::reach::BoundQuery;
use read_job::{ReadJob, Reader};
use record::id::RecordId;
use room::{PageRoom, ReadRoom};
use row_counts::RowCounts;
use std::sync::Arc;
use std::time::Duration;
use store::figures::StoreSize;
use store::{PageLimit, Store, StoreError};
use tokio::task::JoinHandle;

/// One page at most; its time is given to each.
const PAGE_ROWS: usize = 5_000;
const PAGE_LOOKED_AT: usize = 1_000_000;
/// A first page is short, so that rows that are near come at once; each further one may take twice as
/// long, which costs a long search less.
const FIRST_PAGE: Duration = Duration::from_millis(20);
const LONGEST_PAGE: Duration = Duration::from_millis(160);

/// How long the store may count in one step: so long that the beginning of a step costs little, and
/// so short that it is no slow call and others get their turn.
const STEP_TIME: Duration = Duration::from_millis(500);

/// One record may be looked at for so long: less than what makes a call a slow one of the store's.
const RECORD_TIME: Duration = Duration::from_secs(2);

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
    streams: Arc<Shares>,
    room: ReadRoom,
    rows: RowCounts,
}

/// Why no answer is begun.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// As many as may be under way are under way.
    #[error("too many answers are being read at once")]
    TooManyStreams,
    /// Those that are take all the memory that they may.
    #[error("the answers that are being read take all the memory that they may")]
    NoRoom,
}

impl Retrieval {
    /// Starts the read lane; `max_streams` answers may be under way at one time.
    pub fn start(
        store: Arc<dyn Store>,
        guard: Guard,
        clock: Arc<dyn Clock>,
        lane: (usize, usize),
        page_timeout: Duration,
        max_streams: usize,
        room: Arc<Admission>,
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
            streams: Arc::new(Shares::new(max_streams)),
            room: ReadRoom::new(room),
            rows: RowCounts::default(),
        };
        (retrieval, dispatcher)
    }

    /// Begins an answer, behind `after` when it is given; nothing is read yet.
    ///
    /// # Errors
    /// [`NotBegun`], at once.
    pub fn pages(
        self: &Arc<Self>,
        owner: Owner,
        query: BoundQuery,
        after: Option<RecordId>,
    ) -> Result<Pages, NotBegun> {
        Ok(self.pages_with(self.permit(owner, &query)?, query, after))
    }

    /// A permit for one of the answers that may be under way, to this question of somebody's, held as long as anything
    /// of one is in memory.
    ///
    /// # Errors
    /// [`NotBegun`], at once.
    pub fn permit(&self, owner: Owner, query: &BoundQuery) -> Result<StreamPermit, NotBegun> {
        let stream = self.streams.take(owner).ok_or(NotBegun::TooManyStreams)?;
        let room = self.room.for_answer(stream.owner(), query.query().bytes());
        Ok(StreamPermit {
            stream,
            _room: room.map_err(|_| NotBegun::NoRoom)?,
            pages: Vec::new(),
        })
    }

    /// Room for what an answer holds that goes on for as long as its reader likes, and is no stream meanwhile.
    ///
    /// # Errors
    /// [`NotBegun`], at once.
    pub fn hold(&self, owner: &Owner, bytes: usize) -> Result<FairReservation, NotBegun> {
        let held = self.room.hold(owner, bytes);
        held.map_err(|_| NotBegun::NoRoom)
    }

    /// The memory of answers.
    pub fn room(&self) -> &Admission {
        self.room.admission()
    }

    /// The same as [`Retrieval::pages`] under a permit that is held already.
    pub fn pages_with(
        self: &Arc<Self>,
        permit: StreamPermit,
        query: BoundQuery,
        after: Option<RecordId>,
    ) -> Pages {
        Pages::new(Arc::clone(self), permit, query, after)
    }

    fn limit(&self, rows: usize, bytes: usize, time: Duration) -> PageLimit {
        PageLimit {
            rows: rows.min(PAGE_ROWS),
            bytes,
            looked_at: PAGE_LOOKED_AT,
            time: self.call_time(time),
            record_time: self.call_time(RECORD_TIME),
        }
    }

    /// The time that the store gets for one call, when it could use so much.
    fn call_time(&self, useful: Duration) -> Duration {
        useful.min(self.page_timeout / 2)
    }

    /// What is answered is of the question's kind.
    async fn ask(
        &self,
        owner: &Owner,
        question: ReadJob,
    ) -> Result<read_job::ReadReply, PageError> {
        let deadline = self.clock.elapsed() + self.page_timeout;
        self.lane.submit(question.of(owner.clone()), deadline).await
    }

    /// What the store takes on disk; `None` where it cannot tell.
    ///
    /// # Errors
    /// At once.
    pub async fn size(&self, owner: &Owner) -> Result<Option<StoreSize>, PageError> {
        let answer = self.ask(owner, ReadJob::size()).await?;
        answer.size().map_err(|()| JobError::Panicked)
    }

    /// Rows of all questions of a kind, since the start.
    pub fn rows(&self, question: Question) -> Rows {
        self.rows.of(question)
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

/// A permit for one of the answers that may be under way.
#[derive(Debug)]
pub struct StreamPermit {
    stream: Share,
    _room: FairReservation,
    /// Of pages that are kept until the answer is written.
    pages: Vec<PageRoom>,
}

/// Whether it is the question that takes too long, and not the store that fails.
pub fn is_too_slow(error: &PageError) -> bool {
    matches!(
        error,
        JobError::Failed(CallError::Store(
            StoreError::QueryTooSlow | StoreError::RecordTooSlow { .. }
        ))
    )
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
