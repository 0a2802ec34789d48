//! The embedded store: columnar blocks, and a ledger of the batches that their records came in, in one SQLite file.
//!
//! | module | owns |
//! |---|---|
//! | [`ledger`] | which records of a batch are stored (pure) |
//! | `portion` | documents become blocks, and the ledger says which are new |
//! | `marking` | batches of which records are about to be kept elsewhere |
//! | `receipts` | when batches were received first |
//! | `storage` | what is asked of the place where blocks are kept |
//! | `file` | that place: a SQLite file |
//! | `read` | pages and counts |
//! | `reader` | the same of a file that is only read |
//! | `merging` | small blocks become larger ones |
//! | `cache` | what was read last |
//! | `counting` | how many blocks and rows there are |
//! | `spare_threads` | threads that help a search |
//! | `row_blocks` | blocks of records that come out of rows |

mod cache;
mod counting;
mod file;
pub mod ledger;
mod marking;
mod merging;
mod portion;
mod read;
mod reader;
mod receipts;
mod row_blocks;
mod spare_threads;
mod storage;

pub(super) use file::came::HaveByBatch;
pub(super) use file::incoming::{Addition, Come, IncomingFile, batch_and_position, settle};
pub(super) use file::reading_back::read_back;
pub use file::{Beginning, FILE_NAME, ForgottenRows};
pub(crate) use file::{LAST_FORMAT_VERSION, count, verify};
pub(crate) use reader::BlockReader;
pub(super) use row_blocks::RowBlocks;

use super::blocking::blocking;
use super::counts::Counts;
use super::database_file::FileError;
use super::facets::{Facets, FacetsLimit, FacetsStep, by_pages};
use super::feed::FeedSource;
use super::figures::{BlockFigures, Figures, StoreSize};
use super::identity;
use super::page_reply::PageReply;
use super::{
    Forgotten, InsertReport, PageLimit, PortionSize, ReceiptKey, Store, StoreError, StoreStatus,
};
use async_trait::async_trait;
use cache::BlockCache;
use counting::Counting;
use file::BlockFile;
use ledger::remembering::Removal;
use ledger::row::LedgerKey;
use ledger::spools::{KnownSpool, SpoolId};
use logs::Timestamp;
use logs::clock::Clock;
use portion::Portion;
use query::Query;
use query::buckets::Buckets;
use read::Reading;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::RecordId;
use spare_threads::SpareThreads;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use storage::Storage as _;

/// Makes the file in `folder`, unless it is there, and closes it again: then all of it is in this one file.
///
/// # Errors
/// [`FileError`], as for [`BlockStore::open`].
pub fn make(folder: &Path) -> Result<(), FileError> {
    file::make(&folder.join(FILE_NAME))
}

/// For counting all blocks anew.
const COUNTING: Duration = Duration::from_secs(1);
/// One block of usual records. A quiet service makes no more than four of them a second, and what it took can be read
/// in less than half of one.
const PORTION: PortionSize = PortionSize {
    documents: ::blocks::MOST_RECORDS,
    bytes: 4 * 1024 * 1024,
    linger: Duration::from_millis(250),
};

/// Rows of the ledger that one step of forgetting looks at: about a millisecond's work.
const ROWS_AT_ONCE: u32 = 300;

/// How long counting in blocks may go on that is to take so much time: some blocks are counted before the time is looked
/// at. Then it is given up, while there is time yet to count page by page.
fn patience(time: Duration) -> Duration {
    const TIMES: u32 = 4;
    const LEAST: Duration = Duration::from_millis(500);
    LEAST.max(time * TIMES)
}

/// What can be set.
#[derive(Debug, Clone, Copy)]
pub struct BlockSettings {
    /// Bytes of memory for what was read last.
    pub cache_bytes: usize,
    /// Bytes that stay free on the disk: with less nothing is stored.
    pub min_free_disk: u64,
}

/// Records in blocks.
pub struct BlockStore {
    inner: Arc<Inner>,
    /// Until it is closed.
    merging: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    file: BlockFile,
    cache: BlockCache,
    counting: Counting,
    spare: SpareThreads,
    clock: Arc<dyn Clock>,
    changed: merging::Changed,
    /// The last damage that was met.
    damage: Mutex<Option<String>>,
}

