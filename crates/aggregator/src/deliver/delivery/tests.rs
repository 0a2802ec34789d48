//! Every record of a portion gets its fate, whatever the store says: on a store that follows a script.

use super::*;
use crate::accounting::admission::Admission;
use crate::accounting::record_counts::Accounting;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings, recovery};
use crate::deliver::dead_letters::DeadLetter;
use async_trait::async_trait;
use logs::clock::SystemClock;
use query::Query;
use query::interval::Interval;
use record::batch::BatchBuilder;
use record::id::{KeyDigest, RecordId};
use spool::BatchOutcome;
use spool::disk::Folder;
use spool::{self, Bounds, Consumer, Portion, SpoolOptions};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use store::counts::Counts;
use store::page_reply::PageReply;
use store::{Forgotten, PageLimit, Store, StoreStatus};
use tokio::sync::Notify;

/// What the store says to the inserts that it gets, one after another; then it takes everything.
type Script = Box<dyn Fn(&[String]) -> Answer + Send + Sync>;

enum Answer {
    Take,
    Duplicate,
    Fail(StoreError),
    /// The document at this place of the insert.
    Doubt(usize),
    Refuse(usize),
    Panic,
}

struct Scripted {
    script: Script,
    inserts: Mutex<Vec<Vec<String>>>,
    times: Mutex<VecDeque<Timestamp>>,
    is_back: Notify,
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
        let mut report = InsertReport::default();
        let told = |place: usize| Refused {
            position: range.start + place,
            reason: "as written in the script".to_owned(),
        };
        match (self.script)(&messages) {
            Answer::Take => {}
            Answer::Duplicate => report.already_stored = range.clone().collect(),
            Answer::Fail(error) => return Err(error),
            Answer::Doubt(place) => report.doubtful.push(told(place)),
            Answer::Refuse(place) => report.refused.push(told(place)),
            Answer::Panic => panic!("as written in the script"),
        }
        let named = report.already_stored.len() + report.refused.len() + report.doubtful.len();
        report.stored = (range.len() - named) as u64;
        Ok(report)
    }

    async fn receipts(
        &self,
        batches: Vec<(BatchId, Timestamp)>,
        _deadline: Duration,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let mut known = self.times.lock().unwrap();
        Ok(batches
            .iter()
            .map(|(_, own)| known.pop_front().unwrap_or(*own))
            .collect())
    }

    async fn forget_receipts(
        &self,
        _after: Option<BatchId>,
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
        _interval: Interval,
        _time: Duration,
        _deadline: Duration,
    ) -> Result<Counts, StoreError> {
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
            receipts: None,
        }
    }

    async fn close(&self) {}
}

fn message(document: &[u8]) -> String {
    let raw = bson::RawDocument::from_bytes(document).unwrap();
    raw.get_str("message").unwrap().to_owned()
}

struct Fixture {
    _folder: tempfile::TempDir,
    _committer: spool::Committer,
    consumer: Consumer,
    delivery: Delivery,
    store: Arc<Scripted>,
    accounting: Arc<Accounting>,
}

const TIMEOUT: Duration = Duration::from_secs(10);

fn start(script: impl Fn(&[String]) -> Answer + Send + Sync + 'static) -> Fixture {
    start_with(Settings::write_lane(TIMEOUT), script)
}

fn start_with(
    settings: Settings,
    script: impl Fn(&[String]) -> Answer + Send + Sync + 'static,
) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let accounting = Arc::<Accounting>::default();
    let disk = |name| Arc::new(Folder::create(&folder.path().join(name)).unwrap());
    let options = SpoolOptions {
        disk: disk("spool"),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes: 1 << 16,
        },
        clock: Arc::clone(&clock),
        accounts: Arc::clone(&accounting) as Arc<dyn spool::Accounts>,
    };
    let (spool, committer, consumer) = spool::open(options, false).unwrap();
    let store = Arc::new(Scripted {
        script: Box::new(script),
        inserts: Mutex::default(),
        times: Mutex::default(),
        is_back: Notify::new(),
    });
    let breaker = Arc::new(Breaker::new(settings, 1));
    let writer = Arc::new(Writer {
        store: Arc::clone(&store) as Arc<dyn Store>,
        guard: Guard::new(breaker, Arc::clone(&clock)),
    });
    let (lane, _) = Lane::start(8, 2, Arc::clone(&writer), Arc::clone(&clock));
    let delivery = Delivery {
        spool,
        lane,
        writer,
        dead_letters: Arc::new(DeadLetters::open(disk("rejected"), 1 << 20).unwrap()),
        statuses: Arc::default(),
        clock,
        timeout: TIMEOUT,
        problems: Problems::default(),
    };
    Fixture {
        _folder: folder,
        _committer: committer,
        consumer,
        delivery,
        store,
        accounting,
    }
}

