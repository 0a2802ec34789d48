//! What a store is: the one trait that MongoDB, SQLite and blocks keep, and what can go wrong there.
//!
//! Takes encoded documents and queries, and a clock; gives what was stored, and pages of rows. A store
//! narrows down, and `query::Query::matches` decides where it does not know exactly. It knows no breaker, no lane and no
//! HTTP.

pub mod address;
pub mod aggregators;
mod blocking;
pub mod blocks;
mod budget;
pub mod copying;
pub mod counts;
mod database_damage;
pub mod database_file;
mod deleted;
pub mod facets;
pub mod feed;
pub mod figures;
pub mod folder_reader;
mod held;
mod identity;
pub mod inspected;
pub mod inspection;
pub mod layout;
pub mod migration;
pub mod mongo;
pub mod page;
pub mod page_reply;
mod record_sum;
pub mod removal;
pub mod sqlite;
mod varint;
mod yielding;

use aggregators::Aggregators;
use async_trait::async_trait;
use counts::Counts;
use facets::{Facets, FacetsLimit, FacetsStep, by_pages};
use feed::FeedSource;
use figures::{Figures, StoreSize};
use logs::Timestamp;
use page_reply::PageReply;
use query::Query;
use query::buckets::Buckets;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::RecordId;
use removal::{Removal, RemovalStep};
use serde::Serialize;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Why a document is refused that is none.
pub const DAMAGED_DOCUMENT: &str = "the document is damaged";
/// From this severity on, a record is in the partial index that both stores keep.
const INDEXED_FROM: u8 = 13;

