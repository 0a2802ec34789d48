//! The engine over a real file: what is stored once, what is read in which order, what merging leaves as it was.

mod counting;
mod days;
mod forgetting;
mod ledger;
mod merging;
mod power_loss;
mod reading;
mod removing;
mod trouble;
mod values;
mod verifying;

use super::cache::BlockCache;
use super::file::BlockFile;
use super::merging::merge_all;
use super::portion::Portion;
use super::read::Reading;
use super::spare_threads::SpareThreads;
use super::storage::{Day, Listed, Readable, Storage};
use crate::page::Page;
use crate::{InsertReport, PageLimit, StoreError};
use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::{Order, Query};
use record::batch::{BatchBuilder, BatchOrigin};
use record::bson_writer::BsonWriter;
use record::documents::{DocumentList, Source};
use record::id::{BatchId, KeyDigest, RecordId};
use record::order::Taken;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than any call here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const DAY: i64 = 86_400_000_000_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000_000;
const ALL: PageLimit = PageLimit {
    rows: 1_000_000,
    bytes: 1 << 30,
    looked_at: 1 << 30,
    time: PATIENCE,
    record_time: PATIENCE,
};

/// A file of blocks in a folder of its own.
struct Store {
    file: BlockFile,
    cache: BlockCache,
    spare: SpareThreads,
    clock: Arc<SystemClock>,
    folder: TempDir,
}

/// A row as it came back: its id, its level, its text and its attributes.
type Row = (RecordId, Option<String>, String, Option<String>);

/// A record that is sent: nanoseconds behind the start, and a number that all else is made of.
type Sample = (i64, u32);

impl Store {
    fn new() -> Self {
        Self::opened(tempfile::tempdir().unwrap(), 0)
    }

    fn opened(folder: TempDir, min_free_disk: u64) -> Self {
        let clock = Arc::new(SystemClock::start());
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        Self {
            file: BlockFile::open(folder.path(), shared, min_free_disk).unwrap(),
            cache: BlockCache::new(1 << 20),
            spare: SpareThreads::new(1),
            clock,
            folder,
        }
    }

    fn again(self) -> Self {
        let Self { file, folder, .. } = self;
        drop(file);
        Self::opened(folder, 0)
    }

    fn try_insert(
        &self,
        list: &DocumentList,
        range: Range<usize>,
    ) -> Result<InsertReport, StoreError> {
        let deadline = self.clock.elapsed() + PATIENCE;
        let portion = Portion::read(list, range);
        let stored = portion.store(&self.file, &*self.clock, deadline);
        stored.map(|(report, _)| report)
    }

    /// How many were new, and which were there.
    fn insert(&self, list: &DocumentList) -> (u64, Vec<usize>) {
        let report = self.try_insert(list, 0..list.len()).unwrap();
        assert_eq!(report.refused, []);
        (report.stored, report.already_stored)
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            storage: &self.file,
            cache: &self.cache,
            spare: &self.spare,
        }
    }

    fn page(
        &self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
    ) -> Result<Page, StoreError> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        self.reading().page(query, after, limit, &clock)
    }

    /// All that matches, page by page.
    fn walk(&self, query: &Query, limit: PageLimit) -> Vec<Row> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(query, after, limit).unwrap();
            rows.extend(page.rows().map(|row| {
                let attributes = row.attributes.map(|all| all.json().unwrap().into_owned());
                let level = row.level.map(str::to_owned);
                (row.id, level, row.message.to_owned(), attributes)
            }));
            let Some(next) = page.next else {
                return rows;
            };
            let comes_on = after.is_none_or(|after| match query.order {
                Order::Ascending => next > after,
                Order::Descending => next < after,
            });
            assert!(comes_on, "each page comes further than the one before");
            after = Some(next);
        }
    }

    fn all(&self) -> Vec<Row> {
        self.walk(&Query::default(), ALL)
    }

    fn blocks(&self) -> Vec<Listed> {
        let snapshot = self.file.read().unwrap();
        snapshot.list(Day(i64::MIN)..Day(i64::MAX)).unwrap()
    }
}

/// What the door makes of samples that come in one request.
struct Door {
    taken: Taken,
    seq: u64,
}

impl Door {
    fn new() -> Self {
        Self {
            taken: Taken::default(),
            seq: 0,
        }
    }

    /// A batch under a key, or without one; one that comes again under its key has another delay and receipt.
    fn batch(&mut self, name: &str, has_key: bool, samples: &[Sample]) -> DocumentList {
        let message = |number| format!("message {number} of {}", number % 7);
        self.made(name, has_key, samples, message, usual_attributes)
    }

    /// The same without a key, where all say one thing.
    fn batch_saying(&mut self, name: &str, samples: &[Sample], message: &str) -> DocumentList {
        let message = |_| message.to_owned();
        self.made(name, false, samples, message, usual_attributes)
    }

    /// The same with these attributes.
    fn with_attributes(
        &mut self,
        name: &str,
        samples: &[Sample],
        attributes: impl FnMut(u32, &mut BsonWriter<'_>),
    ) -> DocumentList {
        let message = |number| format!("message {number}");
        self.made(name, false, samples, message, attributes)
    }

    fn made(
        &mut self,
        name: &str,
        has_key: bool,
        samples: &[Sample],
        message: impl Fn(u32) -> String,
        mut attributes: impl FnMut(u32, &mut BsonWriter<'_>),
    ) -> DocumentList {
        self.seq += 1;
        let now = START + DAY + i64::try_from(self.seq).unwrap() * 1_000_000_000;
        let received_at = Timestamp::from_nanos(now);
        let id = BatchId::keyed(name, b"body");
        let key = has_key.then(|| KeyDigest::of(name));
        let mut builder = BatchBuilder::new(id, key, received_at, usize::MAX);
        for (after, number) in samples {
            let time = Some(Timestamp::from_nanos(START + after));
            let level = ["INFO", "WARN", "error", "Straße"].get(*number as usize % 5);
            builder.record(time, level.copied(), &message(*number), |writer| {
                attributes(*number, writer);
                Ok(())
            });
        }
        builder.take(&mut self.taken);
        let documents = builder.finish().0.documents;
        let origin = BatchOrigin {
            id,
            key,
            content_key: false,
            received_at,
        };
        let source = Source {
            origin,
            seq: self.seq,
        };
        DocumentList::of_batches(vec![(documents, source)])
    }
}

fn usual_attributes(number: u32, writer: &mut BsonWriter<'_>) {
    writer.integer("number", i64::from(number));
    writer.string(["a", "b.c", "ä"][number as usize % 3], "value");
}

/// So many samples, one after another by a step, from a time behind the start on.
fn series(from: i64, count: u32, step: i64) -> Vec<Sample> {
    (0..count)
        .map(|number| (from + i64::from(number) * step, number))
        .collect()
}