impl Inner {
    fn reading(&self) -> Reading<'_> {
        Reading {
            storage: &self.file,
            cache: &self.cache,
            spare: &self.spare,
        }
    }

    /// Tells when so much time is over from now on, and at the latest when the deadline is.
    fn until_over(&self, time: Duration, deadline: Duration) -> impl Fn() -> bool {
        let until = deadline.min(self.clock.elapsed() + time);
        move || self.clock.elapsed() >= until
    }
}

impl BlockStore {
    /// Opens the file in `folder`, and makes it when it is not there.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be opened or was written by a later version.
    pub fn open(
        folder: &Path,
        clock: Arc<dyn Clock>,
        settings: BlockSettings,
    ) -> Result<Self, FileError> {
        let file = BlockFile::open(folder, Arc::clone(&clock), settings.min_free_disk)?;
        let inner = Arc::new(Inner {
            file,
            cache: BlockCache::new(settings.cache_bytes),
            counting: Counting::default(),
            spare: SpareThreads::of_machine(),
            clock,
            changed: merging::Changed::default(),
            damage: Mutex::default(),
        });
        Ok(Self {
            merging: Mutex::new(merging::start(&inner)),
            inner,
        })
    }

    /// Notes which spool is at hand, durably, at a start: before it is opened, which is to be told what is
    /// [forgotten](ledger::spools::KnownSpool::forgotten_below) of it, and before anything of it is stored. Blocks.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn meet_spool(&self, id: SpoolId) -> Result<KnownSpool, StoreError> {
        self.inner.file.meet_spool(id)
    }

    /// Whether it may have forgotten batches of a spool that has lost its id, from this number on. Asked before that
    /// is met under a new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn may_have_forgotten(&self, oldest: u64) -> Result<bool, StoreError> {
        let known = self.inner.file.known_spools()?;
        Ok(ledger::spools::may_be_forgotten(&known, oldest))
    }

    /// The small number of the spool that is at hand.
    pub fn spool_at_hand(&self) -> u32 {
        self.inner.file.spool()
    }

    /// When a spool was at hand last that is not now.
    pub fn last_left_at(&self) -> Option<Timestamp> {
        self.inner.file.last_left_at()
    }

    /// Takes a step through the ledger behind `behind`, and removes the rows that may go, durably.
    ///
    /// # Errors
    /// [`StoreError`]; then none was removed, or those of this step.
    pub async fn forget_batches(
        &self,
        removal: Arc<Removal>,
        behind: Option<LedgerKey>,
        has_letters: impl Fn(&LedgerKey) -> bool + Send + 'static,
    ) -> Result<ForgottenRows, StoreError> {
        let forget = move |inner: &Inner| {
            let file = &inner.file;
            let step = file.forget(&removal, behind, ROWS_AT_ONCE, &has_letters)?;
            if step.removed > 0 {
                inner.changed.room_was_made();
            }
            Ok(step)
        };
        self.blocking(forget).await
    }

    /// Runs work on a thread that may be held up.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let done = blocking(move || work(&inner)).await;
        if let Err(StoreError::Damaged(reason)) = &done {
            *self.damage() = Some(format!("something in the store is damaged: {reason}"));
        }
        done
    }

    fn damage(&self) -> MutexGuard<'_, Option<String>> {
        let damage = &self.inner.damage;
        damage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is soon known which records of some blocks match: a pattern may take long for each.
fn is_quick(query: &Query) -> bool {
    query.patterns.is_empty()
}

