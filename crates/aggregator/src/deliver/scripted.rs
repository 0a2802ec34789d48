//! For tests: deliveries to a store that follows a script.

use super::attempt::StoreAccess;
use super::dead_letters::{DeadLetter, DeadLetterBounds, DeadLetters};
use super::deferral::Deferral;
use super::delivery::Delivery;
use super::insert_size::InsertSize;
use super::outage::Outage;
use super::pause::Pause;
use super::problems::Problems;
use super::write_job::Writer;
use crate::accounting::admission::Admission;
use crate::accounting::record_counts::Accounting;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings};
use crate::worker::Lane;
use async_trait::async_trait;
use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::Query;
use query::buckets::Buckets;
use record::batch::{Batch, BatchBuilder, BatchOrigin};
use record::documents::DocumentList;
use record::id::{BatchId, KeyDigest, RecordId};
use spool::disk::{Disk, Folder};
use spool::{self, BatchOutcome, Bounds, Consumer, Portion, SpoolOptions, Spooled};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use store::counts::Counts;
use store::page_reply::PageReply;
use store::{
    Forgotten, InsertReport, PageLimit, PortionSize, ReceiptKey, Refused, Store, StoreError,
    StoreStatus,
};
use tokio::sync::Notify;

/// What the store says to the inserts that it gets, one after another; then it takes everything.
pub(super) type Script = Box<dyn Fn(&[String]) -> Answer + Send + Sync>;

pub(super) enum Answer {
    Take,
    /// So many; for the others there was no time.
    TakeFirst(usize),
    Duplicate,
    Fail(StoreError),
    /// The document at this place of the insert.
    Doubt(usize),
    Refuse(usize),
    /// The documents at these places are there already, and those at these are refused.
    Judge(Vec<usize>, Vec<usize>),
    Panic,
}

pub(super) struct Scripted {
    script: Script,
    /// The messages of each insert.
    pub(super) inserts: Mutex<Vec<Vec<String>>>,
    /// The ids of all that it got, with their messages.
    pub(super) ids: Mutex<Vec<(String, String)>>,
    /// The times of receipt that it gives, one after another.
    pub(super) times: Mutex<VecDeque<Timestamp>>,
    pub(super) is_back: Notify,
    /// What it was told that will be set aside, and how many records were by then.
    pub(super) told: Mutex<Vec<(Vec<String>, u64)>>,
    dead_letters: OnceLock<Arc<DeadLetters>>,
}

#[async_trait]
impl Store for Scripted {
    async fn insert(
        &self,
        documents: Arc<DocumentList>,
        range: Range<usize>,
        _deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        let messages: Vec<String> = documents.slices(range.clone()).map(message).collect();
        self.inserts.lock().unwrap().push(messages.clone());
        let ids = documents.slices(range.clone()).map(id);
        let ids = messages.iter().cloned().zip(ids);
        self.ids.lock().unwrap().extend(ids);
        let mut report = InsertReport::default();
        let told = |place: usize| Refused {
            position: range.start + place,
            reason: "as written in the script".to_owned(),
        };
        match (self.script)(&messages) {
            Answer::Take => {}
            Answer::TakeFirst(count) => {
                report.undone = Some(range.start + count).filter(|undone| *undone < range.end);
            }
            Answer::Duplicate => report.already_stored = range.clone().collect(),
            Answer::Fail(error) => return Err(error),
            Answer::Doubt(place) => report.doubtful.push(told(place)),
            Answer::Refuse(place) => report.refused.push(told(place)),
            Answer::Judge(there, refused) => {
                let there = there.into_iter().map(|place| range.start + place);
                report.already_stored = there.collect();
                report.refused = refused.into_iter().map(told).collect();
            }
            Answer::Panic => panic!("as written in the script"),
        }
        let named = report.already_stored.len() + report.refused.len() + report.doubtful.len();
        let done = range.start..report.undone.unwrap_or(range.end);
        report.stored = (done.len() - named) as u64;
        Ok(report)
    }

    async fn will_be_set_aside(
        &self,
        documents: Arc<DocumentList>,
        positions: Vec<usize>,
        _deadline: Duration,
    ) -> Result<(), StoreError> {
        let mut told = self.told.lock().unwrap();
        let one = |position: usize| documents.slices(position..position + 1).next().map(message);
        let messages = positions.into_iter().filter_map(one).collect();
        let kept = self.dead_letters.get().unwrap().snapshot().records;
        told.push((messages, kept));
        // The first time it cannot.
        match told.len() {
            1 => Err(StoreError::Unavailable("away".to_owned())),
            _ => Ok(()),
        }
    }