/// A durable set of records, unique by id and sorted by it.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores documents durably. A document whose id is there already is left as it is, which is
    /// success. What there was no time for is told, and was not touched; the first document always has its
    /// fate. When this fails, some, all or none of them may be stored: sending all of them again
    /// is always right.
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError>;

    /// Notes durably that these documents are about to be kept elsewhere and may come back, since each insert of them
    /// failed. Of what an insert [reported](InsertReport::refused) as refused, the store knows that already. A store whose
    /// records have ids that are unique need note nothing.
    async fn will_be_set_aside(
        &self,
        _documents: Arc<DocumentList>,
        _positions: Vec<usize>,
        _deadline: Duration,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// The times of receipt that go with batches, in the same order: those given, durably
    /// remembered, or what was remembered for a batch before.
    async fn receipts(
        &self,
        batches: Vec<BatchOrigin>,
        deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError>;

    /// Removes, of the next few markers behind `after` that [`Store::receipts`] left, those with times
    /// of receipt before `before`. A batch whose marker is gone is dated anew when it comes again.
    async fn forget_receipts(
        &self,
        after: Option<ReceiptKey>,
        before: Timestamp,
        deadline: Duration,
    ) -> Result<Forgotten, StoreError>;

    /// The records that match, in the order that is asked for, behind `after` when it is given.
    /// Looking at them ends at the first of the bounds in `limit`; what was found says where, and may
    /// be empty although more match behind that place.
    async fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        deadline: Duration,
    ) -> Result<PageReply, StoreError>;

    /// Whether [`Store::counts`] takes a query. Any store takes one that
    /// [asks for nothing else](Query::is_of_time_and_severity) than time and severity.
    fn can_count(&self, query: &Query) -> bool {
        query.is_of_time_and_severity()
    }

    /// How many records match, by bucket and severity, behind `after` when it is given: for a query of which this
    /// [can](Store::can_count) be told. What is in none of the buckets is not counted. Counting goes on for about this
    /// `time`; the counts say how far it came. `None` where it takes too long to find out what matches: then it is to
    /// be counted by pages, which tell what of it does.
    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        time: Duration,
        deadline: Duration,
    ) -> Result<Option<Counts>, StoreError>;

    /// Counts the values of the records that match, behind `after` when it is given, into `facets`, which hold
    /// what was counted up to there. Counting goes on for about the time in `limit`; the step says how far it
    /// came.
    ///
    /// A store that cannot count otherwise counts the rows of a page.
    async fn facets(
        &self,
        query: &Query,
        after: Option<RecordId>,
        facets: Facets,
        limit: FacetsLimit,
        deadline: Duration,
    ) -> Result<FacetsStep, StoreError> {
        by_pages::step(self, query, after, facets, limit, deadline, || false).await
    }

    /// Takes a step of removing, behind `after` when it is given: work for about this `time`, which holds nobody who
    /// stores up for longer than that. Records that are stored meanwhile behind what was looked at go with the next round.
    async fn remove(
        &self,
        _removal: &Arc<Removal>,
        _after: Option<RecordId>,
        _time: Duration,
        _deadline: Duration,
    ) -> Result<RemovalStep, StoreError> {
        Err(StoreError::Rejected("it removes nothing".to_owned()))
    }

    /// Gives a little of the room that is free in its files back to the disk; whether there may be more to give.
    async fn give_back(&self, _deadline: Duration) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Remembers durably that documents which were kept elsewhere are deleted on purpose: a copy of one that comes counts
    /// as stored already.
    async fn forget_for_good(
        &self,
        _documents: Arc<DocumentList>,
        _deadline: Duration,
    ) -> Result<(), StoreError> {
        Err(StoreError::Rejected("it removes nothing".to_owned()))
    }

    /// After this, no insert is under way any more that began before a step of removing for good: what such a one may have
    /// stored again is there by then, and a removal that begins later finds it.
    fn settles_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Overwrites what was removed for good where it still stands in the room that is free in the store's files; whether
    /// that is done.
    async fn erase(&self, _deadline: Duration) -> Result<bool, StoreError> {
        Ok(true)
    }

    /// The aggregators that store here; `None` where it is one alone.
    fn aggregators(&self) -> Option<Arc<dyn Aggregators>> {
        None
    }

    /// How much it is best given at one time.
    fn portion(&self) -> PortionSize {
        PortionSize::COMMAND
    }

    /// Resolves when the store, after it could not be reached by writes or by reads, can be again;
    /// never when it cannot tell. What comes back before this is called is not told.
    async fn recovered(&self) {
        std::future::pending::<()>().await;
    }

    /// What the store is and whether it can be reached, from what is known already.
    fn status(&self) -> StoreStatus;

    /// What it knows of itself in numbers.
    async fn figures(&self) -> Figures {
        Figures::default()
    }

    /// What it takes on disk; `None` when it cannot tell, or its user may not ask.
    async fn size(&self, _deadline: Duration) -> Result<Option<StoreSize>, StoreError> {
        Ok(None)
    }

    /// What was stored, in the order of storing; `None` where it keeps no feed.
    fn feed(&self) -> Option<Arc<dyn FeedSource>> {
        None
    }

    /// Finishes what is under way and closes.
    async fn close(&self);
}

/// How much is stored at one time, but for a single larger document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortionSize {
    /// Documents.
    pub documents: usize,
    /// Bytes of them, encoded.
    pub bytes: usize,
    /// How long fewer are held back so that more come to them, unless someone waits for it.
    pub linger: Duration,
}

impl PortionSize {
    /// One insert command, or one transaction of rows. Beyond 1000 documents little is gained; the bytes are those of
    /// thousands of usual ones, and the command and the driver's copy of it stay below what the allocator maps anew each
    /// time, which took a tenth of all CPU time.
    pub const COMMAND: Self = Self {
        documents: 5_000,
        bytes: 960 * 1024,
        linger: Duration::ZERO,
    };
}

