//! The `find` command for a page: what MongoDB itself can leave out.

mod narrowing;

use crate::INDEXED_FROM;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use query::{Order, Query};
use record::id::{IdFormat, RecordId};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Documents that are asked for, for a page of which the server cannot tell what matches: some
/// more than rows are asked for, which are few where records are large.
const PAGE_REPLY: RangeInclusive<u32> = 64..=5_000;
const MORE_THAN_ROWS: u32 = 4;
/// Documents in each reply of them: a page may end early, where its expressions take long, and what was
/// fetched behind its end is fetched again for the next one.
const WHOLE_REPLY: u32 = 256;
/// Documents in each reply of a search, which passes over about `SEARCH_REPLY / SAMPLE_RATE` documents meanwhile:
/// fewer when the server has to be quick.
const SEARCH_REPLY: RangeInclusive<u32> = 8..=256;
/// A search replies at least so many times in the time that it has.
const SEARCH_REPLIES: u32 = 4;
/// The share of documents that do not match, but show how far a search has come.
const SAMPLE_RATE: f64 = 1.0 / 128.0;

/// A question for one page.
pub(super) struct Find {
    filter: Document,
    order: Order,
    reply: Reply,
}

/// How the server gives the documents.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// So many, in one reply unless they are large: all records among them match.
    Rows(u32),
    /// So many, some at a time, with records among them that do not match.
    Whole(u32),
    /// Some at a time, while it searches.
    Parts,
}

impl Find {
    /// The question for a page of at most `rows` rows.
    pub(super) fn new(
        query: &Query,
        after: Option<RecordId>,
        rows: usize,
        format: IdFormat,
    ) -> Self {
        let mut filter = doc! { "_id": range(query, after, format) };
        let mut narrowing = Vec::new();
        match severity(query) {
            Some((severity, Served::ByIndex)) => filter.extend(severity),
            Some((severity, Served::ByScan)) => narrowing.push(severity),
            None => {}
        }
        narrowing.extend(narrowing::conditions(query));
        let (least, most) = (*PAGE_REPLY.start(), *PAGE_REPLY.end());
        let rows = u32::try_from(rows).unwrap_or(most).clamp(1, most);
        let reply = if !narrowing.is_empty() {
            let passed = doc! { "$sampleRate": SAMPLE_RATE };
            filter.insert("$or", vec![doc! { "$and": narrowing }, passed]);
            Reply::Parts
        } else if !query.looks_into_messages() && query.attributes.is_empty() {
            Reply::Rows(rows)
        } else {
            Reply::Whole((rows * MORE_THAN_ROWS).clamp(least, most))
        };
        Self {
            filter,
            order: query.order,
            reply,
        }
    }

    /// The documents at most that the server gives, when each record among them is a row.
    pub(super) fn rows(&self) -> Option<usize> {
        match self.reply {
            Reply::Rows(limit) => Some(limit as usize),
            Reply::Whole(_) | Reply::Parts => None,
        }
    }

    /// The documents that the server gives at most, although there may be more.
    pub(super) fn limit(&self) -> Option<usize> {
        match self.reply {
            Reply::Rows(limit) | Reply::Whole(limit) => Some(limit as usize),
            Reply::Parts => None,
        }
    }

    /// Documents in one reply of the server, which has so much time for all of them.
    pub(super) fn batch_size(&self, left: Duration) -> u32 {
        match self.reply {
            Reply::Rows(documents) => documents,
            Reply::Whole(documents) => documents.min(WHOLE_REPLY),
            Reply::Parts => {
                let millis = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
                (millis / SEARCH_REPLIES).clamp(*SEARCH_REPLY.start(), *SEARCH_REPLY.end())
            }
        }
    }

    /// The command; `left` is the time that the server may take for all its replies.
    pub(super) fn command(&self, collection: &str, left: Duration) -> Document {
        let batch_size = self.batch_size(left);
        let mut command = doc! {
            "find": collection,
            "filter": self.filter.clone(),
            "sort": { "_id": direction(self.order) },
            "batchSize": batch_size,
            "maxTimeMS": max_time_millis(left),
        };
        if let Reply::Rows(documents) | Reply::Whole(documents) = self.reply {
            command.insert("limit", documents);
        }
        command
    }
}

/// What finds the documents of the severities that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    ByIndex,
    ByScan,
}

/// The condition on the severity, if there is one.
pub(super) fn severity(query: &Query) -> Option<(Document, Served)> {
    let severities = query.severities()?;
    let served = match severities.iter().all(|severity| *severity >= INDEXED_FROM) {
        true => Served::ByIndex,
        false => Served::ByScan,
    };
    let list: Vec<i32> = severities.into_iter().map(i32::from).collect();
    Some((doc! { "severity": { "$in": list } }, served))
}

/// The ids that can match.
pub(in crate::mongo) fn range(
    query: &Query,
    after: Option<RecordId>,
    format: IdFormat,
) -> Document {
    let bounds = query.bounds(after);
    let from = if bounds.behind { "$gt" } else { "$gte" };
    let (beyond, end) = bounds
        .before
        .map_or(("$lte", RecordId::MAX), |before| ("$lt", before));
    doc! { from: binary(bounds.from, format), beyond: binary(end, format) }
}

/// The order as a sort by a field has it.
pub(super) fn direction(order: Order) -> i32 {
    match order {
        Order::Ascending => 1,
        Order::Descending => -1,
    }
}

/// Time in whole milliseconds, as `maxTimeMS` has it: at least one, since none would be no bound.
pub(in crate::mongo) fn max_time_millis(left: Duration) -> i32 {
    i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// An id as it stands in a collection of a format.
pub(in crate::mongo) fn binary(id: RecordId, format: IdFormat) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: match format {
            IdFormat::Plain => id.plain().to_vec(),
            IdFormat::Ordered => id.as_bytes().to_vec(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_with_an_expression_asks_for_few_documents_where_few_rows_are_asked_for() {
        let query = Query {
            patterns: vec![query::Pattern::new("x+").unwrap()],
            ..Query::default()
        };
        let asked = |rows| Find::new(&query, None, rows, IdFormat::Ordered).limit();
        assert_eq!(asked(16), Some(64));
        assert_eq!(asked(100), Some(400));
        assert_eq!(asked(5_000), Some(5_000));
        // Of which a page that ends early has not fetched many in vain.
        let left = Duration::from_secs(10);
        assert_eq!(
            Find::new(&query, None, 5_000, IdFormat::Ordered).batch_size(left),
            256
        );
    }
}
