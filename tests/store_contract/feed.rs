//! The feed: each record that is stored newly is announced once, whatever comes again and whoever opens the store.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use logs::Timestamp;
use logs::clock::Clock as _;
use query::Query;
use record::documents::{DocumentList, Documents};
use record::id::RecordId;
use store::feed::{EntriesBehind, FeedEntry, FeedSource, Gap, Vector};
use tempfile::TempDir;

use super::{ALL, Opened, PATIENCE, Place, Sample, batch_id, documents, found, series};
use crate::support::stores::Backend;

const DAY: i64 = 86_400_000_000_000;
const LIMIT: usize = 1_000;

impl Opened {
    fn feed(&self) -> Arc<dyn FeedSource> {
        self.store.feed().unwrap()
    }

    async fn settled(&self) -> Vector {
        let deadline = self.clock.elapsed() + PATIENCE;
        self.feed().settled(deadline).await.unwrap()
    }

    async fn behind(&self, after: &Vector) -> EntriesBehind {
        let deadline = self.clock.elapsed() + PATIENCE;
        self.feed().behind(after, LIMIT, deadline).await.unwrap()
    }

    /// All entries, of a feed that nobody has lost.
    async fn entries(&self) -> Vec<FeedEntry> {
        let found = self.behind(&Vector::new()).await;
        assert_eq!((found.gaps.len(), found.more), (0, false));
        found.entries
    }

    /// The records that an entry announces, read as its readers read them.
    async fn announced(&self, entry: &FeedEntry) -> Vec<RecordId> {
        let mut ids = Vec::new();
        for span in &entry.spans {
            let query = Query {
                start: Some(span.start),
                end: Some(span.end),
                ..Query::default()
            };
            let rows = found(&self.page(&query, None, ALL).await);
            let rows = rows.into_iter().map(|row| row.id);
            ids.extend(rows.filter(|id| entry.announced.has(id)));
        }
        assert_eq!(ids.len() as u64, entry.announced.records(), "{entry:?}");
        ids
    }

    /// Each record that is stored is announced once, by entries whose numbers have no gaps.
    async fn assert_each_is_announced_once(&self) {
        let mut announced = Vec::new();
        for (number, entry) in (1..).zip(self.entries().await) {
            assert_eq!(entry.reached.number, number);
            announced.extend(self.announced(&entry).await);
        }
        announced.sort_unstable();
        let stored = self.everything().await.into_iter().map(|row| row.id);
        assert_eq!(announced, stored.collect::<Vec<_>>());
    }
}

/// What a batch is known by in an entry.
fn name(key: &str) -> [u8; 8] {
    *batch_id(key).as_bytes()
}

/// What an entry says of each batch.
fn positions(entry: &FeedEntry) -> BTreeMap<[u8; 8], Vec<u32>> {
    let batches = entry.announced.batches();
    batches
        .map(|(batch, have)| (*batch.as_bytes(), have.runs().flatten().collect()))
        .collect()
}

