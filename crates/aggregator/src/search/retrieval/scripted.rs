//! A store that finds what a test says, one page after another, and then nothing more for ever.

use super::{Pages, Retrieval};
use crate::accounting::admission::Admission;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings};
use async_trait::async_trait;
use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::buckets::Buckets;
use query::reach::Reach;
use query::{Candidate, Query};
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::{BatchId, RecordId};
use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::counts::Counts;
use store::page::Page;
use store::page_reply::PageReply;
use store::{Forgotten, InsertReport, PageLimit, ReceiptKey, Store, StoreError, StoreStatus};
use tokio::sync::mpsc;

/// Longer than anything takes that is not wrong.
const TIMEOUT: Duration = Duration::from_secs(20);

struct Scripted {
    pages: Mutex<VecDeque<Option<Page>>>,
    asked: mpsc::Sender<()>,
}

/// The questions that the store was asked.
pub(crate) struct Questions(mpsc::Receiver<()>);

impl Questions {
    /// Waits until it is asked once more.
    pub(crate) async fn once_more(&mut self) {
        let asked = tokio::time::timeout(TIMEOUT, self.0.recv()).await;
        asked.expect("the store is asked").unwrap();
    }

    /// Whether it was asked, and nobody has waited for that.
    pub(crate) fn has_more(&mut self) -> bool {
        self.0.try_recv().is_ok()
    }
}

/// The pages of an answer from these, and what tells of each question for one. There is one permit.
pub(crate) fn pages(pages: Vec<Page>) -> (Pages, Questions) {
    pages_or_silence(pages.into_iter().map(Some).collect())
}

/// The same of a store that never answers a question in whose place there is `None`.
pub(crate) fn pages_or_silence(pages: Vec<Option<Page>>) -> (Pages, Questions) {
    pages_in(64 * 1024 * 1024, pages)
}

/// The same where all answers may take so many bytes.
pub(crate) fn pages_in(bytes: usize, pages: Vec<Option<Page>>) -> (Pages, Questions) {
    let (asked, questions) = mpsc::channel(8);
    let store = Scripted {
        pages: Mutex::new(pages.into()),
        asked,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let breaker = Breaker::new(Settings::read_lane(TIMEOUT), 1);
    let guard = Guard::new(Arc::new(breaker), Arc::clone(&clock));
    let room = Arc::new(Admission::new(bytes));
    let (retrieval, _) = Retrieval::start(Arc::new(store), guard, clock, (8, 2), TIMEOUT, 1, room);
    let pages = Arc::new(retrieval).pages(None, Reach::EVERYTHING.bind(Query::default()), None);
    (pages.unwrap(), Questions(questions))
}

/// A page of one row, of this time, with more behind it.
pub(crate) fn one_row(nanos: i64) -> Page {
    row_of(nanos, "row")
}

/// The same with this message.
pub(crate) fn row_of(nanos: i64, message: &str) -> Page {
    let mut page = Page::default();
    add_rows(&mut page, nanos..=nanos, message);
    page
}

/// Adds rows of these times to a page, with more behind them.
pub(crate) fn add_rows(page: &mut Page, times: RangeInclusive<i64>, message: &str) {
    for nanos in times {
        let row = Candidate {
            id: id(nanos),
            severity: 9,
            level: None,
            message,
            attributes: None,
        };
        page.push_record(&Query::default(), row);
        page.next = Some(row.id);
    }
}

/// A page without a row, with more behind it.
pub(crate) fn empty(nanos: i64) -> Page {
    let mut page = Page::default();
    page.next = Some(id(nanos));
    page
}

/// The page behind which there is nothing.
pub(crate) fn last(mut page: Page) -> Page {
    page.next = None;
    page
}

fn id(nanos: i64) -> RecordId {
    RecordId::new(
        Timestamp::from_nanos(nanos),
        BatchId::keyed("key", b"body"),
        0,
    )
}

#[async_trait]
impl Store for Scripted {
    async fn page(
        &self,
        _query: &Query,
        _after: Option<RecordId>,
        _limit: PageLimit,
        _deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        self.asked.try_send(()).unwrap();
        let next = self.pages.lock().unwrap().pop_front();
        match next.flatten() {
            Some(page) => Ok(PageReply::Page(page)),
            None => std::future::pending().await,
        }
    }

    async fn insert(
        &self,
        _documents: Arc<DocumentList>,
        _range: Range<usize>,
        _deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        unreachable!("nothing is written")
    }

    async fn receipts(
        &self,
        _batches: Vec<BatchOrigin>,
        _deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        unreachable!("nothing is written")
    }

    async fn forget_receipts(
        &self,
        _after: Option<ReceiptKey>,
        _before: Timestamp,
        _deadline: Duration,
    ) -> Result<Forgotten, StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn counts(
        &self,
        _query: &Query,
        _after: Option<RecordId>,
        _buckets: &Arc<Buckets>,
        _time: Duration,
        _deadline: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        unreachable!("nothing is counted")
    }

    fn status(&self) -> StoreStatus {
        unreachable!("nobody asks for it")
    }

    async fn close(&self) {}
}