fn batch(key: &str, messages: &[&str], dated: bool) -> Batch {
    let id = BatchId::keyed(key, b"body");
    let now = Timestamp::from_nanos(1_000_000_000);
    let mut builder = BatchBuilder::new(id, Some(KeyDigest::of(key)), now, usize::MAX);
    for message in messages {
        builder.record(dated.then_some(now), None, message, |_| Ok(()));
    }
    builder.finish().0
}

impl Fixture {
    /// Appends the batches, delivers them in one portion, and tells what became of each.
    async fn deliver(&mut self, batches: Vec<Batch>) -> Vec<BatchOutcome> {
        let admission = Admission::new(1 << 20);
        let mut outcomes = Vec::new();
        for batch in batches {
            let room = admission.reserve(1).unwrap();
            let (statuses, id) = (&self.delivery.statuses, batch.id);
            statuses.expect(id, batch.received_at, batch.documents.len());
            outcomes.push(statuses.outcome(id).unwrap());
            self.delivery.spool.append(batch, room).await.unwrap();
        }
        let portion = Portion {
            documents: 1000,
            bytes: 1 << 20,
        };
        let portion = self.consumer.next(portion).await.unwrap().unwrap();
        assert_eq!(portion.len(), outcomes.len());
        self.delivery.deliver(portion).await;
        let mut told = Vec::new();
        for outcome in outcomes {
            told.push(outcome.get().await.unwrap());
        }
        told
    }

    async fn set_aside(&self) -> Vec<DeadLetter> {
        let mut all = Vec::new();
        for number in self.delivery.dead_letters.numbers() {
            all.extend(self.delivery.dead_letters.read(number).await.unwrap());
        }
        all
    }

    fn inserts(&self) -> usize {
        self.store.inserts.lock().unwrap().len()
    }
}

fn stored(stored: u64) -> BatchOutcome {
    BatchOutcome {
        stored,
        ..BatchOutcome::default()
    }
}

