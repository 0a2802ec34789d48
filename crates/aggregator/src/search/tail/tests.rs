//! Readers of a store that stores on at every call that it gets.

use super::*;
use crate::accounting::admission::Admission;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings};
use async_trait::async_trait;
use logs::Timestamp;
use logs::clock::SystemClock;
use query::buckets::Buckets;
use query::reach::Reach;
use query::{Candidate, Query};
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use record::id::BatchId;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;
use store::counts::Counts;
use store::feed::{Announced, FeedId, Gap, Life, Reached};
use store::page::{Page, Row};
use store::page_reply::PageReply;
use store::{Forgotten, InsertReport, PageLimit, ReceiptKey, Store, StoreStatus};
use tokio::sync::watch;

/// Longer than anything takes that is not wrong.
const TIMEOUT: Duration = Duration::from_secs(60);
const FEED: FeedId = FeedId([5; 8]);
const LIFE: Life = Life([6; 8]);

#[derive(Default)]
struct Inner {
    records: BTreeSet<RecordId>,
    unannounced: Vec<RecordId>,
    entries: Vec<FeedEntry>,
    /// Entries before this number are gone.
    forgotten: usize,
    random: u64,
    position: u32,
    /// Records that are still stored by themselves.
    left: u32,
    is_away: bool,
}

struct Scene {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    page_rows: usize,
}

impl Inner {
    fn random(&mut self, below: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.random >> 33) % below
    }

    fn store(&mut self, count: u32) {
        for _ in 0..count {
            let time = i64::try_from(self.random(50)).unwrap();
            let batch = u8::try_from(self.random(7)).unwrap();
            self.position += 1;
            let batch = BatchId::from_bytes([batch; 8]);
            let id = RecordId::new(Timestamp::from_nanos(time), batch, self.position);
            self.records.insert(id);
            self.unannounced.push(id);
        }
    }

    fn announce(&mut self) -> bool {
        let Some((least, most)) = self
            .unannounced
            .iter()
            .min()
            .zip(self.unannounced.iter().max())
        else {
            return false;
        };
        // A narrow one, and a wide one in which others are as well.
        let end = |id: &RecordId| Timestamp::from_nanos(id.time().nanos() + 1);
        let mut spans = vec![least.time()..end(most)];
        if least.time() != most.time() && self.unannounced.len() == 2 {
            spans = vec![least.time()..end(least), most.time()..end(most)];
        }
        let mut announced = Announced::default();
        for id in self.unannounced.drain(..) {
            announced.add(id.batch(), id.position());
        }
        let number = u64::try_from(self.entries.len()).unwrap() + 1;
        self.entries.push(FeedEntry {
            feed: FEED,
            reached: Reached { number, life: LIFE },
            at: Timestamp::from_nanos(0),
            announced,
            spans,
        });
        true
    }

    fn vector(&self) -> Vector {
        let number = u64::try_from(self.entries.len()).unwrap();
        Vector::from([(FEED, Reached { number, life: LIFE })])
    }
}

impl Scene {
    fn new(seed: u64, left: u32, page_rows: usize) -> Arc<Self> {
        let inner = Inner {
            random: seed,
            left,
            ..Inner::default()
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            changed: watch::Sender::default(),
            page_rows,
        })
    }

    fn stir(&self) -> Result<(), StoreError> {
        let mut inner = self.inner.lock().unwrap();
        if inner.is_away {
            return Err(StoreError::Unavailable("away".to_owned()));
        }
        let (count, is_announced) = (inner.random(4), inner.random(2) == 0);
        let count = u32::try_from(count).unwrap().min(inner.left);
        inner.left -= count;
        inner.store(count);
        let is_news = is_announced && inner.announce();
        drop(inner);
        if is_news {
            self.changed.send_modify(|changes| *changes += 1);
        }
        Ok(())
    }

    fn store(&self, count: u32) {
        let mut inner = self.inner.lock().unwrap();
        inner.store(count);
        inner.announce();
        drop(inner);
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn records(&self) -> BTreeSet<RecordId> {
        self.inner.lock().unwrap().records.clone()
    }

    fn tails(self: &Arc<Self>, most: usize) -> Arc<Tails> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let breaker = Breaker::new(Settings::read_lane(TIMEOUT), 1);
        let guard = Guard::new(Arc::new(breaker), Arc::clone(&clock));
        let room = Arc::new(Admission::new(64 * 1024 * 1024));
        let store: Arc<dyn Store> = Arc::clone(self) as _;
        let (retrieval, _) =
            Retrieval::start(store, guard, Arc::clone(&clock), (64, 2), TIMEOUT, 8, room);
        Tails::start(Arc::new(retrieval), Arc::clone(self) as _, clock, most)
    }
}

