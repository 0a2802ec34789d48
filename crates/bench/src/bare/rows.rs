//! Reads everything there is: over HTTP, through the driver, through `rusqlite`.

use super::{Done, Stopwatch};
use crate::failure::Failure;
use crate::verify::COLLECTION;
use bson::{Document, RawDocumentBuf, doc};
use mongodb::{Client, Collection};
use std::path::Path;
use store::sqlite;

/// Documents in a batch of the driver's cursor; the server ends one at 16 MiB anyway.
const BATCH: u32 = 5_000;

/// Ends of lines.
#[expect(clippy::naive_bytecount, reason = "it costs little beside the reading")]
pub(super) fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Rows stand on a line each, and no text of a row holds the end of one.
pub(super) async fn http(url: &str) -> Result<Done, Failure> {
    let client = crate::service::client()?;
    let watch = Stopwatch::start()?;
    let mut answer = client.get(url).send().await?.error_for_status()?;
    let (mut rows, mut bytes) = (0, 0);
    while let Some(chunk) = answer.chunk().await? {
        bytes += chunk.len() as u64;
        rows += lines(&chunk);
    }
    watch.done(rows, bytes, Vec::new())
}

pub(super) async fn mongodb(uri: &str, database: &str) -> Result<Done, Failure> {
    let client = Client::with_uri_str(uri).await?;
    let collection = client
        .database(database)
        .collection::<RawDocumentBuf>(COLLECTION);
    let watch = Stopwatch::start()?;
    all_found(&collection, doc! {}, &watch).await
}

/// Every document that fits, in order of time.
pub(super) async fn all_found(
    collection: &Collection<RawDocumentBuf>,
    filter: Document,
    watch: &Stopwatch,
) -> Result<Done, Failure> {
    let found = collection.find(filter).sort(doc! { "_id": 1 });
    let mut cursor = found.batch_size(BATCH).await?;
    let (mut rows, mut bytes) = (0, 0);
    while cursor.advance().await? {
        bytes += cursor.current().as_bytes().len() as u64;
        rows += 1;
    }
    watch.done(rows, bytes, Vec::new())
}

pub(super) fn sqlite(data: &Path) -> Result<Done, Failure> {
    let connection = sqlite::open_reader(&data.join(sqlite::FILE_NAME))?;
    let watch = Stopwatch::start()?;
    let sql = "SELECT id, severity, level, message, attributes FROM logs ORDER BY id";
    let mut all = connection.prepare(sql)?;
    let mut found = all.query([])?;
    let (mut rows, mut bytes) = (0, 0);
    while let Some(row) = found.next()? {
        for column in [0, 2, 3, 4] {
            bytes += row
                .get_ref(column)?
                .as_bytes_or_null()
                .ok()
                .flatten()
                .map_or(0, <[u8]>::len);
        }
        rows += u64::from(row.get::<_, i64>(1)? >= 0);
    }
    watch.done(rows, bytes as u64, Vec::new())
}