#[tokio::test]
async fn several_batches_go_in_one_insert_and_each_is_told_its_own_outcome() {
    let mut place = start(|_| Answer::Take);
    let batches = vec![batch("a", &["1", "2"], true), batch("b", &["3"], true)];
    assert_eq!(place.deliver(batches).await, [stored(2), stored(1)]);
    assert_eq!(place.inserts(), 1);
    let accounts = place.accounting.snapshot();
    assert_eq!(
        (accounts.received, accounts.stored, accounts.waiting),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn what_was_there_already_is_told() {
    let mut place = start(|_| Answer::Duplicate);
    let told = place.deliver(vec![batch("a", &["1", "2"], true)]).await;
    assert_eq!((told[0].stored, told[0].already_stored), (0, 2));
}

#[tokio::test]
async fn an_insert_that_fails_in_passing_is_sent_until_it_succeeds() {
    let failures = Mutex::new(3);
    let mut place = start(move |_| {
        let mut left = failures.lock().unwrap();
        if *left == 0 {
            return Answer::Take;
        }
        *left -= 1;
        Answer::Fail(StoreError::Unavailable("away".to_owned()))
    });
    assert_eq!(
        place.deliver(vec![batch("a", &["1"], true)]).await,
        [stored(1)]
    );
    assert_eq!(place.inserts(), 4);
    assert_eq!(*place.delivery.problems.attempt.lock().unwrap(), None);
    assert!(place.set_aside().await.is_empty());
}

#[tokio::test]
async fn a_record_that_is_refused_for_good_is_set_aside_and_does_not_stop_the_others() {
    let mut place = start(|_| Answer::Refuse(1));
    let batches = vec![batch("a", &["1"], true), batch("b", &["bad", "3"], true)];
    let told = place.deliver(batches).await;
    assert_eq!(told[0], stored(1));
    assert_eq!((told[1].stored, told[1].refused), (1, 1));
    let aside = place.set_aside().await;
    assert_eq!(message(&aside[0].document), "bad");
    assert_eq!(aside[0].reason, "as written in the script");
    assert_eq!(place.accounting.snapshot().rejected.set_aside, 1);
}

#[tokio::test]
async fn an_unknown_refusal_is_tried_again_alone_a_few_times_before_it_is_believed() {
    let mut place = start(
        |messages| match messages.iter().position(|text| text == "odd") {
            Some(odd) => Answer::Doubt(odd),
            None => Answer::Take,
        },
    );
    let told = place
        .deliver(vec![batch("a", &["1", "odd", "3"], true)])
        .await;
    assert_eq!((told[0].stored, told[0].refused), (2, 1));
    let alone = vec!["odd".to_owned()];
    let inserts = place.store.inserts.lock().unwrap().clone();
    assert_eq!(inserts[1..], [alone.clone(), alone.clone(), alone]);
    assert_eq!(place.set_aside().await.len(), 1);
}

#[tokio::test]
async fn an_unknown_refusal_that_does_not_come_again_was_none() {
    let mut place = start(|messages| match messages.len() {
        1 => Answer::Take,
        _ => Answer::Doubt(0),
    });
    let told = place.deliver(vec![batch("a", &["1", "2"], true)]).await;
    assert_eq!(told, [stored(2)]);
    assert!(place.set_aside().await.is_empty());
}

#[tokio::test]
async fn of_a_command_that_is_refused_whole_only_the_record_to_blame_is_set_aside() {
    for fatal in [false, true] {
        let mut place = start(
            move |messages| match messages.iter().any(|text| text == "bad") {
                true if fatal => Answer::Panic,
                true => Answer::Fail(StoreError::Rejected("no such thing".to_owned())),
                false => Answer::Take,
            },
        );
        let told = place
            .deliver(vec![batch("a", &["1", "2", "bad", "4", "5"], true)])
            .await;
        assert_eq!((told[0].stored, told[0].refused), (4, 1));
        let aside = place.set_aside().await;
        assert_eq!(aside.len(), 1);
        assert_eq!(message(&aside[0].document), "bad");
    }
}

#[tokio::test]
async fn a_store_that_is_seen_to_come_back_is_asked_at_once_however_long_the_breaker_would_wait() {
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let long = Settings {
        open_base: Duration::from_secs(3600),
        open_max: Duration::from_secs(3600),
        ..Settings::write_lane(TIMEOUT)
    };
    let mut place = start_with(long, move |_| match away.load(Ordering::Relaxed) {
        true => Answer::Fail(StoreError::Unavailable("away".to_owned())),
        false => Answer::Take,
    });
    let (store, writer) = (Arc::clone(&place.store), Arc::clone(&place.delivery.writer));
    let _recovery = recovery::start(Arc::clone(&writer.store), vec![writer.guard.clone()]);
    let coming_back = tokio::spawn(async move {
        while writer.guard.snapshot().opened == 0 {
            tokio::task::yield_now().await;
        }
        is_away.store(false, Ordering::Relaxed);
        store.is_back.notify_one();
    });
    let told = place.deliver(vec![batch("a", &["1"], true)]);
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    assert_eq!(told.expect("it waits on"), [stored(1)]);
    coming_back.await.unwrap();
}

#[tokio::test]
async fn undated_records_of_a_keyed_batch_get_the_time_that_the_store_remembers() {
    let place = start(|_| Answer::Take);
    let remembered = Timestamp::from_nanos(2_000_000_077);
    place.store.times.lock().unwrap().push_back(remembered);
    let batches = vec![batch("a", &["1"], true), batch("b", &["2"], false)];
    let (seqs, times) = prepared(&place, batches).await;
    assert_eq!(seqs, [1, 2]);
    assert_eq!(times, [1_000_000_000, remembered.nanos()]);
}

#[tokio::test]
async fn the_batches_of_a_portion_go_to_the_store_in_the_order_of_their_times() {
    let place = start(|_| Answer::Take);
    // Also when its time is known only now.
    let remembered = [Timestamp::from_nanos(77), Timestamp::from_nanos(76)];
    place.store.times.lock().unwrap().extend(remembered);
    let batches = vec![
        batch("a", &["1"], true),
        batch("b", &["2", "3"], false),
        batch("c", &["4"], false),
    ];
    let (seqs, times) = prepared(&place, batches).await;
    assert_eq!(seqs, [3, 2, 1]);
    assert_eq!(times, [76, 77, 77, 1_000_000_000]);
}

/// The places of these batches in the spool, as they go to the store, and the times of their documents.
async fn prepared(place: &Fixture, batches: Vec<Batch>) -> (Vec<u64>, Vec<i64>) {
    let spooled = (1..)
        .zip(batches)
        .map(|(seq, batch)| Spooled { seq, batch });
    let (parts, documents) = place.delivery.prepare(spooled.collect()).await;
    let times = documents.slices(0..documents.len());
    let times = times.map(|document| record::document::time_of(document).unwrap().nanos());
    (parts.iter().map(|part| part.seq).collect(), times.collect())
}
