//! Looking through a range of times for what no index knows: over HTTP, through the driver, through
//! `rusqlite`.

use super::answer::Answer;
use super::pages::binary;
use super::rows::all_found;
use super::{Done, Stopwatch};
use crate::failure::Failure;
use crate::verify::COLLECTION;
use bson::{Bson, Document, RawDocumentBuf, doc};
use logs::Timestamp;
use mongodb::Client;
use record::id::RecordId;
use rusqlite::types::ToSql;
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::sqlite;

const NANOS_A_MINUTE: i64 = 60_000_000_000;

/// What is looked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Search {
    /// Counts by level, in buckets of so many minutes.
    Histogram { minutes: i64 },
    /// A part of the message, without regard to case.
    Substring { text: String },
    /// A member of the attributes, by its path, that is this number.
    Attribute { path: String, number: i64 },
}

/// A range of times, in nanoseconds since 1970; `to` is beyond it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Range {
    fn ids(self) -> [RecordId; 2] {
        [self.from, self.to].map(|nanos| RecordId::first_at(Timestamp::from_nanos(nanos)))
    }
}

/// Reads an answer to its end; the one time that is told is that of its first bytes.
pub(super) async fn http(url: &str, answer: Answer) -> Result<Done, Failure> {
    let client = crate::service::client()?;
    let watch = Stopwatch::start()?;
    let mut response = client.get(url).send().await?.error_for_status()?;
    let (mut first, mut body) = (Vec::new(), Vec::new());
    while let Some(chunk) = response.chunk().await? {
        if first.is_empty() {
            first.push(watch.seconds() * 1e6);
        }
        body.extend_from_slice(&chunk);
    }
    let records = answer.records(&body)?;
    watch.done(records, body.len() as u64, first)
}

pub(super) async fn mongodb(
    uri: &str,
    database: &str,
    range: Range,
    search: &Search,
) -> Result<Done, Failure> {
    let client = Client::with_uri_str(uri).await?;
    // Connects, which is not a part of what is measured.
    let database = client.database(database);
    database.run_command(doc! { "ping": 1 }).await?;
    let [from, to] = range.ids().map(binary);
    let collection = database.collection::<RawDocumentBuf>(COLLECTION);
    let mut filter = doc! { "_id": { "$gte": from, "$lt": to } };
    let watch = Stopwatch::start()?;
    match search {
        Search::Histogram { minutes } => {
            let bucket = doc! { "date": "$time", "unit": "minute", "binSize": minutes };
            let group = doc! {
                "_id": { "bucket": { "$dateTrunc": bucket }, "severity": "$severity" },
                "count": { "$sum": 1 },
            };
            let stages = [doc! { "$match": filter }, doc! { "$group": group }];
            let mut groups = collection.aggregate(stages).await?;
            let mut records = 0;
            while groups.advance().await? {
                let group = Document::try_from(groups.current())?;
                records += match group.get("count") {
                    Some(Bson::Int32(count)) => u64::try_from(*count).unwrap_or(0),
                    Some(Bson::Int64(count)) => u64::try_from(*count).unwrap_or(0),
                    other => return Err(Failure::told(format!("a count is {other:?}"))),
                };
            }
            return watch.done(records, 0, Vec::new());
        }
        Search::Substring { text } => {
            filter.insert("message", doc! { "$regex": text, "$options": "i" });
        }
        Search::Attribute { path, number } => {
            filter.insert(format!("attributes.{path}"), number);
        }
    }
    all_found(&collection, filter, &watch).await
}

pub(super) fn sqlite(data: &Path, range: Range, search: &Search) -> Result<Done, Failure> {
    let connection = sqlite::open_reader(&data.join(sqlite::FILE_NAME))?;
    let [from, to] = range.ids();
    let (from, to) = (from.plain(), to.plain());
    let columns =
        "SELECT id, severity, level, message, attributes FROM logs WHERE id >= ?1 AND id < ?2";
    let (sql, third): (String, Box<dyn ToSql>) = match search {
        Search::Histogram { minutes } => (
            "SELECT time_ns / ?3, severity, count(*) FROM logs WHERE id >= ?1 AND id < ?2 \
             GROUP BY 1, 2"
                .to_owned(),
            Box::new(minutes * NANOS_A_MINUTE),
        ),
        Search::Substring { text } => (
            format!("{columns} AND message LIKE ?3 ORDER BY id"),
            Box::new(format!("%{text}%")),
        ),
        Search::Attribute { path, number } => (
            format!("{columns} AND json_extract(attributes, '$.{path}') = ?3 ORDER BY id"),
            Box::new(*number),
        ),
    };
    let watch = Stopwatch::start()?;
    let mut statement = connection.prepare(&sql)?;
    let mut found = statement.query(rusqlite::params![from, to, third])?;
    let mut records = 0;
    while let Some(row) = found.next()? {
        records += match search {
            Search::Histogram { .. } => u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            Search::Substring { .. } | Search::Attribute { .. } => {
                for column in [0, 2, 3, 4] {
                    std::hint::black_box(row.get_ref(column)?);
                }
                1
            }
        };
    }
    watch.done(records, 0, Vec::new())
}