/// On each store that has a file of its own.
async fn embedded(name: &str, test: impl AsyncFn(Place)) {
    for backend in [Backend::Sqlite, Backend::Blocks] {
        test(Place::new(backend, name).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_is_announced_once_and_what_comes_again_is_not() {
    embedded("new", async |place| {
        let opened = place.open();
        let documents = documents("one", &series(10));
        opened.insert_range(&documents, 2..6).await;
        opened.insert_range(&documents, 2..6).await;
        assert_eq!(opened.entries().await.len(), 1);
        opened.insert_range(&documents, 0..8).await;
        let entries = opened.entries().await;
        assert_eq!(entries.len(), 2);
        let new = BTreeMap::from([(name("one"), vec![0, 1, 6, 7])]);
        assert_eq!(positions(&entries[1]), new);
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portion_of_several_batches_is_one_entry() {
    embedded("several", async |place| {
        let opened = place.open();
        let one = documents("one", &series(3));
        let other = documents("other", &series(2));
        opened.insert_range(&one, 1..2).await;
        let documents = one.slices(0..3).chain(other.slices(0..2));
        let together = Documents::from_encoded(documents.flatten().copied().collect());
        let together: Arc<DocumentList> = Arc::new(together.unwrap().into());
        assert_eq!(opened.insert(&together).await, (4, 1));
        let entries = opened.entries().await;
        let new = [(name("one"), vec![0, 2]), (name("other"), vec![0, 1])];
        assert_eq!(positions(&entries[1]), BTreeMap::from(new));
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_numbers_go_on_and_nothing_is_announced_again() {
    embedded("restart", async |place| {
        let first = place.open();
        first.insert(&documents("one", &series(5))).await;
        let before = first.settled().await;
        first.store.close().await;
        drop(first);
        let second = place.open();
        second.insert(&documents("one", &series(5))).await;
        assert_eq!(second.settled().await, before);
        second.insert(&documents("two", &series(5))).await;
        let found = second.behind(&before).await;
        assert_eq!((found.entries.len(), found.gaps.len()), (1, 0));
        let (entry, (feed, reached)) = (&found.entries[0], before.iter().next().unwrap());
        assert_eq!((entry.feed, entry.reached.number), (*feed, 2));
        assert_ne!(entry.reached.life, reached.life, "each start is a life");
        second.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_announced_when_it_is_stored_and_not_before() {
    embedded("refused", async |place| {
        let opened = place.open();
        let good = documents("good", &series(3));
        let mut bytes: Vec<u8> = good.slices(0..2).flatten().copied().collect();
        // A document that says nothing.
        bytes.extend([5, 0, 0, 0, 0]);
        let with_bad: Arc<DocumentList> = Arc::new(Documents::from_encoded(bytes).unwrap().into());
        let deadline = opened.clock.elapsed() + PATIENCE;
        let inserted = opened.store.insert(Arc::clone(&with_bad), 0..3, deadline);
        let report = inserted.await.unwrap();
        assert_eq!((report.stored, report.refused.len()), (2, 1));
        // Nothing of this is stored.
        let inserted = opened.store.insert(with_bad, 2..3, deadline);
        assert_eq!(inserted.await.unwrap().refused.len(), 1);
        let aside = opened
            .store
            .will_be_set_aside(Arc::clone(&good), vec![2], deadline);
        aside.await.unwrap();
        let entries = opened.entries().await;
        assert_eq!(entries.len(), 1);
        assert_eq!(positions(&entries[0])[&name("good")], [0, 1]);
        // It was mended, and is put back.
        opened.insert(&good).await;
        assert_eq!(positions(&opened.entries().await[1])[&name("good")], [2]);
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_far_apart_have_spans_of_their_own() {
    embedded("spans", async |place| {
        let opened = place.open();
        let times = [3 * DAY, 7, 3 * DAY + 1, -400 * DAY, 8, 10 * DAY, 20 * DAY];
        let samples = times.map(|nanos| Sample::at(nanos, "INFO", "far"));
        opened.insert(&documents("far", &samples)).await;
        let entries = opened.entries().await;
        let span = |start: i64, end: i64| Timestamp::from_nanos(start)..Timestamp::from_nanos(end);
        let spans = [
            span(-400 * DAY, 1 - 400 * DAY),
            span(7, 9),
            span(3 * DAY, 3 * DAY + 2),
            span(10 * DAY, 10 * DAY + 1),
            span(20 * DAY, 20 * DAY + 1),
        ];
        assert_eq!(entries[0].spans, spans);
        let many: Vec<Sample> = (0..200)
            .map(|day| Sample::at(day * DAY, "INFO", "many"))
            .collect();
        opened.insert(&documents("many", &many)).await;
        assert_eq!(opened.entries().await[1].spans.len(), 16);
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_batch_that_comes_from_many_at_once_each_record_is_announced_once() {
    embedded("crowd", async |place| {
        let opened = place.open();
        let documents = documents("crowd", &series(400));
        let senders: Vec<_> = (0..16)
            .map(|sender| {
                let (opened, documents) = (opened.clone(), Arc::clone(&documents));
                let start = sender % 4 * 50;
                let range = start..start + 250;
                tokio::spawn(async move { opened.insert_range(&documents, range).await })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_of_what_was_stored_after_the_call() {
    embedded("changed", async |place| {
        let opened = place.open();
        let feed = opened.feed();
        assert_eq!(feed.way(), "embedded");
        let mut changed = feed.changed();
        opened.insert(&documents("one", &series(1))).await;
        // It was stored before anybody waited, and is told at once.
        let at_once = futures_util::poll!(&mut changed);
        assert!(at_once.is_ready());
        // And where nothing is stored, now and then.
        let soon = tokio::time::timeout(Duration::from_secs(30), feed.changed());
        soon.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_settled_holds_all_that_could_be_read_before() {
    embedded("settled", async |place| {
        let opened = place.open();
        let writer = {
            let opened = opened.clone();
            tokio::spawn(async move {
                for batch in 0..50 {
                    let documents = documents(&format!("batch {batch}"), &series(3));
                    opened.insert(&documents).await;
                }
            })
        };
        loop {
            let is_done = writer.is_finished();
            let read = opened.everything().await;
            let settled = opened.settled().await;
            let newest = settled.values().next().unwrap().number;
            let entries = opened.entries().await;
            let told = entries
                .iter()
                .filter(|entry| entry.reached.number <= newest);
            let told: Vec<&FeedEntry> = told.collect();
            for row in read {
                let has = told.iter().filter(|entry| entry.announced.has(&row.id));
                assert_eq!(has.count(), 1, "{:?}", row.id);
            }
            if is_done {
                break;
            }
        }
        writer.await.unwrap();
        opened.assert_each_is_announced_once().await;
    })
    .await;
}

/// What lies in a folder, in another one.
fn copy(from: &TempDir) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in fs::read_dir(from.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_comes_to_a_copy_behind_the_fork_is_told_and_one_of_before_goes_on() {
    embedded("fork", async |place| {
        let opened = place.open();
        opened.insert(&documents("one", &series(5))).await;
        let before = opened.settled().await;
        opened.store.close().await;
        drop(opened);
        let copied = match &place {
            Place::Rows(folder) => Place::Rows(copy(folder)),
            Place::Blocks(folder) => Place::Blocks(copy(folder)),
            Place::Database { .. } => unreachable!(),
        };
        let (original, copied) = (place.open(), copied.open());
        original.insert(&documents("two", &series(5))).await;
        copied.insert(&documents("three", &series(5))).await;
        let forked = original.settled().await;
        let (feed, newest) = copied.settled().await.into_iter().next().unwrap();
        let told = copied.behind(&forked).await;
        assert_eq!(told.gaps, [(feed, Gap::AnotherHistory, newest)]);
        assert_eq!(told.entries, []);
        let goes_on = copied.behind(&before).await;
        assert_eq!(goes_on.gaps, []);
        let new = positions(&goes_on.entries[0]);
        assert_eq!(new.into_keys().collect::<Vec<_>>(), [name("three")]);
        // Behind what the copy has.
        original.insert(&documents("four", &series(5))).await;
        let told = copied.behind(&original.settled().await).await;
        assert_eq!(told.gaps, [(feed, Gap::AnotherHistory, newest)]);
        copied.assert_each_is_announced_once().await;
    })
    .await;
}
