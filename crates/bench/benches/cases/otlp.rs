//! The producer's records as OpenTelemetry's senders send them: the same times, levels, messages and
//! attributes, and nothing beside them.
#![expect(
    clippy::indexing_slicing,
    reason = "a member that is not there is null"
)]

use logs::Timestamp;
use serde_json::{Map, Value, json};

/// The producer's body as a request in JSON.
pub(crate) fn json(body: &[u8]) -> Vec<u8> {
    let records = records(body).into_iter().map(|record| {
        json!({
            "timeUnixNano": nanos(&record).to_string(),
            "severityText": record["level"],
            "body": any_json(&record["message"]),
            "attributes": members_json(&record["attributes"]),
        })
    });
    let records: Vec<Value> = records.collect();
    let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
    request.to_string().into_bytes()
}

/// The same in protobuf.
pub(crate) fn protobuf(body: &[u8]) -> Vec<u8> {
    let records = records(body).into_iter().map(|record| {
        let text = |name: &str| record[name].as_str().expect("a text").as_bytes();
        let mut message = vec![1 << 3 | 1];
        message.extend(nanos(&record).to_le_bytes());
        message.extend(field(3, text("level")));
        message.extend(field(5, &any(&record["message"])));
        message.extend(members(6, &record["attributes"]));
        field(2, &message)
    });
    let scope_logs: Vec<u8> = records.flatten().collect();
    field(1, &field(2, &scope_logs))
}

fn records(body: &[u8]) -> Vec<Map<String, Value>> {
    serde_json::from_slice(body).expect("an array of records")
}

fn nanos(record: &Map<String, Value>) -> i64 {
    let time = record["timestamp"].as_str().expect("a text");
    Timestamp::parse(time).expect("a time").nanos()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn members_json(value: &Value) -> Value {
    let members = object(value).iter();
    members
        .map(|(key, value)| json!({"key": key, "value": any_json(value)}))
        .collect()
}

fn any_json(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(truth) => json!({"boolValue": truth}),
        Value::Number(number) => json!({"intValue": number.to_string()}),
        _ => json!({"kvlistValue": {"values": members_json(value)}}),
    }
}

fn members(number: u8, value: &Value) -> Vec<u8> {
    let members = object(value).iter().map(|(key, value)| {
        let member = [field(1, key.as_bytes()), field(2, &any(value))];
        field(number, &member.concat())
    });
    members.flatten().collect()
}

fn any(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => field(1, text.as_bytes()),
        Value::Bool(truth) => vec![2 << 3, u8::from(*truth)],
        Value::Number(number) => {
            let mut any = vec![3 << 3];
            varint(&mut any, number.as_u64().expect("a whole number"));
            any
        }
        _ => field(6, &members(1, value)),
    }
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    varint(&mut field, content.len() as u64);
    field.extend_from_slice(content);
    field
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
