//! Counting in MongoDB: an aggregation by severity for each bucket, several of them in one command.
//!
//! A bucket is asked for as a range of ids, as everything is; so its count is that of the rows that a
//! search finds, whatever `time` says, and the server need not calculate with dates, which costs it more
//! than a range does. Each aggregation looks at a limited number of documents and tells the last one,
//! where the next command goes on if there may be more.

mod ahead;

use super::command::{self, Served};
use crate::clock::Clock;
use crate::histogram::Interval;
use crate::query::{Order, Query};
use crate::record_id::RecordId;
use crate::store::StoreError;
use crate::store::counts::{Counts, Group};
use ahead::Ahead;
use bson::RawDocument;
use bson::raw::RawBsonRef;
use logs::SEVERITY_UNKNOWN;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long the server may take for one command, about.
const COMMAND_TIME: Duration = Duration::from_millis(250);
/// Documents that one command is expected to look at; the first one has the least.
const DOCUMENTS: RangeInclusive<u64> = 20_000..=1_000_000;
/// A command looks at no more than so many times as is expected of it.
const SURPRISE: u64 = 4;
/// Buckets in one command.
const BUCKETS: u64 = 32;
/// Groups in one reply of the server: more than one command can have.
const REPLY: u32 = 20_000;

/// What is counted, and how long it may take.
pub(in crate::store::mongo) struct Task<'a> {
    pub(in crate::store::mongo) database: &'a Database,
    pub(in crate::store::mongo) collection: &'a str,
    /// It asks for nothing else than time and severity, and its range has not many buckets.
    pub(in crate::store::mongo) query: &'a Query,
    pub(in crate::store::mongo) interval: Interval,
    pub(in crate::store::mongo) clock: &'a dyn Clock,
    /// When no further command is begun.
    pub(in crate::store::mongo) until: Duration,
    /// When the last one has to be done.
    pub(in crate::store::mongo) deadline: Duration,
}

impl Task<'_> {
    /// Counts by bucket and severity, behind `after` when it is given.
    pub(in crate::store::mongo) async fn counts(
        &self,
        after: Option<RecordId>,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts::new(self.interval);
        let Some(mut ahead) = Ahead::new(self.query, after, self.interval) else {
            return Ok(counts);
        };
        let mut size = Size::default();
        while let Some(buckets) = ahead.buckets(size.buckets) {
            let limit = size.limit();
            let begun = self.clock.elapsed();
            let found = self.ask(&ahead, &buckets, limit).await?;
            let (mut looked_at, mut passed) = (0, 0);
            for bucket in buckets {
                let groups = || found.iter().filter(|found| self.bucket_of(found) == bucket);
                for found in groups() {
                    counts.add_group(self.query, found.0);
                }
                let documents: u64 = groups().map(|found| found.0.records).sum();
                (looked_at, passed) = (looked_at + documents, passed + 1);
                if documents >= limit {
                    // Those behind it wait for the rest of this one.
                    ahead.stop_behind(self.last(groups().map(|found| found.0.id)));
                    break;
                }
                ahead.pass(bucket);
            }
            let now = self.clock.elapsed();
            size.adapt(looked_at, passed, now.saturating_sub(begun));
            if now >= self.until {
                break;
            }
        }
        counts.next = ahead.reached();
        Ok(counts)
    }

    fn bucket_of(&self, found: &Found) -> i64 {
        self.interval.bucket_of(found.0.id.time())
    }

    /// The one that comes last in the order that is asked for.
    fn last(&self, ids: impl Iterator<Item = RecordId>) -> Option<RecordId> {
        match self.query.order {
            Order::Ascending => ids.max(),
            Order::Descending => ids.min(),
        }
    }

    async fn ask(
        &self,
        ahead: &Ahead<'_>,
        buckets: &[i64],
        limit: u64,
    ) -> Result<Vec<Found>, StoreError> {
        let left = self.deadline.saturating_sub(self.clock.elapsed());
        let ranges = buckets.iter().map(|bucket| ahead.range(*bucket));
        let aggregate = doc! {
            "aggregate": self.collection,
            "pipeline": pipeline(self.query, self.collection, ranges, limit),
            "cursor": { "batchSize": REPLY },
            "maxTimeMS": command::millis(left),
        };
        let counting = self.database.run_cursor_command(aggregate);
        let mut cursor = counting.batch_size(REPLY).await?;
        let mut found = Vec::new();
        while cursor.advance().await? {
            let group = Found::read(cursor.current());
            found.push(group.ok_or_else(|| StoreError::Rejected("no count".to_owned()))?);
        }
        Ok(found)
    }
}

