//! Counting in MongoDB: an aggregation by severity for each bucket, several of them in one command.
//!
//! A bucket is asked for as a range of ids, as everything is; so its count is that of the rows that a
//! search finds, whatever `time` says, and the server need not calculate with dates, which costs it more
//! than a range does. Each aggregation looks at a limited number of documents and tells the last one,
//! where the next command goes on if there may be more.

mod chunk_size;
mod remaining;

use super::command::{self, Served};
use crate::StoreError;
use crate::counts::{Counts, Group};
use bson::RawDocument;
use bson::raw::RawBsonRef;
use chunk_size::{COMMAND_TIME, Size, Work};
use logs::clock::Clock;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use query::buckets::Buckets;
use query::{Order, Query};
use record::document;
use record::id::{IdFormat, RecordId};
use remaining::Ahead;
use std::sync::Arc;
use std::time::Duration;

/// The time for a command is so many times what there is for it, so that it is not given up because a
/// server is somewhat slower than before.
const GRACE: u32 = 2;
/// Groups in one reply of the server: more than one command can have.
const REPLY: u32 = 20_000;
/// Stands for the severity of what is no record.
const NO_RECORD: Bson = Bson::MinKey;

/// What is counted, and how long it may take.
pub(in crate::mongo) struct Task<'a> {
    pub(in crate::mongo) database: &'a Database,
    pub(in crate::mongo) collection: &'a str,
    pub(in crate::mongo) format: IdFormat,
    /// It asks for nothing else than time and severity.
    pub(in crate::mongo) query: &'a Query,
    pub(in crate::mongo) buckets: &'a Arc<Buckets>,
    pub(in crate::mongo) clock: &'a dyn Clock,
    /// When no further command is begun.
    pub(in crate::mongo) until: Duration,
    /// When the last one has to be done.
    pub(in crate::mongo) deadline: Duration,
}

impl Task<'_> {
    /// Counts by bucket and severity, behind `after` when it is given. What was counted before a
    /// failure is counted: the next call goes on there, and meets the failure if it lasts.
    pub(in crate::mongo) async fn counts(
        &self,
        after: Option<RecordId>,
    ) -> Result<Counts, StoreError> {
        let mut counts = Counts::new(Arc::clone(self.buckets));
        let Some(mut ahead) = Ahead::new(self.query, after, self.buckets) else {
            return Ok(counts);
        };
        let (mut size, mut has_counted) = (Size::default(), false);
        while let Some(buckets) = ahead.buckets(size.buckets()) {
            let (limit, begun) = (size.limit(), self.clock.elapsed());
            let found = match self.ask(&ahead, &buckets, limit).await {
                Ok(found) => found,
                Err(error) if has_counted => {
                    tracing::debug!(%error, "a step of counting ends early");
                    break;
                }
                Err(StoreError::QueryTooSlow) if self.clock.elapsed() < self.deadline => {
                    size = size.smaller().ok_or(StoreError::QueryTooSlow)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let work = self.take(&mut counts, &mut ahead, &found, buckets, limit);
            has_counted = true;
            let now = self.clock.elapsed();
            size.adapt(work, now.saturating_sub(begun));
            if now >= self.until {
                break;
            }
        }
        counts.next = ahead.reached();
        Ok(counts)
    }

    /// Takes over what was found in these buckets, up to the first one that has more.
    fn take(
        &self,
        counts: &mut Counts,
        ahead: &mut Ahead<'_>,
        found: &[Found],
        buckets: Vec<usize>,
        limit: u64,
    ) -> Work {
        let mut work = Work::default();
        for bucket in buckets {
            let times = self.buckets.span_of(bucket);
            let is_in_it = |found: &&Found| times.contains(found.group.id.time());
            let groups = || found.iter().filter(is_in_it);
            for found in groups().filter(|found| found.are_records) {
                counts.add_group(self.query, found.group);
            }
            let documents: u64 = groups().map(|found| found.group.records).sum();
            work.documents += documents;
            counts.looked_at += documents;
            work.buckets += 1;
            if documents >= limit {
                // Those behind it wait for the rest of this one.
                ahead.stop_behind(self.last(groups().map(|found| found.group.id)));
                work.is_cut = true;
                break;
            }
            ahead.pass(bucket);
        }
        work
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
        buckets: &[usize],
        limit: u64,
    ) -> Result<Vec<Found>, StoreError> {
        let now = self.clock.elapsed();
        let time = GRACE * self.until.saturating_sub(now).max(COMMAND_TIME);
        let left = time.min(self.deadline.saturating_sub(now));
        let ranges = buckets
            .iter()
            .map(|bucket| ahead.range(*bucket, self.format));
        let aggregate = doc! {
            "aggregate": self.collection,
            "pipeline": pipeline(self.query, self.collection, ranges, limit),
            "cursor": { "batchSize": REPLY },
            "maxTimeMS": command::max_time_millis(left),
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
    let mut filter = doc! { "_id": range };
    if let Some((severity, Served::ByIndex)) = command::severity(query) {
        filter.extend(severity);
    }
    // What has no text is no record. The server tells that faster here than in a filter, for which a
    // list of texts is a text, too.
    let is_record = doc! { "$eq": [{ "$type": "$message" }, "string"] };
    let key = doc! { "$cond": [is_record, "$severity", NO_RECORD] };
    vec![
        doc! { "$match": filter },
        doc! { "$sort": { "_id": command::direction(query.order) } },
        doc! { "$limit": i64::try_from(limit).unwrap_or(i64::MAX) },
        doc! { "$group": {
            "_id": key, "records": { "$sum": 1 }, "last": { "$last": "$_id" },
        } },
    ]
}

/// A group as the server tells it: its id is that of its last document.
struct Found {
    group: Group,
    /// Whether it is a group of records, or of what else there is.
    are_records: bool,
}

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
        // Without a key, it is the group of those without a severity.
        let key = document.get("_id").ok()?.unwrap_or(RawBsonRef::Null);
        let group = Group {
            id: last?,
            severity: document::severity_in(key),
            records: records?,
        };
        Some(Self {
            group,
            are_records: key != RawBsonRef::MinKey,
        })
    }
}
