//! Reading a page from MongoDB.
//!
//! A level is always asked for as `severity: {$in: […]}`, never as a range: with `$in` the server
//! merges sorted index scans, with a range it scans the whole time range or sorts in memory.

use crate::document::{self, StoredDocument};
use crate::query::Query;
use crate::record_id::RecordId;
use crate::store::page::Page;
use crate::store::{PageLimit, StoreError};
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Document, doc};
use std::time::Duration;

/// The `find` command for a page.
pub(super) fn command(
    collection: &str,
    query: &Query,
    after: Option<RecordId>,
    rows: usize,
    left: Duration,
) -> Document {
    let bounds = query.bounds();
    let mut range = after.map_or_else(
        || doc! { "$gte": binary(bounds.from) },
        |after| doc! { "$gt": binary(after) },
    );
    let (beyond, end) = bounds
        .before
        .map_or(("$lte", RecordId::MAX), |before| ("$lt", before));
    range.insert(beyond, binary(end));
    let mut filter = doc! { "_id": range };
    if let Some(severities) = query.severities() {
        let list: Vec<i32> = severities.into_iter().map(i32::from).collect();
        filter.insert("severity", doc! { "$in": list });
    }
    let rows = i32::try_from(rows).unwrap_or(i32::MAX);
    let left = i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1);
    doc! {
        "find": collection,
        "filter": filter,
        "sort": { "_id": 1 },
        "limit": rows,
        "batchSize": rows,
        "maxTimeMS": left,
    }
}

fn binary(id: RecordId) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: id.as_bytes().to_vec(),
    }
}

/// Reads one page; the cursor is closed when it is done.
pub(super) async fn page(
    database: &Database,
    collection: &str,
    query: &Query,
    after: Option<RecordId>,
    limit: PageLimit,
    left: Duration,
) -> Result<Page, StoreError> {
    let command = command(collection, query, after, limit.rows, left);
    let mut cursor = database.run_cursor_command(command).await?;
    let mut page = Page::default();
    let mut seen = 0;
    while cursor.advance().await? {
        let raw = cursor.current();
        let Some(id) = document::id_of(raw) else {
            continue;
        };
        seen += 1;
        if let Some(stored) = StoredDocument::read(raw) {
            page.push_document(query, &stored)
                .map_err(|error| StoreError::Rejected(error.to_string()))?;
        }
        if seen >= limit.rows || page.bytes() >= limit.bytes {
            page.next = Some(id);
            break;
        }
    }
    Ok(page)
}
