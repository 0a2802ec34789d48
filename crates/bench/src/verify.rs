//! Reads back everything that is in a store, or in a spool that is at rest, and counts it.

use crate::failure::{During as _, Failure};
use crate::process;
use crate::programs::Programs;
use crate::service::client;
use crate::tally::Tally;
use bson::{Document, RawDocumentBuf, doc};
use mongodb::Database;
use record::document;
use record::id::RecordId;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use store::sqlite;

/// The service's collection.
pub(crate) const COLLECTION: &str = "logs";

/// Counts the records of a collection in our layout.
pub(crate) async fn mongodb(database: &Database, tally: &mut Tally) -> Result<(), Failure> {
    let collection = database.collection::<RawDocumentBuf>(COLLECTION);
    let ids = collection.find(doc! {}).projection(doc! { "_id": 1 });
    let mut cursor = ids.batch_size(10_000).await?;
    while cursor.advance().await? {
        let id = document::id_of(cursor.current());
        // A document of another kind is one that should not be there.
        tally.record(id.map_or(i64::MIN, |id| id.time().nanos()));
    }
    Ok(())
}

/// The number of documents of any collection.
pub(crate) async fn documents(database: &Database, collection: &str) -> Result<u64, Failure> {
    let collection = database.collection::<Document>(collection);
    Ok(collection.count_documents(doc! {}).await?)
}

/// Counts the rows of the embedded store in this data folder.
pub(crate) fn sqlite(data: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let connection = sqlite::open_reader(&data.join(sqlite::FILE_NAME))?;
    let mut all = connection.prepare("SELECT id FROM logs ORDER BY id")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let id = row
            .get_ref(0)?
            .as_blob()
            .ok()
            .and_then(RecordId::from_slice);
        tally.record(id.map_or(i64::MIN, |id| id.time().nanos()));
    }
    Ok(())
}

/// Counts the records that a service gives back.
pub(crate) async fn served(url: &str, tally: &mut Tally) -> Result<(), Failure> {
    let all = format!("{url}/logs/retrieve?format=ndjson");
    let mut answer = client()?.get(all).send().await?;
    let mut left = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        left.extend_from_slice(&chunk);
        let Some(end) = left.iter().rposition(|byte| *byte == b'\n') else {
            continue;
        };
        for line in left.drain(..=end).as_slice().split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                tally.record(nanos_in(line).unwrap_or(i64::MIN));
            }
        }
    }
    Ok(())
}

/// Counts the records of a spool that no service runs on, as the service itself prints them.
pub(crate) fn spool(programs: &Programs, data: &Path, tally: &mut Tally) -> Result<(), Failure> {
    let mut command = process::command(&programs.aggregator);
    command.args(["spool", "dump"]).env("DATA_DIR", data);
    command.stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().during("aggregator spool dump")?;
    let mut lines = child
        .stdout
        .take()
        .map(|pipe| BufReader::with_capacity(1 << 20, pipe));
    let mut line = Vec::new();
    if let Some(lines) = &mut lines {
        while lines
            .read_until(b'\n', &mut line)
            .during("aggregator spool dump")?
            > 0
        {
            tally.record(nanos_in(&line).unwrap_or(i64::MIN));
            line.clear();
        }
    }
    let status = child.wait().during("aggregator spool dump")?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::told(format!("aggregator spool dump: {status}")))
}

/// The time in a printed record, which begins with its id: `{"id":"<40 or 54 hexadecimal digits>",…`.
fn nanos_in(line: &[u8]) -> Option<i64> {
    let id = line.strip_prefix(b"{\"id\":\"")?;
    let id = id.split(|byte| *byte == b'"').next()?;
    let id = std::str::from_utf8(id).ok()?;
    Some(RecordId::parse(id)?.time().nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_printed_record_is_read_from_its_id() {
        let line = b"{\"id\":\"97fc57b6e28d4000127aca0ce81c9adc00000002\",\"timestamp\":\"2024-10-08T02:00:00Z\"}";
        let time = logs::Timestamp::parse("2024-10-08T02:00:00Z").unwrap();
        assert_eq!(nanos_in(line), Some(time.nanos()));
        let line = b"{\"id\":\"97fc57b6e28d400000000040012345127aca0ce81c9adc00000002\",\"timestamp\":\"2024-10-08T02:00:00Z\"}";
        assert_eq!(nanos_in(line), Some(time.nanos()));
        assert_eq!(nanos_in(b"{\"id\":\"97fc\"}"), None);
    }
}
