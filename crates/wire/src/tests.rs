//! What senders send, and the records that come of it.

use super::*;
use bson::RawDocument;
use logs::Timestamp;
use proptest::prelude::*;
use record::attributes;
use record::batch::{Batch, BatchBuilder, Rejects};
use record::document::StoredDocument;
use record::id::BatchId;
use serde_json::{Value, json};

const RECEIVED: i64 = 1_700_000_000_000_000_000;

fn decode(content_type: Option<&str>, body: &str) -> Result<(Batch, Rejects), DecodeError> {
    let id = BatchId::keyed("key", body.as_bytes());
    let mut batch = BatchBuilder::new(id, None, Timestamp::from_nanos(RECEIVED), 1 << 30);
    let format = format_of(content_type).expect("a known type");
    (format.decode)(body.as_bytes(), &mut batch)?;
    Ok(batch.finish())
}

/// The records as a reader would get them.
fn records(body: &str) -> Vec<Value> {
    let (batch, rejects) = decode(None, body).expect("a readable body");
    assert_eq!(rejects.listed, [], "{body}");
    shown(&batch)
}

fn shown(batch: &Batch) -> Vec<Value> {
    let documents = &batch.documents;
    documents
        .slices(0..documents.len())
        .map(|bytes| {
            let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
            let mut record = json!({
                "timestamp": stored.id.time().to_string(),
                "level": stored.level,
                "message": stored.message,
            });
            if let Some(members) = stored.attributes {
                let mut text = Vec::new();
                attributes::write_json(members, &mut text).unwrap();
                record["attributes"] = serde_json::from_slice(&text).unwrap();
            }
            record
        })
        .collect()
}

fn fault(body: &str) -> String {
    let (_, rejects) = decode(None, body).expect("a readable body");
    assert_eq!(rejects.count, 1, "{body}");
    rejects.listed[0].fault.to_string()
}

