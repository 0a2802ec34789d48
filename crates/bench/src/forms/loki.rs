//! As a push of Loki's: level and service are labels, all else is metadata.

use super::{Record, joined, protobuf as wire, quoted, text_of};
use std::collections::BTreeMap;

const SERVICE: &str = "service";

/// Records by level and service.
type Streams<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Record>>;

fn streams(records: &[Record]) -> Streams<'_> {
    let mut streams = Streams::new();
    for record in records {
        let service = record.attributes.get_str(SERVICE).unwrap_or_default();
        let labels = (record.level.as_str(), service);
        streams.entry(labels).or_default().push(record);
    }
    streams
}

fn metadata(record: &Record) -> impl Iterator<Item = (&String, String)> {
    let members = record
        .attributes
        .iter()
        .filter(|(name, _)| *name != SERVICE);
    members.map(|(name, value)| (name, text_of(value)))
}

/// As JSON.
pub(crate) fn json(records: &[Record]) -> Vec<u8> {
    let line = |record: &&Record| {
        let metadata = metadata(record);
        let metadata = metadata.map(|(name, text)| format!("{}:{}", quoted(name), quoted(&text)));
        let (nanos, text) = (record.nanos(), quoted(&record.message));
        format!(r#"["{nanos}",{text},{{{}}}]"#, joined(metadata))
    };
    let streams = streams(records)
        .into_iter()
        .map(|((level, service), lines)| {
            let (level, service) = (quoted(level), quoted(service));
            let lines = joined(lines.iter().map(line));
            format!(r#"{{"stream":{{"level":{level},"service":{service}}},"values":[{lines}]}}"#)
        });
    format!(r#"{{"streams":[{}]}}"#, joined(streams)).into_bytes()
}

/// As protobuf, which is sent in a block of snappy.
pub(crate) fn protobuf(records: &[Record]) -> Vec<u8> {
    let mut push = Vec::new();
    for ((level, service), lines) in streams(records) {
        let labels = format!("{{level=\"{level}\", service=\"{service}\"}}");
        let mut stream = wire::bytes(1, labels.as_bytes());
        for record in lines {
            stream.extend(wire::bytes(2, &entry(record)));
        }
        push.extend(wire::bytes(1, &stream));
    }
    push
}

fn entry(record: &Record) -> Vec<u8> {
    let nanos = record.nanos().unsigned_abs();
    let time = [
        wire::number(1, nanos / 1_000_000_000),
        wire::number(2, nanos % 1_000_000_000),
    ];
    let mut entry = wire::bytes(1, &time.concat());
    entry.extend(wire::bytes(2, record.message.as_bytes()));
    for (name, text) in metadata(record) {
        let pair = [
            wire::bytes(1, name.as_bytes()),
            wire::bytes(2, text.as_bytes()),
        ];
        entry.extend(wire::bytes(3, &pair.concat()));
    }
    entry
}
