//! Records in memory for the bare programs: the producer's own, in the forms that they need.

use crate::failure::Failure;
use crate::tally::{BASE_NANOS, STEP_NANOS};
use clap::Parser as _;
use logs::Timestamp;
use producer::generate::{Generator, GeneratorSettings};
use record::bson_writer::BsonWriter;
use record::document::{self, Head};
use record::id::{BatchId, RecordId};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;

/// So many are made; they repeat with new times, as the producer's do.
const POOL: u64 = 100_000;
const BATCH: u64 = 1000;

/// A record as a program has it in memory.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) level: String,
    pub(crate) message: String,
    pub(crate) attributes: Attributes,
    /// The attributes as JSON text, for a table that holds them so.
    #[serde(skip)]
    pub(crate) attributes_json: String,
}

/// What the producer tells of a log besides its message.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attributes {
    service: String,
    host: String,
    trace_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Http>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    path: String,
    status: u16,
    duration_ms: u32,
}

#[derive(Debug, Deserialize, Serialize)]
struct Cloud {
    region: String,
    spot: bool,
}

/// The producer's generator with its own defaults but for these arguments.
pub(crate) fn generator(arguments: &[&str]) -> Result<Generator, Failure> {
    let arguments = [&["producer"], arguments].concat();
    let config = producer::config::Config::try_parse_from(arguments);
    let config = config.map_err(|error| Failure::told(error.to_string()))?;
    Ok(Generator::new(GeneratorSettings {
        seed: 1,
        levels: config.levels,
        message_bytes: None,
        late: 0.0,
    }))
}

/// The pool: levels, messages and attributes in the producer's mix.
#[derive(Debug)]
pub(crate) struct Pool(Vec<Record>);

impl Pool {
    /// Makes it.
    pub(crate) fn make() -> Result<Self, Failure> {
        let mut generator = generator(&[])?;
        let mut records = Vec::new();
        let count = usize::try_from(BATCH).unwrap_or(0);
        for number in 0..POOL / BATCH {
            let mut json = Vec::new();
            generator.batch(number, count, |_| time(0), &mut json)?;
            records.extend(serde_json::from_slice::<Vec<Record>>(&json)?);
        }
        for record in &mut records {
            record.attributes_json = serde_json::to_string(&record.attributes)?;
        }
        Ok(Self(records))
    }

    /// The records of a batch, with their numbers in the whole run.
    pub(crate) fn batch(&self, number: u64, size: u64) -> impl Iterator<Item = (u64, &Record)> {
        let first = number * size;
        (first..first + size).filter_map(|place| {
            let at = usize::try_from(place % POOL).unwrap_or(0);
            Some((place, self.0.get(at)?))
        })
    }
}

/// The time of a run's record, as [`crate::tally`] expects it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "whole microseconds of a few years"
)]
pub(crate) fn time(place: u64) -> Timestamp {
    Timestamp::from_nanos(BASE_NANOS + (place as f64 * STEP_NANOS) as i64)
}

/// The id of a run's record.
pub(crate) fn id(place: u64, batch: u64, position: u32) -> RecordId {
    RecordId::new(
        time(place),
        BatchId::from_bytes(batch.to_be_bytes()),
        position,
    )
}

/// Appends a record as the document that the service stores.
pub(crate) fn write_document(record: &Record, id: RecordId, bytes: &mut Vec<u8>) {
    let head = Head {
        time: id.time(),
        level: Some(&record.level),
        message: &record.message,
    };
    let members = |writer: &mut BsonWriter<'_>| -> Result<(), Infallible> {
        record.attributes.write(writer);
        Ok(())
    };
    match document::write(bytes, id, head, id.time(), members) {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

impl Attributes {
    fn write(&self, writer: &mut BsonWriter<'_>) {
        writer.string("service", &self.service);
        writer.string("host", &self.host);
        writer.string("traceId", &self.trace_id);
        if let Some(http) = &self.http {
            let mark = writer.open_document("http");
            writer.string("method", &http.method);
            writer.string("path", &http.path);
            writer.integer("status", http.status.into());
            writer.integer("durationMs", http.duration_ms.into());
            writer.close(mark);
        }
        if let Some(cloud) = &self.cloud {
            let mark = writer.open_document("cloud");
            writer.string("region", &cloud.region);
            writer.boolean("spot", cloud.spot);
            writer.close(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::RawDocument;
    use record::document::StoredDocument;

    #[test]
    fn a_document_holds_what_the_record_holds() {
        let pool = Pool::make().unwrap();
        for (place, record) in pool.batch(3, 50) {
            let mut bytes = Vec::new();
            write_document(record, id(place, 3, 0), &mut bytes);
            let stored = StoredDocument::read(RawDocument::from_bytes(&bytes).unwrap()).unwrap();
            assert_eq!(stored.id.time(), time(place));
            assert_eq!(stored.level, Some(record.level.as_str()));
            let mut json = Vec::new();
            record::attributes::write_json(stored.attributes.unwrap(), &mut json).unwrap();
            assert_eq!(String::from_utf8(json).unwrap(), record.attributes_json);
        }
    }
}