    async fn receipts(
        &self,
        batches: Vec<BatchOrigin>,
        _deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut known = self.times.lock().unwrap();
        Ok(batches
            .iter()
            .map(|batch| known.pop_front().unwrap_or(batch.received_at))
            .collect())
    }

    async fn forget_receipts(
        &self,
        _after: Option<ReceiptKey>,
        _before: Timestamp,
        _deadline: Duration,
    ) -> Result<Forgotten, StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn page(
        &self,
        _query: &Query,
        _after: Option<RecordId>,
        _limit: PageLimit,
        _deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        unreachable!("a delivery reads nothing")
    }

    async fn counts(
        &self,
        _query: &Query,
        _after: Option<RecordId>,
        _buckets: &Arc<Buckets>,
        _time: Duration,
        _deadline: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        unreachable!("a delivery counts nothing")
    }

    async fn recovered(&self) {
        self.is_back.notified().await;
    }

    fn status(&self) -> StoreStatus {
        StoreStatus {
            kind: "script",
            location: String::new(),
            available: true,
            problem: None,
            notes: Vec::new(),
            receipts: None,
        }
    }

    async fn close(&self) {}
}

pub(super) fn message(document: &[u8]) -> String {
    let raw = bson::RawDocument::from_bytes(document).unwrap();
    raw.get_str("message").unwrap().to_owned()
}

/// As it is shown.
fn id(document: &[u8]) -> String {
    let raw = bson::RawDocument::from_bytes(document).unwrap();
    format!("{:?}", raw.get("_id").unwrap().unwrap())
}

/// A spool, a store, and what goes between them.
pub(super) struct Fixture {
    /// Where it is, when it is on a disk of its own.
    folder: Option<tempfile::TempDir>,
    pub(super) committer: spool::Committer,
    pub(super) consumer: Consumer,
    pub(super) delivery: Arc<Delivery>,
    pub(super) store: Arc<Scripted>,
    pub(super) accounting: Arc<Accounting>,
}

/// Where a fixture keeps its files, and how much.
pub(super) struct Place {
    pub(super) spool: Arc<dyn Disk>,
    pub(super) dead_letters: Arc<dyn Disk>,
    pub(super) bounds: Bounds,
    pub(super) max_dead_letters: u64,
}

pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn start(script: impl Fn(&[String]) -> Answer + Send + Sync + 'static) -> Fixture {
    start_with(Settings::write_lane(TIMEOUT), script)
}

pub(super) fn start_with(
    settings: Settings,
    script: impl Fn(&[String]) -> Answer + Send + Sync + 'static,
) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let disk = |name| Arc::new(Folder::create(&folder.path().join(name)).unwrap());
    let place = Place {
        spool: disk("spool"),
        dead_letters: disk("rejected"),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes: 1 << 16,
        },
        max_dead_letters: 1 << 20,
    };
    let mut fixture = open(&place, settings, Box::new(script)).unwrap();
    fixture.folder = Some(folder);
    fixture
}

/// Opens what is there.
pub(super) fn open(
    place: &Place,
    settings: Settings,
    script: Script,
) -> Result<Fixture, spool::SpoolError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let accounting = Arc::<Accounting>::default();
    let options = SpoolOptions {
        disk: Arc::clone(&place.spool),
        bounds: place.bounds,
        clock: Arc::clone(&clock),
        accounts: Arc::clone(&accounting) as Arc<dyn spool::Accounts>,
        id: [0; 16],
        forgotten_below: 0,
        earlier: false,
    };
    let (spool, committer, consumer) = spool::open(options, false)?;
    let store = Arc::new(Scripted {
        script,
        inserts: Mutex::default(),
        ids: Mutex::default(),
        times: Mutex::default(),
        is_back: Notify::new(),
        told: Mutex::default(),
        dead_letters: OnceLock::new(),
    });
    let breaker = Arc::new(Breaker::new(settings, 1));
    let writer = Arc::new(Writer {
        store: Arc::clone(&store) as Arc<dyn Store>,
        guard: Guard::new(breaker, Arc::clone(&clock)),
    });
    let (lane, _) = Lane::start(8, 2, Arc::clone(&writer), Arc::clone(&clock));
    let bounds = DeadLetterBounds {
        max_bytes: place.max_dead_letters,
        min_free_disk: 0,
    };
    let dead_letters = Arc::new(DeadLetters::open(Arc::clone(&place.dead_letters), bounds)?);
    drop(store.dead_letters.set(Arc::clone(&dead_letters)));
    let delivery = Delivery {
        deferral: Deferral::new(&spool),
        spool,
        store: StoreAccess {
            lane,
            writer,
            clock,
            timeout: TIMEOUT,
            problems: Problems::default(),
            outage: Outage::default(),
            pause: Pause::default(),
            portion: PortionSize::COMMAND,
            insert_size: InsertSize::new(PortionSize::COMMAND.documents),
        },
        dead_letters,
        panicked: Problems::default(),
        statuses: Arc::default(),
        expired: Arc::default(),
    };
    Ok(Fixture {
        folder: None,
        committer,
        consumer,
        delivery: Arc::new(delivery),
        store,
        accounting,
    })
}

