//! Requests and refusals, encoded as the protocol describes them.

use crate::support::http::Reply;
use serde_json::{Value, json};

pub(super) const JSON: &str = "application/json";

/// A field of a message that is itself a message, a text or bytes.
pub(super) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    [bytes, content.to_vec()].concat()
}

fn attribute(key: &str, value: &str) -> Vec<u8> {
    let value = field(1, value.as_bytes());
    [field(1, key.as_bytes()), field(2, &value)].concat()
}

/// A record of this time, or without one, and with a body that is this text.
pub(super) fn log_record(time: Option<u64>, text: &str) -> Vec<u8> {
    let mut record = Vec::new();
    if let Some(time) = time {
        record.push(1 << 3 | 1);
        record.extend(time.to_le_bytes());
    }
    record.extend(field(5, &field(1, text.as_bytes())));
    record.extend(field(9, &[0xab; 16]));
    record
}

/// A request of these records of the service `cart`.
pub(super) fn request(records: &[Vec<u8>]) -> Vec<u8> {
    let resource = field(1, &attribute("service.name", "cart"));
    let records: Vec<_> = records.iter().map(|record| field(2, record)).collect();
    let scope_logs = field(2, &records.concat());
    field(1, &[field(1, &resource), scope_logs].concat())
}

/// A request of one record in JSON.
pub(super) fn json_request(record: &Value) -> String {
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).to_string()
}

/// The status of a refusal, in the form of a type: its code and its message.
pub(super) fn refusal(reply: &Reply, content_type: &str) -> (u64, String) {
    assert_eq!(reply.header("content-type"), Some(content_type));
    if content_type == JSON {
        let status = reply.json();
        let message = status["message"].as_str().unwrap().to_owned();
        return (status["code"].as_u64().unwrap(), message);
    }
    let [0x08, code, 0x12, rest @ ..] = reply.body.as_slice() else {
        panic!("no google.rpc.Status: {:?}", reply.body);
    };
    // The length of a message is one byte or two.
    let length = if rest[0] < 0x80 { 1 } else { 2 };
    let message = std::str::from_utf8(&rest[length..]).unwrap();
    (u64::from(*code), message.to_owned())
}
