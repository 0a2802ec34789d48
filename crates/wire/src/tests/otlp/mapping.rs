//! What a record is made of, from bytes that are written down as the protocol describes them.

use super::messages::{Any, LogRecord, attribute, json_of, object, of_one, text};
use super::*;
use prost::Message as _;
use serde_json::json;

/// What the Collector's `otlphttp` exporter sends for a line of a file, byte by byte.
#[rustfmt::skip]
const GOLDEN: &[u8] = &[
    0x0a, 0xa8, 1, // resource_logs
      0x0a, 24, // resource
        0x0a, 22, // attributes
          0x0a, 12, b's', b'e', b'r', b'v', b'i', b'c', b'e', b'.', b'n', b'a', b'm', b'e',
          0x12, 6, 0x0a, 4, b'c', b'a', b'r', b't',
      0x12, 0x87, 1, // scope_logs
        0x0a, 8, // scope
          0x0a, 3, b'l', b'i', b'b', // name
          0x12, 1, b'1', // version
        0x12, 119, // log_records
          0x09, 0x15, 0xcd, 0x5b, 0x07, 0x00, 0x00, 0x97, 0x17, // time_unix_nano
          0x10, 17, // severity_number
          0x1a, 5, b'E', b'R', b'R', b'O', b'R', // severity_text
          0x2a, 6, 0x0a, 4, b'l', b'i', b'n', b'e', // body
          0x32, 12, 0x0a, 4, b'c', b'o', b'd', b'e', 0x12, 4, 0x18, 0xf4, 0x83, 0x01, // attributes: an int
          0x32, 14, 0x0a, 3, b'b', b'i', b'n', 0x12, 7, 0x3a, 5, 0, 1, 2, 0xfe, 0xff, // bytes
          0x32, 8, 0x0a, 2, b'o', b'k', 0x12, 2, 0x10, 1, // a bool
          0x38, 3, // dropped_attributes_count
          0x45, 1, 0, 0, 0, // flags
          0x4a, 16, 0x5b, 0x8e, 0xff, 0xf7, 0x98, 0x03, 0x81, 0x03, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c,
          0x52, 8, 0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74,
          0x59, 0x16, 0xcd, 0x5b, 0x07, 0x00, 0x00, 0x97, 0x17, // observed_time_unix_nano
          0x62, 5, b'e', b'v', b'e', b'n', b't', // event_name
          0x70, 1, // a field that is not known
        0x1a, 2, b'u', b'2', // schema_url of the scope
      0x1a, 2, b'u', b'1', // schema_url of the resource
];

fn golden_record() -> Value {
    json!({
        "timestamp": "2023-11-12T22:16:24.479108373Z",
        "level": "ERROR",
        "message": "line",
        "attributes": {
            "code": 16884,
            "bin": "AAEC/v8=",
            "ok": true,
            "trace_id": "5b8efff798038103d269b633813fc60c",
            "span_id": "eee19b7ec3c1b174",
            "event_name": "event",
            "severity_number": 17,
            "observed_time": "2023-11-12T22:16:24.479108374Z",
            "flags": 1,
            "dropped_attributes_count": 3,
            "scope.name": "lib",
            "scope.version": "1",
            "scope.schema_url": "u2",
            "resource.service.name": "cart",
            "resource.schema_url": "u1",
        },
    })
}

#[test]
fn a_request_of_the_collector_is_kept_under_clear_names() {
    let built = of_protobuf(GOLDEN).unwrap();
    assert_eq!(shown(&built.batch), [golden_record()]);
    assert_eq!(told(&built), []);
}

#[test]
fn json_of_the_javascript_sdk_is_kept_under_the_same_names() {
    let times = ["1699827384479108373", "1699827384479108374"];
    let json = json!({"resourceLogs": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "cart"}},
        ]},
        "scopeLogs": [{
            "scope": {"name": "lib", "version": "1"},
            "logRecords": [{
                "timeUnixNano": times[0], "observedTimeUnixNano": times[1],
                "severityNumber": 17, "severityText": "ERROR",
                "body": {"stringValue": "line"},
                "attributes": [
                    {"key": "code", "value": {"intValue": 16884}},
                    {"key": "bin", "value": {"bytesValue": "AAEC/v8="}},
                    {"key": "ok", "value": {"boolValue": true}},
                ],
                "droppedAttributesCount": 3, "flags": 1, "eventName": "event",
                "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174",
                "notKnown": [{"a": 1}],
            }],
            "schemaUrl": "u2",
        }],
        "schemaUrl": "u1",
    }]})
    .to_string();
    // Either in a text or as a number.
    let numbers = json.replace(&format!("\"{}\"", times[0]), times[0]);
    let numbers = numbers.replace(&format!("\"{}\"", times[1]), times[1]);
    assert_ne!(json, numbers);
    for body in [json, numbers] {
        let built = of_json(body.as_bytes()).unwrap();
        assert_eq!(shown(&built.batch), [golden_record()]);
        assert_eq!(told(&built), []);
    }
}