#[async_trait]
impl Store for BlockStore {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        self.blocking(move |inner| {
            let portion = Portion::read(&documents, range);
            let (report, places) = portion.store(&inner.file, &*inner.clock, deadline)?;
            inner.changed.note(&places, inner.clock.elapsed());
            Ok(report)
        })
        .await
    }

    async fn will_be_set_aside(
        &self,
        documents: Arc<DocumentList>,
        positions: Vec<usize>,
        deadline: Duration,
    ) -> Result<(), StoreError> {
        self.blocking(move |inner| {
            let refused = (&*documents, &positions[..]);
            marking::mark(&inner.file, &*inner.clock, refused, deadline)
        })
        .await
    }

    async fn receipts(
        &self,
        batches: Vec<BatchOrigin>,
        deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        self.blocking(move |inner| {
            receipts::remember(&inner.file, &*inner.clock, &batches, deadline)
        })
        .await
    }

    /// Receipts are in the ledger, which has its own rule.
    async fn forget_receipts(
        &self,
        _after: Option<ReceiptKey>,
        _before: Timestamp,
        _deadline: Duration,
    ) -> Result<Forgotten, StoreError> {
        Ok(Forgotten {
            removed: 0,
            next: None,
        })
    }

    async fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        let query = query.clone();
        self.blocking(move |inner| {
            let left = deadline.saturating_sub(inner.clock.elapsed());
            let limit = PageLimit {
                time: limit.time.min(left),
                record_time: limit.record_time.min(left),
                ..limit
            };
            let page = inner.reading().page(&query, after, limit, &inner.clock);
            page.map(PageReply::Page)
        })
        .await
    }

    fn can_count(&self, query: &Query) -> bool {
        is_quick(query)
    }

    async fn counts(
        &self,
        query: &Query,
        after: Option<RecordId>,
        buckets: &Arc<Buckets>,
        time: Duration,
        deadline: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        let (query, buckets) = (query.clone(), Arc::clone(buckets));
        self.blocking(move |inner| {
            let is_over = inner.until_over(time, deadline);
            let gives_up = inner.until_over(patience(time), deadline);
            let goes_on = || !gives_up();
            let reading = inner.reading();
            reading.counts(&query, after, &buckets, is_over, &goes_on)
        })
        .await
    }

    async fn facets(
        &self,
        query: &Query,
        after: Option<RecordId>,
        facets: Facets,
        limit: FacetsLimit,
        deadline: Duration,
    ) -> Result<FacetsStep, StoreError> {
        if is_quick(query) {
            let (asked, counted) = (query.clone(), facets.clone());
            let step = self.blocking(move |inner| {
                let is_over = inner.until_over(limit.time, deadline);
                let gives_up = inner.until_over(patience(limit.time), deadline);
                let goes_on = || !gives_up();
                let reading = inner.reading();
                reading.facets(&asked, after, counted, is_over, &goes_on)
            });
            if let Some(step) = step.await? {
                return Ok(step);
            }
        }
        by_pages::step(self, query, after, facets, limit, deadline, || false).await
    }

    fn portion(&self) -> PortionSize {
        PORTION
    }

    fn status(&self) -> StoreStatus {
        let problem = self.inner.file.problem.borrow().clone();
        StoreStatus {
            kind: "blocks",
            location: self.inner.file.path.display().to_string(),
            available: problem.is_none(),
            problem: problem.or_else(|| self.damage().clone()),
            notes: Vec::new(),
            receipts: None,
        }
    }

    async fn figures(&self) -> Figures {
        // Of a large ledger, on a busy disk, a count may take longer than whoever asks waits: then the last one is told.
        let renewing = self.blocking(|inner: &Inner| inner.counting.renew(&inner.file));
        if let Ok(Err(error)) = tokio::time::timeout(COUNTING, renewing).await {
            tracing::debug!(%error, "blocks could not be counted");
        }
        let counted = self.inner.counting.last();
        let file = &self.inner.file;
        let blocks = BlockFigures {
            counted: counted.map(|counted| (counted.tiers, counted.ledger)),
            merged: file.merged(),
            cache: self.inner.cache.figures(),
        };
        Figures {
            file_bytes: file.bytes(),
            blocks: Some(blocks),
        }
    }

    async fn size(&self, _deadline: Duration) -> Result<Option<StoreSize>, StoreError> {
        self.blocking(|inner| inner.file.size().map(Some)).await
    }

    async fn recovered(&self) {
        identity::recovered(&self.inner.file.problem).await;
    }

    fn feed(&self) -> Option<Arc<dyn FeedSource>> {
        Some(Arc::new(self.inner.file.feed.clone()))
    }

    async fn close(&self) {
        let merging = self
            .merging
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let closed = self.blocking(move |inner| {
            merging::stop(inner, merging);
            inner.file.feed.close();
            inner.file.checkpoint().map(drop)
        });
        if let Err(error) = closed.await {
            tracing::warn!(%error, "the last checkpoint failed; the next start makes it up");
        }
    }
}

#[cfg(test)]
mod tests;