/// The first range, and the others united with it.
fn pipeline(
    query: &Query,
    collection: &str,
    ranges: impl Iterator<Item = Document>,
    limit: u64,
) -> Vec<Document> {
    let mut parts = ranges.map(|range| part(query, range, limit));
    let mut pipeline = parts.next().unwrap_or_default();
    let others = parts.map(|part| doc! { "$unionWith": { "coll": collection, "pipeline": part } });
    pipeline.extend(others);
    pipeline
}

/// A level that no index serves is not asked for: the documents that are looked at are limited, and not
/// those that are found.
fn part(query: &Query, range: Document, limit: u64) -> Vec<Document> {
    // What has no text is no record.
    let mut filter = doc! { "_id": range, "message": { "$type": "string" } };
    if let Some((severity, Served::ByIndex)) = command::severity(query) {
        filter.extend(severity);
    }
    vec![
        doc! { "$match": filter },
        doc! { "$sort": { "_id": command::direction(query.order) } },
        doc! { "$limit": i64::try_from(limit).unwrap_or(i64::MAX) },
        doc! { "$group": {
            "_id": "$severity", "records": { "$sum": 1 }, "last": { "$last": "$_id" },
        } },
    ]
}

/// A group as the server tells it: its id is that of its last document.
struct Found(Group);

impl Found {
    fn read(document: &RawDocument) -> Option<Self> {
        let records = match document.get("records") {
            Ok(Some(RawBsonRef::Int32(count))) => u64::try_from(count).ok(),
            Ok(Some(RawBsonRef::Int64(count))) => u64::try_from(count).ok(),
            _ => None,
        };
        let last = match document.get("last") {
            Ok(Some(RawBsonRef::Binary(binary))) => RecordId::from_slice(binary.bytes),
            _ => None,
        };
        let severity = match document.get("_id") {
            Ok(Some(RawBsonRef::Int32(number))) => u8::try_from(number).ok(),
            _ => None,
        };
        Some(Self(Group {
            id: last?,
            severity: severity.unwrap_or(SEVERITY_UNKNOWN),
            records: records?,
        }))
    }
}

/// How much one command asks for: as much as takes about [`COMMAND_TIME`], as far as the last one tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    documents: u64,
    buckets: u64,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            documents: *DOCUMENTS.start(),
            buckets: 1,
        }
    }
}

impl Size {
    /// Documents that are looked at in one bucket at most.
    fn limit(self) -> u64 {
        self.documents * SURPRISE / self.buckets
    }

    /// After a command that has looked at so many documents in so many buckets.
    fn adapt(&mut self, documents: u64, buckets: u64, took: Duration) {
        let wanted = if took > COMMAND_TIME {
            self.documents / 2
        } else if took < COMMAND_TIME / 4 {
            self.documents * 4
        } else {
            self.documents
        };
        self.documents = wanted.clamp(*DOCUMENTS.start(), *DOCUMENTS.end());
        let in_each = (documents / buckets.max(1)).max(1);
        let most = BUCKETS.min(self.buckets * 4);
        self.buckets = (self.documents / in_each).clamp(1, most);
        if took > COMMAND_TIME {
            self.buckets = self.buckets.div_ceil(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_asks_for_more_while_the_server_is_quick_and_for_less_when_it_is_slow() {
        let (quick, slow) = (Duration::from_millis(10), Duration::from_millis(300));
        let (least, most) = (*DOCUMENTS.start(), *DOCUMENTS.end());
        let mut size = Size::default();
        assert_eq!((size.buckets, size.limit()), (1, 4 * least));
        // Nothing in the first ones: more of them, and never more than are united.
        for buckets in [4, 16, 32, 32] {
            size.adapt(0, size.buckets, quick);
            assert_eq!(size.buckets, buckets);
        }
        assert_eq!(size.documents, most);
        // Many in each: as many buckets as hold the documents that are wanted.
        size.adapt(32 * 250_000, 32, slow);
        assert_eq!((size.documents, size.buckets), (most / 2, 1));
        for _ in 0..10 {
            size.adapt(most, 1, slow);
        }
        assert_eq!((size.documents, size.buckets), (least, 1));
        assert_eq!(size.limit(), 4 * least);
    }
}
