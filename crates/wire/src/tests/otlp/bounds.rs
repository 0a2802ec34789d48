//! Bodies that are broken, or large for what they are.

use super::messages::{
    Any, KeyValue, LogRecord, Request, Resource, ResourceLogs, ScopeLogs, any_json, array,
    attribute, json_of, object, of_one, text,
};
use super::*;
use crate::otlp::decode_json;
use crate::tests::shown_document;
use logs::Timestamp;
use prost::Message as _;
use record::batch::BatchBuilder;
use record::fault::{MAX_DOCUMENT_BYTES, MAX_MEMBERS};
use record::id::BatchId;

#[test]
fn a_body_that_is_not_what_its_type_says_is_refused_with_what_is_wrong() {
    for (body, line, column) in [
        (r#"{"resourceLogs":["#, 1, 18),
        (
            "{\"resourceLogs\":[\n{\"scopeLogs\":[{\"logRecords\":[{\"body\":]}]}]}",
            2,
            38,
        ),
        ("{} x", 1, 4),
        ("{}{}", 1, 3),
        ("not JSON", 1, 2),
    ] {
        let Err(DecodeError::Syntax {
            line: l,
            column: c,
            reason,
        }) = of_json(body.as_bytes())
        else {
            panic!("{body}");
        };
        assert_eq!((l, c, reason.is_empty()), (line, column, false), "{body}");
    }
    for body in [
        "[]",
        "17",
        r#""text""#,
        r#"{"resourceLogs":{}}"#,
        r#"{"resourceLogs":[1]}"#,
        r#"{"resourceLogs":[{"scopeLogs":5}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":["x"]}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":{}}]}]}"#,
    ] {
        let error = of_json(body.as_bytes()).unwrap_err();
        assert!(
            matches!(error, DecodeError::Shape { .. }),
            "{body}: {error}"
        );
    }
    let whole = of_one(LogRecord {
        body: Some(text("a body")),
        attributes: vec![attribute("k", text("v"))],
        ..LogRecord::default()
    });
    let whole = whole.encode_to_vec();
    for end in 1..whole.len() {
        let error = of_protobuf(&whole[..end]).unwrap_err();
        assert_eq!(error.code(), "invalid_protobuf", "{end}");
    }
    for body in [&b"\x00"[..], b"{}", b"\x0a\x03\x12\x01\x0f"] {
        assert!(of_protobuf(body).is_err(), "{body:?}");
    }
    // Within a value, which is read last.
    let body = [0x0a, 10, 0x12, 8, 0x12, 6, 0x32, 4, 0x12, 2, 0x0a, 9];
    assert_eq!(of_protobuf(&body).unwrap_err().code(), "invalid_protobuf");
}

#[test]
fn members_beyond_the_bound_are_kept_as_text() {
    let values = vec![text("v"); MAX_MEMBERS + 2];
    let attributes: Vec<_> = (0..MAX_MEMBERS + 2)
        .map(|number| attribute(&format!("k{number}"), text("v")))
        .collect();
    let request = of_one(LogRecord {
        attributes: [vec![attribute("list", array(values))], attributes].concat(),
        ..LogRecord::default()
    });
    let decoded = [
        (
            of_protobuf(&request.encode_to_vec()).unwrap(),
            r#"["v","v"]"#,
            r#""k100001":"v""#,
        ),
        (
            of_json(json_of(&request).as_bytes()).unwrap(),
            r#"[{"stringValue":"v"},{"stringValue":"v"}]"#,
            r#"{"key":"k100001","value":{"stringValue":"v"}}"#,
        ),
    ];
    for (built, rest_of_list, last) in decoded {
        let found = shown(&built.batch).remove(0);
        let attributes = found["attributes"].as_object().unwrap();
        assert_eq!(attributes.len(), MAX_MEMBERS + 1);
        let list = attributes["list"].as_array().unwrap();
        assert_eq!(
            (list.len(), &list[MAX_MEMBERS]),
            (MAX_MEMBERS + 1, &rest_of_list.into())
        );
        let more = attributes["_more"].as_str().unwrap();
        assert!(more.contains("k99999") && more.contains(last), "{more}");
        assert_eq!(told(&built).len(), 1);
    }
}

type Decode = fn(&[u8], &mut BatchBuilder) -> Result<(), DecodeError>;

/// The places of records that are too large, how many others there are, and how many are refused.
type Decoded = Result<(Vec<u32>, usize, u64), DecodeError>;

/// Decodes a request in both forms with so much room, records that are too large kept apart.
fn with_room(request: &Request, bytes: usize) -> [Decoded; 2] {
    let (body, json) = (request.encode_to_vec(), json_of(request));
    let forms: [(Decode, &[u8]); 2] = [(decode_protobuf, &body), (decode_json, json.as_bytes())];
    forms.map(|(decode, body)| {
        let received = Timestamp::from_nanos(0);
        let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, received, bytes);
        batch.keep_too_large();
        decode(body, &mut batch)?;
        let places = batch
            .take_too_large()
            .iter()
            .map(|one| one.position)
            .collect();
        let (batch, rejects) = batch.finish();
        Ok((places, batch.documents.len(), rejects.count))
    })
}

