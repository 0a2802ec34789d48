//! OpenTelemetry's logs: what comes of them, in protobuf and in JSON.

mod bounds;
mod deep;
mod generated;
mod mapping;
mod messages;
mod nearly_valid;
mod odd;

use super::{Built, DecodeError, builder, built, same, shown, told};
use crate::otlp::{decode_json_by, decode_protobuf};
use serde_json::Value;

fn of_protobuf(body: &[u8]) -> Result<Built, DecodeError> {
    let mut batch = builder(body);
    decode_protobuf(body, &mut batch).map(|()| built(batch))
}

/// What comes of a request in both ways of reading it.
fn of_json(body: &[u8]) -> Result<Built, DecodeError> {
    let read = |at_once| {
        let mut batch = builder(body);
        decode_json_by(body, at_once, &mut batch).map(|()| built(batch))
    };
    same(read(true), &read(false), body)
}

/// A request of one record, whose object is this text.
fn json_request(record: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#)
}

/// What comes of a record in JSON, and what is told of it.
fn json_record(record: &str) -> (Value, Vec<String>) {
    let built = of_json(json_request(record).as_bytes()).expect(record);
    let told = told(&built).into_iter().map(|(_, text)| text).collect();
    let mut records = shown(&built.batch);
    assert_eq!((records.len(), built.rejects.count), (1, 0), "{record}");
    (records.remove(0), told)
}

/// The same of an object of attributes.
fn json_attributes(attributes: &str) -> (Value, Vec<String>) {
    let (mut record, told) = json_record(&format!(r#"{{"attributes":{attributes}}}"#));
    (record["attributes"].take(), told)
}