#[async_trait]
impl FeedSource for Scene {
    async fn settled(&self, _: Duration) -> Result<Vector, StoreError> {
        self.stir()?;
        let mut inner = self.inner.lock().unwrap();
        inner.announce();
        Ok(inner.vector())
    }

    async fn behind(
        &self,
        after: &Vector,
        limit: usize,
        _: Duration,
    ) -> Result<EntriesBehind, StoreError> {
        self.stir()?;
        let inner = self.inner.lock().unwrap();
        let after = after.get(&FEED).map_or(0, |at| at.number);
        let after = usize::try_from(after).unwrap();
        if after < inner.forgotten || after > inner.entries.len() {
            let gap = if after < inner.forgotten {
                Gap::Forgotten
            } else {
                Gap::AnotherHistory
            };
            let gaps = vec![(FEED, gap, inner.vector()[&FEED])];
            return Ok(EntriesBehind {
                gaps,
                ..EntriesBehind::default()
            });
        }
        let entries: Vec<_> = inner.entries[after..]
            .iter()
            .take(limit.min(3))
            .cloned()
            .collect();
        let more = after + entries.len() < inner.entries.len();
        Ok(EntriesBehind {
            entries,
            more,
            gaps: Vec::new(),
        })
    }

    async fn changed(&self) {
        let mut changed = self.changed.subscribe();
        drop(tokio::time::timeout(Duration::from_millis(300), changed.changed()).await);
    }

    fn way(&self) -> &'static str {
        "scene"
    }
}

#[async_trait]
impl Store for Scene {
    async fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        _deadline: Duration,
    ) -> Result<PageReply, StoreError> {
        let mut page = Page::default();
        {
            let inner = self.inner.lock().unwrap();
            let bounds = query.bounds(after);
            let from = inner.records.range(bounds.from..);
            let within = from.filter(|id| !(bounds.behind && **id == bounds.from));
            let mut within =
                within.take_while(|id| bounds.before.is_none_or(|before| **id < before));
            let rows = limit.rows.min(self.page_rows);
            for id in within.by_ref().take(rows) {
                let row = Candidate {
                    id: *id,
                    severity: 9,
                    level: None,
                    message: "m",
                    attributes: None,
                };
                page.push_record(query, row);
                page.next = Some(*id);
            }
            if within.next().is_none() {
                page.next = None;
            }
        }
        self.stir()?;
        Ok(PageReply::Page(page))
    }

    async fn insert(
        &self,
        _: Arc<DocumentList>,
        _: Range<usize>,
        _: Duration,
    ) -> Result<InsertReport, StoreError> {
        unreachable!("nothing is written")
    }

    async fn receipts(
        &self,
        _: Vec<BatchOrigin>,
        _: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        unreachable!("nothing is written")
    }

    async fn forget_receipts(
        &self,
        _: Option<ReceiptKey>,
        _: Timestamp,
        _: Duration,
    ) -> Result<Forgotten, StoreError> {
        unreachable!("nothing is forgotten")
    }

    async fn counts(
        &self,
        _: &Query,
        _: Option<RecordId>,
        _: &Arc<Buckets>,
        _: Duration,
        _: Duration,
    ) -> Result<Option<Counts>, StoreError> {
        unreachable!("nothing is counted")
    }

    fn status(&self) -> StoreStatus {
        unreachable!("nobody asks for it")
    }

    async fn close(&self) {}
}

/// A line for each record: its id, and the place behind it.
struct Lines;

impl Form for Lines {
    fn record(&self, row: Row<'_>, place: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let place: Vec<String> = place.iter().map(|byte| format!("{byte:02x}")).collect();
        out.extend_from_slice(format!("{} {}\n", row.id, place.concat()).as_bytes());
        Ok(())
    }
}