fn attributes_text(body: &str) -> String {
    let (batch, rejects) = decode(None, body).unwrap();
    assert_eq!(rejects.listed, []);
    let bytes = batch.documents.slices(0..1).next().unwrap();
    let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
    let mut text = Vec::new();
    attributes::write_json(stored.attributes.unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn an_array_one_object_and_lines_are_told_apart_by_themselves() {
    let one = r#"{"timestamp":"2024-10-08T00:00:00Z","message":"a"}"#;
    for (body, count) in [
        (format!("[{one},{one}]"), 2),
        (one.to_owned(), 1),
        (format!(" \n{one}\n"), 1),
        (format!("\u{feff}{one}"), 1),
        (format!("{one}\n{one}\n\n{one}"), 3),
        ("{\n \"message\":\n \"a\"\n}".to_owned(), 1),
        ("[]".to_owned(), 0),
    ] {
        assert_eq!(records(&body).len(), count, "{body}");
    }
}

#[test]
fn the_names_that_senders_use_are_known_and_the_first_that_is_not_empty_counts() {
    for (name, rest) in [
        ("timestamp", "message"),
        ("@timestamp", "_msg"),
        ("time", "msg"),
        ("_time", "log"),
        ("ts", "body"),
        ("date", "short_message"),
    ] {
        let body = json!({ name: "2024-10-08T00:00:00Z", rest: "text", "lvl": "warn" });
        let expected =
            json!({"timestamp": "2024-10-08T00:00:00Z", "level": "warn", "message": "text"});
        assert_eq!(records(&body.to_string()), [expected], "{name} {rest}");
    }
    let body = r#"{"timestamp":"","time":1728345600,"date":1,"message":"","log":"text","level":null,"severity":"x"}"#;
    let expected = json!({"timestamp": "2024-10-08T00:00:00Z", "level": "x", "message": "text", "attributes": {"date": 1}});
    assert_eq!(records(body), [expected]);
}

#[test]
fn a_record_without_a_time_takes_the_time_of_receipt() {
    for time in [
        r#""timestamp":"","#,
        r#""timestamp":0,"#,
        r#""ts":"-","#,
        r#""time":null,"#,
        "",
    ] {
        let body = format!(r#"{{{time}"message":"m"}}"#);
        let expected = json!({"timestamp": "2023-11-14T22:13:20Z", "level": null, "message": "m"});
        assert_eq!(records(&body), [expected], "{time}");
    }
}

#[test]
fn fields_that_are_not_known_become_attributes_and_the_last_of_a_name_wins() {
    let body = r#"{"message":"m","a":1,"attributes":{"b":{"c":[1,null,{"d":"é"}]},"a":2},"a":3,"attributes":{"e":true}}"#;
    assert_eq!(records(body)[0]["attributes"], json!({"a": 3, "e": true}));
    let body = r#"{"message":"m","attributes":{"b":{"x":1,"x":2},"a":2},"a":3}"#;
    assert_eq!(attributes_text(body), r#"{"b":{"x":2},"a":3}"#);
    let many: Vec<String> = (0..40).map(|n| format!(r#""k{}":{n}"#, n % 20)).collect();
    let text = attributes_text(&format!(r#"{{{},"message":"m"}}"#, many.join(",")));
    assert!(text.starts_with(r#"{"k0":20,"k1":21"#), "{text}");
}

#[test]
fn numbers_come_back_digit_for_digit() {
    let long = "9".repeat(60);
    let numbers = format!(
        "[0,-1,2147483648,9223372036854775807,-9223372036854775808,9223372036854775808,\
         18446744073709551616,-100000000000000000000,9999999999999999999999999999999999,\
         12345678901234567890123456789012345,{long},-{long},0.1,1.5e+300,-0.0,100.0]"
    );
    let body = format!(r#"{{"message":"m","n":{numbers}}}"#);
    assert_eq!(attributes_text(&body), format!(r#"{{"n":{numbers}}}"#));
}

#[test]
fn nesting_is_taken_up_to_its_bound_and_refused_beyond() {
    let nested = |depth| {
        let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
        format!(r#"{{"message":"m","n":{open}1{close}}}"#)
    };
    assert_eq!(records(&nested(32)).len(), 1);
    assert_eq!(
        fault(&nested(33)),
        "attributes are nested more than 32 deep"
    );
    assert_eq!(
        fault(&nested(5000)),
        "attributes are nested more than 32 deep"
    );
}

#[test]
fn what_is_wrong_with_a_record_is_said() {
    for (record, reason) in [
        ("5", "a record must be a JSON object, not a number"),
        ("[{}]", "a record must be a JSON object, not an array"),
        ("null", "a record must be a JSON object, not null"),
        (
            r#"{"level":"INFO"}"#,
            "there is no message: expected text in one of message, _msg, msg, log, body, short_message",
        ),
        (
            r#"{"message":null}"#,
            "there is no message: expected text in one of message, _msg, msg, log, body, short_message",
        ),
        (r#"{"message":5}"#, "message must be text, not a number"),
        (
            r#"{"message":"m","level":3}"#,
            "level must be text, not a number",
        ),
        (
            r#"{"message":"m","timestamp":"yesterday"}"#,
            "timestamp is not a time: expected RFC 3339 such as 2024-10-08T00:00:00Z, or a number of s, ms, µs or ns since 1970",
        ),
        (
            r#"{"message":"m","timestamp":true}"#,
            "timestamp is not a time: expected RFC 3339 such as 2024-10-08T00:00:00Z, or a number of s, ms, µs or ns since 1970",
        ),
        (
            r#"{"message":"m","time":"2500-01-01T00:00:00Z"}"#,
            "time is not a time: outside 1677-09-21 to 2262-04-11",
        ),
        (r#"{"message":"\ud800"}"#, "unexpected end of hex escape"),
        (
            r#"{"message":"m","a":{"b\u0000":1}}"#,
            "a field name holds U+0000, which cannot be stored",
        ),
        (
            r#"{"message":"m","a":1e999}"#,
            "the number 1e999 is too large",
        ),
    ] {
        assert_eq!(fault(&format!("[{record}]")), reason, "{record}");
    }
    assert_eq!(records(r#"{"message":""}"#)[0]["message"], "");
    assert_eq!(records(r#"{"message":"\u0000"}"#)[0]["message"], "\0");
}

#[test]
fn a_body_that_cannot_be_read_says_where_it_is_wrong() {
    let error = |body: &str| decode(Some("application/json"), body).unwrap_err();
    assert_eq!(error("").code(), "empty_body");
    assert_eq!(error(" \n ").code(), "empty_body");
    assert_eq!(error("5").code(), "not_records");
    assert_eq!(error("\"text\"").code(), "not_records");
    for (body, line, column) in [
        ("[{\"message\":\"a\"},\n{\"message\":}]", 2, 12),
        ("[{\"message\":\"a\"}", 1, 16),
        ("[] x", 1, 4),
        ("{\"message\":\"a\"", 1, 14),
    ] {
        match error(body) {
            DecodeError::Syntax {
                line: at,
                column: place,
                ..
            } => {
                assert_eq!((at, place), (line, column), "{body}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let format = format_of(None).unwrap();
    let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1 << 20);
    let read = (format.decode)(b"[{\"message\":\"\xff\"}]", &mut batch);
    assert_eq!(read, Err(DecodeError::NotUtf8 { offset: 13 }));
}

#[test]
fn a_broken_line_is_refused_alone_with_its_line() {
    let body = "{\"message\":\"a\"}\n\n{\"message\":\n5\n{\"message\":\"b\"} trailing\n{\"message\":\"c\"}\n";
    let (batch, rejects) = decode(Some("application/x-ndjson; charset=utf-8"), body).unwrap();
    assert_eq!(batch.documents.len(), 2);
    let faults: Vec<_> = rejects
        .listed
        .iter()
        .map(|reject| (reject.index, reject.fault.to_string()))
        .collect();
    assert_eq!(
        faults,
        [
            (
                1,
                "not valid JSON: EOF while parsing a value at line 3 column 11".to_owned()
            ),
            (2, "a record must be a JSON object, not a number".to_owned()),
            (
                3,
                "not valid JSON: trailing characters at line 5 column 17".to_owned()
            ),
        ]
    );
}

#[test]
fn a_batch_that_outgrows_its_bound_is_refused() {
    let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1000);
    let body = format!("[{}]", [r#"{"message":"m"}"#; 50].join(","));
    assert_eq!(
        json::decode(body.as_bytes(), &mut batch),
        Err(DecodeError::TooLarge)
    );
}

/// An element of an array takes several times its text.
#[test]
fn a_record_that_would_grow_too_large_is_refused_before_it_has() {
    let zeros = format!("[{}]", vec!["0"; 100_000].join(","));
    let many = vec![zeros; 40].join(",");
    let expected = "the record is larger than 8 MiB";
    assert_eq!(fault(&format!(r#"[{{"log":"a","x":[{many}]}}]"#)), expected);
    let members: Vec<String> = (0..12)
        .map(|n| format!(r#""k{n}":[{}]"#, vec!["7"; 99_999].join(",")))
        .collect();
    assert_eq!(
        fault(&format!(r#"{{"log":"a",{}}}"#, members.join(","))),
        expected
    );
}

#[test]
fn a_type_that_names_another_format_is_not_taken() {
    for known in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("Application/JSON; charset=utf-8"),
    ] {
        assert!(format_of(known).is_some(), "{known:?}");
    }
    for unknown in [
        "application/xml",
        "application/x-protobuf",
        "text/csv",
        "application/jsonp",
    ] {
        assert!(format_of(Some(unknown)).is_none(), "{unknown}");
    }
}

/// Any JSON value with members in order, without numbers that JSON libraries disagree on.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[^\u{0}]{0,8}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_sent_is_what_comes_back(message: String, level in "[^ ]{1,9}", nanos: i64, value in any_value()) {
        // Compared as text: serde_json's own reading of a number may be off by its last bit.
        let time = Timestamp::from_nanos(nanos).to_string();
        let attributes = json!({ "v": value });
        let sent = json!({"timestamp": time, "level": level, "message": message, "attributes": attributes}).to_string();
        prop_assert_eq!(attributes_text(&sent), attributes.to_string());
        let got = &records(&sent)[0];
        prop_assert_eq!(&got["timestamp"], &time);
        prop_assert_eq!(&got["level"], &level);
        prop_assert_eq!(&got["message"], &message);
    }

    #[test]
    fn no_bytes_whatever_make_it_panic(body: Vec<u8>, lines: bool) {
        let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1 << 20);
        let decode = if lines { ndjson::decode } else { json::decode };
        drop(decode(&body, &mut batch));
    }

    #[test]
    fn a_cut_or_garbled_body_never_panics(cut in 0_usize..200, flip in 0_usize..200, byte: u8) {
        let mut body = br#"[{"timestamp":"2024-10-08T00:00:00Z","level":"INFO","message":"a\u00e9","n":{"x":[1,2.5,true,null,"s"]}},{"message":"b"}]"#.to_vec();
        if let Some(place) = body.get_mut(flip) { *place = byte; }
        body.truncate(cut);
        let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1 << 20);
        drop(json::decode(&body, &mut batch));
        let (batch, _) = batch.finish();
        for document in batch.documents.slices(0..batch.documents.len()) {
            prop_assert!(StoredDocument::read(RawDocument::from_bytes(document).unwrap()).is_some());
        }
    }
}
