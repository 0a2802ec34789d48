//! The first rows of a level, in time order: over HTTP, through the driver, through `rusqlite`.

use super::rows::lines;
use super::{Done, Stopwatch};
use crate::failure::Failure;
use crate::verify::COLLECTION;
use bson::spec::BinarySubtype;
use bson::{Binary, RawDocumentBuf, doc};
use logs::{Level, Timestamp};
use mongodb::{Client, Database};
use record::document;
use record::id::RecordId;
use rusqlite::{Connection, params};
use std::path::Path;
use store::sqlite::{self, open_reader};

/// Rows in a page.
pub(crate) const PAGE_ROWS: usize = 100;
/// The level that is asked for: 4 of 100 of the producer's logs.
const LEVEL: Level = Level::Error;

/// The address has the level and a range of times in it that holds the rows of a page.
pub(super) async fn http(url: &str, times: u32) -> Result<Done, Failure> {
    let client = crate::service::client()?;
    let mut rows = 0;
    let watch = Stopwatch::start()?;
    let mut each = Vec::new();
    for _ in 0..times {
        let before = watch.seconds();
        let page = client.get(url).send().await?.error_for_status()?;
        let page = page.bytes().await?;
        each.push((watch.seconds() - before) * 1e6);
        rows += lines(&page);
    }
    watch.done(rows, 0, each)
}

pub(super) async fn mongodb(
    uri: &str,
    database: &str,
    from: i64,
    times: u32,
) -> Result<Done, Failure> {
    let database = Client::with_uri_str(uri).await?.database(database);
    let mut rows = 0;
    let watch = Stopwatch::start()?;
    let mut each = Vec::new();
    for _ in 0..times {
        let before = watch.seconds();
        rows += mongodb_page(&database, from, PAGE_ROWS).await?.len() as u64;
        each.push((watch.seconds() - before) * 1e6);
    }
    watch.done(rows, 0, each)
}

pub(super) fn sqlite(data: &Path, from: i64, times: u32) -> Result<Done, Failure> {
    let connection = open_reader(&data.join(sqlite::FILE_NAME))?;
    let mut rows = 0;
    let watch = Stopwatch::start()?;
    let mut each = Vec::new();
    for _ in 0..times {
        let before = watch.seconds();
        rows += sqlite_page(&connection, from, PAGE_ROWS)?.len() as u64;
        each.push((watch.seconds() - before) * 1e6);
    }
    watch.done(rows, 0, each)
}

/// An id as MongoDB has it.
pub(super) fn binary(id: RecordId) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: id.as_bytes().to_vec(),
    }
}

/// The first `rows` rows of the level from a time on, whole; their ids are told.
pub(crate) async fn mongodb_page(
    database: &Database,
    from: i64,
    rows: usize,
) -> Result<Vec<RecordId>, Failure> {
    let from = binary(RecordId::first_at(Timestamp::from_nanos(from)));
    let severities: Vec<i32> = LEVEL.severities().map(i32::from).collect();
    let filter = doc! {
        "_id": { "$gte": from, "$lte": binary(RecordId::MAX) },
        "severity": { "$in": severities },
    };
    let limit = i64::try_from(rows).unwrap_or(i64::MAX);
    let collection = database.collection::<RawDocumentBuf>(COLLECTION);
    let page = collection.find(filter).sort(doc! { "_id": 1 }).limit(limit);
    let mut cursor = page.await?;
    let mut ids = Vec::with_capacity(rows);
    while cursor.advance().await? {
        ids.extend(document::id_of(cursor.current()));
    }
    Ok(ids)
}

/// The same of our table.
pub(crate) fn sqlite_page(
    connection: &Connection,
    from: i64,
    rows: usize,
) -> Result<Vec<RecordId>, Failure> {
    // SQLite merges the levels of the partial index without a sort only in this form.
    let one = |severity: u8| {
        format!(
            "SELECT id, severity, level, message, attributes FROM logs \
             WHERE severity >= 13 AND severity = {severity} AND id >= ?1"
        )
    };
    let parts: Vec<String> = LEVEL.severities().map(one).collect();
    let sql = format!("{} ORDER BY id LIMIT ?2", parts.join(" UNION ALL "));
    let mut page = connection.prepare_cached(&sql)?;
    let from = RecordId::first_at(Timestamp::from_nanos(from));
    let mut found = page.query(params![
        from.plain(),
        i64::try_from(rows).unwrap_or(i64::MAX)
    ])?;
    let mut ids = Vec::with_capacity(rows);
    while let Some(row) = found.next()? {
        for column in [2, 3, 4] {
            std::hint::black_box(row.get_ref(column)?);
        }
        ids.extend(
            row.get_ref(0)?
                .as_blob()
                .ok()
                .and_then(RecordId::from_slice),
        );
    }
    Ok(ids)
}