fn read(chunk: &Chunk) -> Vec<(RecordId, Place)> {
    let text = std::str::from_utf8(&chunk.bytes).unwrap();
    let lines = text.lines().map(|line| {
        let (id, place) = line.split_once(' ').unwrap();
        let bytes: Vec<u8> = (0..place.len() / 2)
            .map(|byte| u8::from_str_radix(&place[2 * byte..2 * byte + 2], 16).unwrap())
            .collect();
        (RecordId::parse(id).unwrap(), Place::read(&bytes).unwrap())
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len() as u64, chunk.records);
    lines
}

fn asked(query: Query) -> Asked {
    let key = *blake3::hash(format!("{query:?}").as_bytes()).as_bytes();
    Asked {
        query,
        reach: Reach::EVERYTHING,
        owner: None,
        form: Arc::new(Lines),
        key,
    }
}

fn since(start: i64) -> (Query, Start) {
    let start = Timestamp::from_nanos(start);
    let query = Query {
        start: Some(start),
        ..Query::default()
    };
    (
        query,
        Start::Behind(RecordId::first_at(start).predecessor().unwrap()),
    )
}

async fn next(tail: &mut Tail) -> Given {
    let until = tail.tails.clock.elapsed() + Duration::from_millis(700);
    let next = tokio::time::timeout(TIMEOUT, tail.next(until)).await;
    next.expect("it goes on").unwrap()
}

/// Reads until all is given that there is from this time on, and nothing comes any more; comes again now and then behind
/// any record.
async fn all_given(scene: &Arc<Scene>, since_nanos: i64, comes_again: u64) -> Vec<RecordId> {
    let (query, start) = since(since_nanos);
    let mut tails = scene.tails(2);
    let mut tail = tails.open(asked(query.clone()), start, None).await.unwrap();
    let mut given = Vec::new();
    let is_all = |given: &[RecordId]| {
        let (records, left) = (scene.records(), scene.inner.lock().unwrap().left);
        let expected = records.iter().filter(|id| id.time().nanos() >= since_nanos);
        left == 0 && given.len() >= expected.count()
    };
    let mut quiet = 0;
    while quiet < 60 {
        match next(&mut tail).await {
            Given::Quiet if is_all(&given) => break,
            Given::Quiet => quiet += 1,
            Given::Records(chunk) => {
                for (id, place) in read(&chunk) {
                    given.push(id);
                    let random = scene.inner.lock().unwrap().random(comes_again);
                    if random == 0 {
                        drop(tail);
                        // After a restart as well.
                        tails = scene.tails(2);
                        let start = Start::Place(place);
                        tail = tails.open(asked(query.clone()), start, None).await.unwrap();
                        break;
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }
    given
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_comes_once_from_the_past_into_the_live_end_wherever_one_comes_again() {
    let mut histories = tokio::task::JoinSet::new();
    for seed in 0..60_u64 {
        histories.spawn(async move {
            let page_rows = usize::try_from(2 + seed % 5).unwrap();
            let scene = Scene::new(seed, 150, page_rows);
            scene.inner.lock().unwrap().store(40);
            // Of some of the first no entry tells.
            if seed % 2 == 0 {
                scene.inner.lock().unwrap().unannounced.clear();
            }
            let given = all_given(&scene, 10, 12).await;
            let records = scene.records();
            let expected = records.iter().filter(|id| id.time().nanos() >= 10);
            let mut found = BTreeSet::new();
            let twice = given.iter().filter(|id| !found.insert(**id)).count();
            let missing = expected.filter(|id| !found.contains(id)).count();
            assert_eq!((twice, missing), (0, 0), "seed {seed}: {}", given.len());
            given.len()
        });
    }
    let counts = histories.join_all().await;
    assert!(counts.iter().all(|count| *count > 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_begins_now_gets_what_is_stored_from_then_on_and_no_more() {
    let scene = Scene::new(7, 0, 100);
    scene.store(30);
    let before = scene.records();
    let tails = scene.tails(1);
    let mut tail = tails
        .open(asked(Query::default()), Start::Now, None)
        .await
        .unwrap();
    assert!(matches!(next(&mut tail).await, Given::Quiet));
    scene.store(5);
    let Given::Records(chunk) = next(&mut tail).await else {
        panic!("records were stored")
    };
    let given: BTreeSet<_> = read(&chunk).into_iter().map(|(id, _)| id).collect();
    assert_eq!(
        given,
        scene.records().difference(&before).copied().collect()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_with_one_question_are_given_what_was_read_and_written_once() {
    let scene = Scene::new(7, 0, 1000);
    let tails = scene.tails(20);
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(
            tails
                .open(asked(Query::default()), Start::Now, None)
                .await
                .unwrap(),
        );
    }
    assert!(
        tails
            .open(asked(Query::default()), Start::Now, None)
            .await
            .is_err()
    );
    for tail in &mut open {
        assert!(matches!(next(tail).await, Given::Quiet));
    }
    scene.store(50);
    let mut written = BTreeSet::new();
    for tail in &mut open {
        let Given::Records(chunk) = next(tail).await else {
            panic!("records were stored")
        };
        assert_eq!(chunk.records, 50);
        written.insert(chunk.bytes.as_ptr() as usize);
    }
    assert_eq!(written.len(), 1);
    assert_eq!(
        (tails.snapshot().readers, tails.snapshot().records),
        (20, 1000)
    );
    drop(open);
    assert_eq!(tails.snapshot().readers, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_nothing_is_told_how_much_he_missed_and_can_have_all_of_it() {
    let scene = Scene::new(7, 0, 1000);
    let tails = scene.tails(2);
    let mut tail = tails
        .open(asked(Query::default()), Start::Now, None)
        .await
        .unwrap();
    assert!(matches!(next(&mut tail).await, Given::Quiet));
    let mut told = tails.follower.follow().1;
    for _ in 0..5000 {
        scene.inner.lock().unwrap().store(1);
        scene.inner.lock().unwrap().announce();
    }
    scene.store(1);
    let all = |tails: &Tails| tails.follower.recent().reached()[&FEED].number >= 5001;
    while !all(&tails) {
        told.changed().await.unwrap();
    }
    let Given::Dropped { records, from } = next(&mut tail).await else {
        panic!("he was too slow")
    };
    assert_eq!(records, 5001);
    scene.store(3);
    let mut newest = 0;
    while newest < 3 {
        let Given::Records(chunk) = next(&mut tail).await else {
            panic!("he goes on with the newest")
        };
        newest += chunk.records;
    }
    assert_eq!(newest, 3);
    // He who comes again there gets everything.
    let mut tail = tails
        .open(asked(Query::default()), Start::Place(from), None)
        .await
        .unwrap();
    let mut given = BTreeSet::new();
    while let Given::Records(chunk) = next(&mut tail).await {
        given.extend(read(&chunk).into_iter().map(|(id, _)| id));
    }
    assert_eq!(given, scene.records());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_feed_forgot_is_told_as_a_gap_and_it_goes_on_with_the_newest() {
    for (at, expected) in [(1, Gap::Forgotten), (99, Gap::AnotherHistory)] {
        let scene = Scene::new(7, 0, 1000);
        for _ in 0..10 {
            scene.store(2);
        }
        scene.inner.lock().unwrap().forgotten = 5;
        let tails = scene.tails(2);
        let vector = Vector::from([(
            FEED,
            Reached {
                number: at,
                life: LIFE,
            },
        )]);
        let place = Place::at(None, vector, None);
        let mut tail = tails
            .open(asked(Query::default()), Start::Place(place), None)
            .await
            .unwrap();
        assert!(matches!(next(&mut tail).await, Given::Gap(gap) if gap == expected));
        assert!(matches!(next(&mut tail).await, Given::Quiet));
        scene.store(4);
        let Given::Records(chunk) = next(&mut tail).await else {
            panic!("it goes on")
        };
        assert_eq!(chunk.records, 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_it_is_told_once_and_then_goes_on() {
    let scene = Scene::new(7, 0, 1000);
    let tails = scene.tails(2);
    let mut tail = tails
        .open(asked(Query::default()), Start::Now, None)
        .await
        .unwrap();
    assert!(matches!(next(&mut tail).await, Given::Quiet));
    scene.inner.lock().unwrap().is_away = true;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(next(&mut tail).await);
    }
    let away = told
        .iter()
        .filter(|given| matches!(given, Given::Away))
        .count();
    let quiet = told
        .iter()
        .filter(|given| matches!(given, Given::Quiet))
        .count();
    assert_eq!((away, quiet), (1, 4), "{told:?}");
    scene.store(4);
    scene.inner.lock().unwrap().is_away = false;
    loop {
        match next(&mut tail).await {
            Given::Quiet => {}
            Given::Records(chunk) => break assert_eq!(chunk.records, 4),
            other => panic!("{other:?}"),
        }
    }
}