#[test]
fn a_record_that_is_too_large_is_set_apart_whole_and_the_others_are_taken() {
    let half = "x".repeat(MAX_DOCUMENT_BYTES / 2 + 100);
    let large = |attributes: Vec<KeyValue>| LogRecord {
        attributes,
        body: Some(text("large")),
        ..LogRecord::default()
    };
    let mut request = of_one(large(vec![]));
    let records = &mut request.resource_logs[0].scope_logs[0].log_records;
    records.push(large(vec![
        attribute("a", text(&half)),
        attribute("b", text(&half)),
        attribute("c", text(&half)),
    ]));
    records.push(large(vec![]));
    for found in with_room(&request, 1 << 30) {
        assert_eq!(found, Ok((vec![1], 2, 0)));
    }
    // Where a batch has too little room for it, more is asked for; none is refused by itself.
    for found in with_room(&request, MAX_DOCUMENT_BYTES) {
        assert_eq!(found, Err(DecodeError::TooLarge));
    }
}

/// What is set apart of a request of one record, in both forms.
fn set_apart(record: LogRecord) -> [Vec<serde_json::Value>; 2] {
    let request = of_one(record);
    let (body, json) = (request.encode_to_vec(), json_of(&request));
    let forms: [(Decode, &[u8]); 2] = [(decode_protobuf, &body), (decode_json, json.as_bytes())];
    forms.map(|(decode, body)| {
        let received = Timestamp::from_nanos(0);
        let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, received, 1 << 30);
        batch.keep_too_large();
        decode(body, &mut batch).unwrap();
        let apart = batch.take_too_large();
        let (batch, rejects) = batch.finish();
        assert_eq!((batch.documents.len(), rejects.count), (0, 0));
        let documents = apart.iter().map(|one| one.document.as_slice());
        documents.map(shown_document).collect()
    })
}

#[test]
fn a_body_that_is_no_text_and_too_large_to_be_stored_is_set_apart_whole_with_its_time() {
    let half = "x".repeat(MAX_DOCUMENT_BYTES / 2 + 100);
    let one = text(&"y".repeat(MAX_DOCUMENT_BYTES));
    let many = vec![attribute("k", text("\u{1}z")); 800_000];
    for body in [
        array(vec![text(&half), text("between"), text(&half)]),
        array(vec![one.clone()]),
        object(vec![attribute("k", one)]),
        object(many),
        Any::Bytes(vec![7; MAX_DOCUMENT_BYTES]).into(),
    ] {
        let [of_protobuf, of_json] = set_apart(LogRecord {
            time: 1_728_345_600_123_456_789,
            body: Some(body.clone()),
            attributes: vec![attribute("mine", text("stays"))],
            ..LogRecord::default()
        });
        for found in [&of_protobuf, &of_json] {
            assert_eq!(found.len(), 1);
            assert_eq!(found[0]["attributes"]["mine"], "stays");
            assert_eq!(found[0]["timestamp"], "2024-10-08T00:00:00.123456789Z");
        }
        let message =
            |found: &[serde_json::Value]| found[0]["message"].as_str().unwrap().to_owned();
        let (plain, as_sent) = (message(&of_protobuf), message(&of_json));
        if let Some(Any::Bytes(_)) = body.value {
            assert_eq!(plain, as_sent);
            continue;
        }
        let plain: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(as_sent, any_json(&body).to_string());
        match &plain {
            serde_json::Value::Array(values) => {
                assert!(values.iter().all(serde_json::Value::is_string));
            }
            members => assert!(members["k"].is_string(), "{members}"),
        }
    }
}

#[test]
fn what_is_kept_as_text_of_an_attribute_may_be_larger_than_a_stored_record() {
    let half = "x".repeat(MAX_DOCUMENT_BYTES / 2 + 100);
    let mut deep = array(vec![text(&half), text(&half)]);
    for _ in 0..40 {
        deep = array(vec![deep]);
    }
    let mut long = vec![Any::Boolean(true).into(); MAX_MEMBERS];
    long.extend([text(&half), text(&half)]);
    for value in [deep, array(long)] {
        let attributes = vec![attribute("a", value)];
        let found = set_apart(LogRecord {
            attributes,
            ..LogRecord::default()
        });
        for found in found {
            assert_eq!(found.len(), 1);
            let mut value = &found[0]["attributes"]["a"];
            while let Some(last) = value.as_array().and_then(|values| values.last()) {
                value = last;
            }
            let length = value.as_str().unwrap().len();
            assert!(length > 2 * half.len(), "{length}");
        }
    }
}

#[test]
fn what_many_records_share_counts_for_each_of_them() {
    let request = Request {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![attribute("k", text(&"v".repeat(100_000)))],
                dropped: 0,
            }),
            scope_logs: vec![ScopeLogs {
                log_records: vec![LogRecord::default(); 1000],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    for (room, expected) in [
        (10 << 20, Err(DecodeError::TooLarge)),
        (1 << 30, Ok((vec![], 1000, 0))),
    ] {
        for found in with_room(&request, room) {
            assert_eq!(found, expected);
        }
    }
}
