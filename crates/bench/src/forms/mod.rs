//! The producer's records as senders of other protocols send them: the same times, levels, messages and
//! attributes in the same order, and nothing beside them. The program's own, and the micro benchmark's.

mod loki;
mod otlp;
mod protobuf;

pub(crate) use loki::{json as loki_json, protobuf as loki_protobuf};
pub(crate) use otlp::{json as otlp_json, protobuf as otlp_protobuf};

use bson::{Bson, Document};
use logs::Timestamp;
use serde::Deserialize;

/// What Elasticsearch's clients send before each object.
const ACTION: &str = "{\"create\":{\"_index\":\"logs\"}}\n";

/// A record of the producer's.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    timestamp: String,
    level: String,
    message: String,
    attributes: Document,
}

impl Record {
    fn nanos(&self) -> i64 {
        Timestamp::parse(&self.timestamp).map_or(0, Timestamp::nanos)
    }
}

/// Those of a native body.
pub(crate) fn records(body: &[u8]) -> Result<Vec<Record>, serde_json::Error> {
    serde_json::from_slice(body)
}

/// A native body, one object a line.
pub(crate) fn lines(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_matches(['[', ']']).replace(",\n", "\n");
    text.into_bytes()
}

/// A native body as `_bulk` takes it, without ids.
pub(crate) fn bulk(body: &[u8]) -> Vec<u8> {
    let lines = lines(body);
    let mut bulk = Vec::new();
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        bulk.extend_from_slice(ACTION.as_bytes());
        bulk.extend_from_slice(line);
    }
    if !bulk.ends_with(b"\n") {
        bulk.push(b'\n');
    }
    bulk
}

/// A block of snappy.
pub(crate) fn snappy(body: &[u8]) -> Result<Vec<u8>, snap::Error> {
    snap::raw::Encoder::new().compress_vec(body)
}

/// The JSON text of a string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An attribute's text where a protocol has no other values.
fn text_of(value: &Bson) -> String {
    match value {
        Bson::String(text) => text.clone(),
        other => other.clone().into_relaxed_extjson().to_string(),
    }
}

/// All of them, with a comma between.
fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}
