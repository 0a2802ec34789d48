//! As OpenTelemetry's senders send them.

use super::{Record, joined, protobuf as wire, quoted};
use bson::{Bson, Document};

/// A request in JSON.
pub(crate) fn json(records: &[Record]) -> Vec<u8> {
    let records = joined(records.iter().map(|record| {
        format!(
            r#"{{"timeUnixNano":"{}","severityText":{},"body":{{"stringValue":{}}},"attributes":[{}]}}"#,
            record.nanos(),
            quoted(&record.level),
            quoted(&record.message),
            members_json(&record.attributes),
        )
    }));
    let request = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#);
    request.into_bytes()
}

/// The same in protobuf.
pub(crate) fn protobuf(records: &[Record]) -> Vec<u8> {
    let records = records.iter().flat_map(|record| {
        let mut message = vec![1 << 3 | 1];
        message.extend(record.nanos().to_le_bytes());
        message.extend(wire::bytes(3, record.level.as_bytes()));
        message.extend(wire::bytes(5, &wire::bytes(1, record.message.as_bytes())));
        message.extend(members(6, &record.attributes));
        wire::bytes(2, &message)
    });
    let scope_logs: Vec<u8> = records.collect();
    wire::bytes(1, &wire::bytes(2, &scope_logs))
}

fn members_json(members: &Document) -> String {
    joined(members.iter().map(|(key, value)| {
        format!(
            r#"{{"key":{},"value":{{{}}}}}"#,
            quoted(key),
            any_json(value)
        )
    }))
}

fn any_json(value: &Bson) -> String {
    match value {
        Bson::Document(members) => {
            format!(r#""kvlistValue":{{"values":[{}]}}"#, members_json(members))
        }
        Bson::Boolean(truth) => format!(r#""boolValue":{truth}"#),
        Bson::String(text) => format!(r#""stringValue":{}"#, quoted(text)),
        number => format!(r#""intValue":"{number}""#),
    }
}

fn members(number: u8, members: &Document) -> Vec<u8> {
    let members = members.iter().flat_map(|(key, value)| {
        let member = [wire::bytes(1, key.as_bytes()), wire::bytes(2, &any(value))];
        wire::bytes(number, &member.concat())
    });
    members.collect()
}

fn any(value: &Bson) -> Vec<u8> {
    match value {
        Bson::Document(inner) => wire::bytes(6, &members(1, inner)),
        Bson::Boolean(truth) => wire::number(2, u64::from(*truth)),
        Bson::String(text) => wire::bytes(1, text.as_bytes()),
        Bson::Int32(number) => wire::number(3, i64::from(*number).cast_unsigned()),
        Bson::Int64(number) => wire::number(3, number.cast_unsigned()),
        _ => Vec::new(),
    }
}
