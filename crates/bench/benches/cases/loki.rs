//! The same records as a push of Loki's: level and service are labels, all else is metadata.

use super::{MAX_BYTES, RECORDS, START, stored};
use record::attributes;
use record::batch::{Batch, BatchBuilder};
use record::id::BatchId;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wire::loki::{decode_json, decode_protobuf};

/// What a record is in a push.
struct Line {
    nanos: i64,
    text: String,
    metadata: Map<String, Value>,
}

/// Lines by level and service.
type Streams = BTreeMap<(String, String), Vec<Line>>;

/// As JSON, and as protobuf in a block of snappy.
pub(super) fn pushes(batch: &Batch) -> [Vec<u8>; 2] {
    let streams = streams(batch);
    let protobuf = as_protobuf(&streams);
    let packed = snap::raw::Encoder::new().compress_vec(&protobuf);
    [as_json(&streams), packed.expect("a block")]
}

fn streams(batch: &Batch) -> Streams {
    let mut streams = Streams::new();
    for bytes in batch.documents.slices(0..batch.documents.len()) {
        let record = stored(bytes);
        let mut text = Vec::new();
        let members = record.attributes.expect("attributes");
        attributes::write_json(members, &mut text).expect("JSON");
        let mut metadata: Map<String, Value> = serde_json::from_slice(&text).expect("an object");
        let service = metadata.remove("service").unwrap_or_default();
        let service = service.as_str().unwrap_or_default().to_owned();
        for value in metadata.values_mut().filter(|value| !value.is_string()) {
            *value = value.to_string().into();
        }
        let labels = (record.level.unwrap_or_default().to_owned(), service);
        streams.entry(labels).or_default().push(Line {
            nanos: record.id.time().nanos(),
            text: record.message.to_owned(),
            metadata,
        });
    }
    streams
}

fn as_json(streams: &Streams) -> Vec<u8> {
    let streams = streams.iter().map(|((level, service), lines)| {
        let values = lines
            .iter()
            .map(|line| json!([line.nanos.to_string(), line.text, line.metadata]));
        let values: Vec<_> = values.collect();
        json!({"stream": {"level": level, "service": service}, "values": values})
    });
    let streams: Vec<_> = streams.collect();
    json!({ "streams": streams }).to_string().into_bytes()
}

fn as_protobuf(streams: &Streams) -> Vec<u8> {
    let mut push = Vec::new();
    for ((level, service), lines) in streams {
        let mut stream = Vec::new();
        let labels = format!("{{level=\"{level}\", service=\"{service}\"}}");
        field(&mut stream, 1, labels.as_bytes());
        for line in lines {
            let (mut time, mut entry) = (Vec::new(), Vec::new());
            for (tag, number) in [
                (8, line.nanos / 1_000_000_000),
                (16, line.nanos % 1_000_000_000),
            ] {
                time.push(tag);
                varint(&mut time, number.unsigned_abs());
            }
            field(&mut entry, 1, &time);
            field(&mut entry, 2, line.text.as_bytes());
            for (name, value) in &line.metadata {
                let mut pair = Vec::new();
                field(&mut pair, 1, name.as_bytes());
                field(&mut pair, 2, value.as_str().unwrap_or_default().as_bytes());
                field(&mut entry, 3, &pair);
            }
            field(&mut stream, 2, &entry);
        }
        field(&mut push, 1, &stream);
    }
    push
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn of_json(body: &[u8]) -> Batch {
    let mut builder = builder();
    decode_json(body, None, &mut builder).expect("a push");
    finished(builder)
}

pub(super) fn of_protobuf(body: &[u8]) -> Batch {
    let body = snap::raw::Decoder::new().decompress_vec(body);
    let mut builder = builder();
    decode_protobuf(&body.expect("a block"), None, &mut builder).expect("a push");
    finished(builder)
}

fn builder() -> BatchBuilder {
    BatchBuilder::new(BatchId::keyed("key", b"body"), None, START, MAX_BYTES)
}

fn finished(builder: BatchBuilder) -> Batch {
    let (batch, rejects) = builder.finish();
    let taken = (batch.documents.len(), rejects.count);
    assert_eq!(taken, (RECORDS as usize, 0));
    batch
}