pub(super) fn batch(key: &str, messages: &[&str], dated: bool) -> Batch {
    let id = BatchId::keyed(key, b"body");
    let now = Timestamp::from_nanos(1_000_000_000);
    let mut builder = BatchBuilder::new(id, Some(KeyDigest::of(key)), now, usize::MAX);
    for message in messages {
        builder.record(dated.then_some(now), None, message, |_| Ok(()));
    }
    builder.finish().0
}

impl Fixture {
    /// Ends the process without an orderly stop.
    pub(super) async fn kill(self) {
        let Self {
            committer,
            delivery,
            consumer,
            ..
        } = self;
        drop((delivery, consumer));
        let closed = tokio::task::spawn_blocking(move || committer.close()).await;
        assert!(closed.unwrap(), "the committing thread panicked");
    }

    /// Appends the batches and takes them as one portion.
    pub(super) async fn portion(&mut self, batches: Vec<Batch>) -> Vec<Spooled> {
        let admission = Admission::new(1 << 20);
        let count = batches.len();
        for batch in batches {
            let room = admission.reserve(1).unwrap();
            let (statuses, id) = (&self.delivery.statuses, batch.id);
            statuses.expect(id, batch.received_at, batch.documents.len(), None);
            self.delivery.spool.append(batch, room).await.unwrap();
        }
        let portion = self.next().await;
        assert_eq!(portion.len(), count);
        portion
    }

    /// The next portion of the spool, of which there must be one.
    pub(super) async fn next(&mut self) -> Vec<Spooled> {
        self.next_of(1000).await
    }

    /// The same, of so many documents at most.
    pub(super) async fn next_of(&mut self, documents: usize) -> Vec<Spooled> {
        let portion = Portion {
            documents,
            bytes: 1 << 20,
        };
        self.consumer.next(portion).await.unwrap().unwrap()
    }

    /// Appends the batches, delivers them in one portion, and tells what became of each.
    pub(super) async fn deliver(&mut self, batches: Vec<Batch>) -> Vec<BatchOutcome> {
        let ids: Vec<_> = batches.iter().map(|batch| batch.id).collect();
        let portion = self.portion(batches).await;
        let outcomes = ids.iter().map(|id| self.delivery.statuses.outcome(*id));
        let outcomes: Vec<_> = outcomes.map(Option::unwrap).collect();
        assert!(self.delivery.deliver(portion).await.is_empty());
        let mut told = Vec::new();
        for outcome in outcomes {
            told.push(outcome.get().await.unwrap());
        }
        told
    }

    /// Does with a portion what the feed does.
    pub(super) async fn park_or_deliver(&self, portion: Vec<Spooled>) {
        let (deferral, spool) = (&self.delivery.deferral, &self.delivery.spool);
        let portion = deferral.park_deferred(portion, spool);
        if !portion.is_empty() {
            self.delivery.deliver(portion).await;
        }
    }

    pub(super) async fn set_aside(&self) -> Vec<DeadLetter> {
        let (letters, mut all, mut file) = (&self.delivery.dead_letters, Vec::new(), 0);
        while let Some(next) = letters.after(file) {
            file = next;
            all.extend(letters.read(file).await.unwrap());
        }
        all
    }

    pub(super) fn inserts(&self) -> usize {
        self.store.inserts.lock().unwrap().len()
    }
}
