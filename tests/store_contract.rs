//! What a store promises, tried on each: one suite over the trait, without the service around it.

mod facets;
mod feed;
mod inserts;
mod large;
mod letters;
mod nested;
mod pages;
mod random;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::{Order, Query};
use record::batch::{BatchBuilder, BatchOrigin};
use record::bson_writer::BsonWriter;
use record::document;
use record::documents::{DocumentList, Documents};
use record::id::{BatchId, IdFormat, KeyDigest, RecordId};
use store::address::MongoAddress;
use store::blocks::{BlockSettings, BlockStore};
use store::mongo::{MongoStore, Target};
use store::page::Page;
use store::sqlite::SqliteStore;
use store::{PageLimit, Store};
use tempfile::TempDir;

use crate::support::mongod;
use crate::support::stores::{Backend, database};

/// Longer than any call here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Short, so that a test need not wait for a look.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Attributes of such a number and above have as many bytes.
const LARGE_NUMBER: i64 = 10_000;
const BLOCK_SETTINGS: BlockSettings = BlockSettings {
    cache_bytes: 8 << 20,
    min_free_disk: 0,
};
const SERVICES: [&str; 2] = ["checkout", "Päy"];
/// As many as all tests put into one store.
const ALL: PageLimit = PageLimit {
    rows: 1_000_000,
    bytes: 1 << 30,
    looked_at: 1_000_000,
    time: PATIENCE,
    record_time: PATIENCE,
};

/// Where a store keeps its data: it can be opened there again and again.
enum Place {
    Rows(TempDir),
    Blocks(TempDir),
    Database { uri: String, name: String },
}

/// An open store.
#[derive(Clone)]
struct Opened {
    store: Arc<dyn Store>,
    clock: Arc<SystemClock>,
}

/// A record to be stored.
#[derive(Debug, Clone, PartialEq)]
struct Sample {
    nanos: i64,
    level: Option<String>,
    message: String,
    /// What the attributes are made of, if there are any.
    number: Option<i64>,
}

/// A row as it came back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    id: RecordId,
    level: Option<String>,
    message: String,
    attributes: Option<String>,
}

impl Place {
    async fn new(backend: Backend, test: &str) -> Self {
        match backend {
            Backend::Sqlite => Self::Rows(tempfile::tempdir().unwrap()),
            Backend::Blocks => Self::Blocks(tempfile::tempdir().unwrap()),
            Backend::MongoDb => Self::Database {
                uri: mongod::shared().await.uri(),
                name: database(test),
            },
        }
    }

    fn open(&self) -> Opened {
        let clock = Arc::new(SystemClock::start());
        let clock_too: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let store: Arc<dyn Store> = match self {
            Self::Rows(folder) => Arc::new(SqliteStore::open(folder.path(), clock_too).unwrap()),
            Self::Blocks(folder) => {
                let store = BlockStore::open(folder.path(), clock_too, BLOCK_SETTINGS);
                Arc::new(store.unwrap())
            }
            Self::Database { uri, name } => {
                let target = Target {
                    address: MongoAddress::parse(uri).unwrap(),
                    database: name.clone(),
                    collection: "logs".to_owned(),
                    compression: None,
                    max_connections: 16,
                    look_interval: LOOK_INTERVAL,
                    new_format: Arc::new(|| IdFormat::Ordered),
                };
                Arc::new(MongoStore::start(target, clock_too))
            }
        };
        Opened { store, clock }
    }
}

impl Opened {
    /// How many were new, and how many were there.
    async fn insert(&self, documents: &Arc<DocumentList>) -> (u64, usize) {
        self.insert_range(documents, 0..documents.len()).await
    }

    async fn insert_range(
        &self,
        documents: &Arc<DocumentList>,
        range: Range<usize>,
    ) -> (u64, usize) {
        let (mut left, mut sum) = (range, (0, 0));
        while !left.is_empty() {
            let deadline = self.clock.elapsed() + PATIENCE;
            let inserted = self
                .store
                .insert(Arc::clone(documents), left.clone(), deadline);
            let report = inserted.await.unwrap();
            let done = left.start..report.undone.unwrap_or(left.end);
            assert!(!done.is_empty(), "it comes further");
            let there = &report.already_stored;
            assert!(there.iter().all(|position| done.contains(position)));
            assert_eq!((report.refused.len(), report.doubtful.len()), (0, 0));
            sum = (sum.0 + report.stored, sum.1 + there.len());
            left.start = done.end;
        }
        sum
    }

    async fn receipt(&self, batch: BatchId, time: Timestamp) -> Timestamp {
        let deadline = self.clock.elapsed() + PATIENCE;
        let asked = vec![origin(batch, time)];
        let receipts = self.store.receipts(asked, deadline).await;
        receipts.unwrap()[0]
    }

    async fn page(&self, query: &Query, after: Option<RecordId>, limit: PageLimit) -> Page {
        let deadline = self.clock.elapsed() + PATIENCE;
        let page = self.store.page(query, after, limit, deadline);
        page.await.unwrap().read(query).await.unwrap()
    }