/// What comes of a record, which must be the same in both forms.
fn record(record: LogRecord) -> Value {
    let request = of_one(record);
    let built = of_protobuf(&request.encode_to_vec()).unwrap();
    let json = of_json(json_of(&request).as_bytes()).unwrap();
    assert_eq!(shown(&built.batch), shown(&json.batch));
    assert_eq!(built.batch.undated(), json.batch.undated());
    assert_eq!((told(&built), told(&json)), (vec![], vec![]));
    shown(&built.batch).remove(0)
}

#[test]
fn the_time_is_that_of_the_event_else_when_it_was_observed_else_when_it_came() {
    for (time, observed, expected) in [
        (5, 7, "1970-01-01T00:00:00.000000005Z"),
        (0, 7, "1970-01-01T00:00:00.000000007Z"),
        (0, 0, "2023-11-14T22:13:20Z"),
    ] {
        let found = record(LogRecord {
            time,
            observed,
            ..LogRecord::default()
        });
        assert_eq!(found["timestamp"], expected);
    }
}

#[test]
fn the_level_is_the_text_that_was_sent_else_the_one_that_the_number_stands_for() {
    for (severity_number, severity_text, expected) in [
        (9, "Information", json!("Information")),
        (0, "AUDIT", json!("AUDIT")),
        (1, "", json!("TRACE")),
        (12, "", json!("INFO")),
        (24, "", json!("FATAL")),
        (0, "", json!(null)),
    ] {
        let found = record(LogRecord {
            severity_number,
            severity_text: severity_text.to_owned(),
            ..LogRecord::default()
        });
        assert_eq!(found["level"], expected);
        let number = (severity_number != 0).then_some(severity_number);
        assert_eq!(found["attributes"]["severity_number"], json!(number));
    }
}

#[test]
fn ids_of_another_length_or_of_zeros_are_none() {
    for (trace_id, span_id) in [
        (vec![0; 16], vec![0; 8]),
        (vec![1; 15], vec![1; 9]),
        (vec![], vec![]),
    ] {
        let found = record(LogRecord {
            trace_id,
            span_id,
            ..LogRecord::default()
        });
        assert_eq!(found.get("attributes"), None);
    }
    let (found, _) = json_record(r#"{"traceId":"5b8efff798038103d269b633813fc60g"}"#);
    assert_eq!(found.get("attributes"), None);
}

#[test]
fn a_body_of_any_type_is_a_message_and_an_object_is_an_attribute_too() {
    let inner = object(vec![
        attribute("a b", text("\"x\"")),
        attribute("n", Any::Integer(-1).into()),
    ]);
    let list = super::messages::array(vec![text("x"), Any::Double(0.5).into()]);
    for (body, expected, kept) in [
        (text("a line\nand more"), "a line\nand more", json!(null)),
        (Any::Integer(17).into(), "17", json!(null)),
        (Any::Boolean(false).into(), "false", json!(null)),
        (Any::Double(2.5).into(), "2.5", json!(null)),
        (Any::Bytes(vec![1, 2, 255]).into(), "AQL/", json!(null)),
        (list, r#"["x",0.5]"#, json!(null)),
        (
            inner,
            r#"{"a b":"\"x\"","n":-1}"#,
            json!({"a b": "\"x\"", "n": -1}),
        ),
        (super::messages::AnyValue::default(), "", json!(null)),
    ] {
        let found = record(LogRecord {
            body: Some(body),
            ..LogRecord::default()
        });
        assert_eq!(found["message"], expected);
        assert_eq!(found["attributes"]["body"], kept);
    }
}

#[test]
fn an_attribute_with_the_name_of_a_field_or_of_one_before_has_another_and_both_are_kept() {
    let trace_id = vec![0xab; 16];
    let named = |key: &str, value: &str| attribute(key, text(value));
    let found = record(LogRecord {
        trace_id: trace_id.clone(),
        attributes: vec![
            named("trace_id", "mine"),
            named("flags", "f"),
            named("a", "1"),
            named("a", "2"),
            named("a", "3"),
        ],
        ..LogRecord::default()
    });
    let expected = json!({
        "trace_id": super::messages::hex(&trace_id),
        "trace_id_": "mine",
        // The record has no flags of its own.
        "flags": "f",
        "a": "1",
        "a_": "2",
        "a_2": "3",
    });
    assert_eq!(found["attributes"], expected);
}

#[test]
fn an_empty_request_has_no_records() {
    for body in [
        "",
        "{}",
        r#"{"resourceLogs":[]}"#,
        " \n",
        r#"{"resourceLogs":null}"#,
    ] {
        assert_eq!(of_json(body.as_bytes()).unwrap().batch.documents.len(), 0);
    }
    for body in [&[][..], &[0x0a, 0], &[0x0a, 2, 0x12, 0]] {
        assert_eq!(of_protobuf(body).unwrap().batch.documents.len(), 0);
    }
}