/// How much one page may hold, and how much work it may be.
#[derive(Debug, Clone, Copy)]
pub struct PageLimit {
    /// Rows that it may hold.
    pub rows: usize,
    /// Bytes of text; the row that passes this bound is the last.
    pub bytes: usize,
    /// Rows that the store may hand to us to be looked at, some dozens more or less.
    pub looked_at: usize,
    /// How long rows may be looked at that do not match: when it is over, one of the next of them is
    /// the last, so that a page takes little more, however few of the rows match.
    pub time: Duration,
    /// How long one record may be looked at by itself until it is told that this is too long.
    pub record_time: Duration,
}

/// What became of the documents of one insert.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct InsertReport {
    /// New in the store.
    pub stored: u64,
    /// The positions of those that were there already, under the same id.
    pub already_stored: Vec<usize>,
    /// Refused by the store for good.
    pub refused: Vec<Refused>,
    /// Refused for a reason that is not known to be for good: to be tried again, alone.
    pub doubtful: Vec<Refused>,
    /// The first position that there was no time for, nor for those behind it: to be sent again.
    pub undone: Option<usize>,
}

/// A document that the store will never take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the documents that were given.
    pub position: usize,
    /// The store's reason.
    pub reason: String,
}

impl InsertReport {
    /// Adds what became of further documents, but for what is [undone](Self::undone) of them.
    pub fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.already_stored.extend(other.already_stored);
        self.refused.extend(other.refused);
        self.doubtful.extend(other.doubtful);
    }
}

/// What came of one step of forgetting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Markers that were removed.
    pub removed: u64,
    /// The last that was looked at, when there may be more behind it.
    pub next: Option<ReceiptKey>,
}

/// What a store knows a marker of receipt by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptKey(pub(crate) Vec<u8>);

/// The markers of receipt, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Receipts {
    /// How many there are.
    pub count: u64,
    /// About what they take on disk; `None` when the store's user may not ask.
    pub bytes: Option<u64>,
}

/// For `/health`.
#[derive(Debug, Clone, Serialize)]
pub struct StoreStatus {
    /// `mongodb` or `sqlite`.
    pub kind: &'static str,
    /// Where the data is, without any password.
    pub location: String,
    /// Whether it can take records, as far as is known.
    pub available: bool,
    /// Why not, or what is wrong with it although it can, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What an operator should know of what it holds and that is no fault of the store, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What is kept for keyed batches whose records have no time of their own, as of the last look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipts: Option<Receipts>,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, cannot write durably, or does not let us in. May pass: try again.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// It did not answer in time; what was asked may have been done.
    #[error("the store did not answer in time")]
    Timeout,
    /// It is well, but this question takes it longer than is allowed.
    #[error("the query took too long")]
    QueryTooSlow,
    /// It is well, but whether this record is asked for takes longer to find out than is allowed.
    #[error("whether record {record} matches takes too long to find out")]
    RecordTooSlow {
        /// Behind it there may be more.
        record: RecordId,
    },
    /// It holds a format that this version does not know.
    #[error(
        "the store holds format version {found}, and this version knows {known}: use a newer aggregator"
    )]
    NewerFormat {
        /// The version that it holds.
        found: i64,
        /// The last that is known.
        known: i64,
    },
    /// What stands there would break a promise if records were written to it: why, and how to mend it.
    #[error("{0}")]
    Unsuitable(String),
    /// Something that it holds is not what was written.
    #[error("the store holds something damaged: {0}")]
    Damaged(String),
    /// It refuses the question itself.
    #[error("the store refused the request: {0}")]
    Rejected(String),
}

impl StoreError {
    /// Whether the circuit breaker counts it: the store's fault, not the question's.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Unavailable(_)
            | Self::Timeout
            | Self::NewerFormat { .. }
            | Self::Unsuitable(_) => true,
            Self::QueryTooSlow
            | Self::RecordTooSlow { .. }
            | Self::Damaged(_)
            | Self::Rejected(_) => false,
        }
    }

    /// Whether nothing may be written until an operator has mended what the store holds.
    fn is_of_contents(&self) -> bool {
        matches!(self, Self::NewerFormat { .. } | Self::Unsuitable(_))
    }
}