    /// Everything that matches, page by page.
    async fn walk(&self, query: &Query, limit: PageLimit) -> Vec<Found> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(query, after, limit).await;
            rows.extend(found(&page));
            match page.next {
                Some(next) => {
                    let is_behind = match (after, query.order) {
                        (None, _) => true,
                        (Some(after), Order::Ascending) => next > after,
                        (Some(after), Order::Descending) => next < after,
                    };
                    assert!(is_behind, "the next page starts behind this one");
                    after = Some(next);
                }
                None => return rows,
            }
        }
    }

    async fn everything(&self) -> Vec<Found> {
        self.walk(&Query::default(), ALL).await
    }
}

impl Sample {
    fn at(nanos: i64, level: &str, message: impl Into<String>) -> Self {
        Self {
            nanos,
            level: Some(level.to_owned()),
            message: message.into(),
            number: None,
        }
    }

    /// The row that it becomes as number `position` of a batch.
    fn row(&self, batch: BatchId, position: usize) -> Found {
        let position = u32::try_from(position).unwrap();
        Found {
            id: RecordId::new(Timestamp::from_nanos(self.nanos), batch, position),
            level: self.level.clone(),
            message: self.message.clone(),
            attributes: self.number.map(shown_attributes),
        }
    }
}

/// The attributes of `number` as a reader gets them; [`write_attributes`] writes them.
fn shown_attributes(number: i64) -> String {
    let service = SERVICES[usize::from(number % 2 == 0)];
    let status = number.rem_euclid(5) * 100;
    let flag = number % 3 == 0;
    let filler =
        filler(number).map_or_else(String::new, |filler| format!(r#","filler":"{filler}""#));
    format!(
        r#"{{"number":{number},"service":"{service}","http":{{"status":{status}}},"a.b":{flag},"tags":["x",{number}]{filler}}}"#
    )
}

fn filler(number: i64) -> Option<String> {
    let is_large = number >= LARGE_NUMBER;
    is_large.then(|| "f".repeat(usize::try_from(number).unwrap()))
}

fn write_attributes(number: i64, writer: &mut BsonWriter<'_>) {
    writer.integer("number", number);
    writer.string("service", SERVICES[usize::from(number % 2 == 0)]);
    let http = writer.open_document("http");
    writer.integer("status", number.rem_euclid(5) * 100);
    writer.close(http);
    writer.boolean("a.b", number % 3 == 0);
    let tags = writer.open_array("tags");
    writer.string("0", "x");
    writer.integer("1", number);
    writer.close(tags);
    if let Some(filler) = filler(number) {
        writer.string("filler", &filler);
    }
}

fn batch_id(key: &str) -> BatchId {
    BatchId::keyed(key, b"")
}

fn origin(id: BatchId, received_at: Timestamp) -> BatchOrigin {
    BatchOrigin {
        id,
        key: Some(KeyDigest::of("key")),
        content_key: false,
        received_at,
    }
}

/// The samples as one batch, without an order, which one of the stores does not keep.
fn documents(key: &str, samples: &[Sample]) -> Arc<DocumentList> {
    let received_at = Timestamp::from_nanos(1_700_000_000_000_000_000);
    let mut builder = BatchBuilder::new(
        batch_id(key),
        Some(KeyDigest::of(key)),
        received_at,
        usize::MAX,
    );
    for sample in samples {
        let time = Some(Timestamp::from_nanos(sample.nanos));
        builder.record(time, sample.level.as_deref(), &sample.message, |writer| {
            if let Some(number) = sample.number {
                write_attributes(number, writer);
            }
            Ok(())
        });
    }
    let (batch, rejects) = builder.finish();
    assert_eq!(rejects.count, 0);
    let mut plain = Vec::new();
    for document in batch.documents.slices(0..samples.len()) {
        document::write_as(&mut plain, document, IdFormat::Plain, true);
    }
    Arc::new(Documents::from_encoded(plain).unwrap().into())
}

/// `count` records with one millisecond between two.
fn series(count: usize) -> Vec<Sample> {
    let numbers = 0..i64::try_from(count).unwrap();
    numbers
        .map(|number| Sample::at(number * 1_000_000, "INFO", format!("message {number}")))
        .collect()
}

/// The rows that the samples of one batch become, in the order of their ids.
fn rows(key: &str, samples: &[Sample]) -> Vec<Found> {
    let batch = batch_id(key);
    let numbered = samples.iter().enumerate();
    let mut rows: Vec<Found> = numbered
        .map(|(position, sample)| sample.row(batch, position))
        .collect();
    rows.sort_by_key(|row| row.id);
    rows
}

fn found(page: &Page) -> Vec<Found> {
    let rows = (0..page.len()).map_while(|position| page.row(position));
    rows.map(|row| Found {
        id: row.id,
        level: row.level.map(str::to_owned),
        message: row.message.to_owned(),
        attributes: row.attributes.map(|all| all.json().unwrap().into_owned()),
    })
    .collect()
}

/// Runs a test on a fresh place; the bound tells the compiler what the closure takes.
async fn run(backend: Backend, name: &str, test: impl AsyncFnOnce(Place)) {
    test(Place::new(backend, name).await).await;
}

/// Makes three tests of one closure: `name::on_sqlite`, `name::on_blocks` and `name::on_mongodb`.
macro_rules! contract {
    ($name:ident, $test:expr) => {
        async fn $name(backend: crate::support::stores::Backend) {
            crate::store_contract::run(backend, stringify!($name), $test).await;
        }

        mod $name {
            use crate::support::stores::Backend;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_blocks() {
                super::$name(Backend::Blocks).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mongodb() {
                super::$name(Backend::MongoDb).await;
            }
        }
    };
}

use contract;
