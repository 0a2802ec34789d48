//! Pushes that are not as the protocol has them: what can be used is taken.

use super::*;
use record::notice::NoticeKind;

const TIME: i64 = 1_728_345_600_123_456_789;

fn with_values(values: &str) -> Taken {
    of_json(&format!(
        r#"{{"streams":[{{"stream":{{"a":"b"}},"values":[{values}]}}]}}"#
    ))
}

#[test]
fn a_time_may_be_written_in_any_way_and_one_that_is_none_is_kept() {
    for (time, expected, told) in [
        (r#""1728345600123456789""#, TIME, 0),
        ("1728345600123456789", TIME, 0),
        (r#""1728345600""#, 1_728_345_600_000_000_000, 0),
        ("1728345600123", 1_728_345_600_123_000_000, 0),
        (r#""2024-10-08T00:00:00.123456789Z""#, TIME, 0),
        (r#""""#, RECEIVED, 0),
        ("null", RECEIVED, 0),
        ("0", RECEIVED, 0),
        (r#""yesterday""#, RECEIVED, 1),
        (r#""9999999999999999999""#, RECEIVED, 1),
        ("true", RECEIVED, 1),
    ] {
        let taken = with_values(&format!(r#"[{time},"x"]"#));
        assert_eq!(taken.records[0]["time"], expected, "{time}");
        assert_eq!(taken.notices.counts.of(NoticeKind::Time), told, "{time}");
        let kept = &taken.records[0]["attributes"]["timestamp"];
        let value: Value = serde_json::from_str(time).unwrap();
        assert_eq!(*kept == value && !kept.is_null(), told > 0, "{time} {kept}");
    }
}

#[test]
fn a_line_of_another_shape_is_a_record() {
    for (value, message, attributes) in [
        (
            r#"["1728345600123456789","x",null]"#,
            "x",
            json!({"a": "b"}),
        ),
        (r#"["1728345600123456789","x",{}]"#, "x", json!({"a": "b"})),
        (
            r#"["1728345600123456789",{"m":1}]"#,
            r#"{"m":1}"#,
            json!({"a": "b"}),
        ),
        (r#"["1728345600123456789",null]"#, "", json!({"a": "b"})),
        (r#"["1728345600123456789",7]"#, "7", json!({"a": "b"})),
        (r#"["x"]"#, "x", json!({"a": "b"})),
        (r#""x""#, "x", json!({"a": "b"})),
        ("7", "7", json!({"a": "b"})),
        (r#"{"m":1}"#, r#"{"m":1}"#, json!({"a": "b"})),
        (
            r#"{"ts":1728345600123456789,"line":"x","more":[1]}"#,
            "x",
            json!({"a": "b", "more": [1]}),
        ),
        (
            r#"{"ts":"1728345600123456789","line":"x","structuredMetadata":{"k":"v"}}"#,
            "x",
            json!({"a": "b", "k": "v"}),
        ),
        (
            r#"[1728345600123456789,"x","y",{"z":1}]"#,
            "x",
            json!({"a": "b", "_more": ["y", {"z": 1}]}),
        ),
        (
            r#"[1728345600123456789,"x",{"k":{"n":[1,null]}}, 5]"#,
            "x",
            json!({"a": "b", "k": {"n": [1, null]}, "_more": [5]}),
        ),
    ] {
        let taken = with_values(value);
        assert_eq!(taken.records.len(), 1, "{value}");
        assert_eq!(taken.records[0]["message"], message, "{value}");
        assert_eq!(taken.records[0]["attributes"], attributes, "{value}");
        assert_eq!(taken.refused, 0);
    }
    assert_eq!(with_values("[]").records.len(), 0);
}

#[test]
fn a_push_of_another_shape_is_taken_as_far_as_it_goes() {
    let line = r#"["1728345600123456789","x"]"#;
    for (body, attributes) in [
        (
            format!(r#"{{"streams":[{{"values":[{line}],"stream":{{"a":"b"}}}}]}}"#),
            json!({"a": "b"}),
        ),
        (
            format!(r#"{{"x":1,"streams":[{{"stream":{{"a":"b"}},"values":[{line}],"hash":7}}]}}"#),
            json!({"a": "b", "hash": 7}),
        ),
        (
            format!(r#"[{{"stream":{{"a":"b"}},"values":[{line}]}}]"#),
            json!({"a": "b"}),
        ),
        (
            format!(r#"{{"stream":{{"a":"b"}},"values":[{line}]}}"#),
            json!({"a": "b"}),
        ),
        (
            format!(r#"{{"streams":[{{"values":[{line}]}}]}}"#),
            Value::Null,
        ),
        (
            format!(r#"{{"streams":[{{"stream":null,"values":[{line}]}}]}}"#),
            json!({"stream": null}),
        ),
        (
            format!(r#"{{"streams":[{{"labels":"job","entries":[{line}]}}]}}"#),
            json!({"labels": "job"}),
        ),
        (
            format!(r#"{{"streams":[{{"stream":{{"a":1,"n":{{"b":true}}}},"values":[{line}]}}]}}"#),
            json!({"a": 1, "n": {"b": true}}),
        ),
        (
            r#"{"streams":[{"message":"x","a":"b","time":1728345600123456789}]}"#.to_owned(),
            json!({"a": "b"}),
        ),
        (r#"{"streams":["x"]}"#.to_owned(), Value::Null),
    ] {
        let taken = of_json(&body);
        assert_eq!(taken.records.len(), 1, "{body}");
        assert_eq!(taken.records[0]["message"], "x", "{body}");
        assert_eq!(taken.records[0]["attributes"], attributes, "{body}");
    }
    let two =
        format!(r#"{{"streams":[{{"values":[{line}]}}]}} {{"streams":[{{"values":[{line}]}}]}}"#);
    assert_eq!(of_json(&two).records.len(), 2);
    for nothing in [
        "",
        " \n",
        r#"{"streams":[]}"#,
        r#"{"streams":null}"#,
        "[]",
        r#"{"streams":[{"stream":{"a":"b"},"values":[]},{"stream":{}},{},{"values":null}]}"#,
    ] {
        let taken = of_json(nothing);
        assert_eq!((taken.records.len(), taken.refused), (0, 0), "{nothing}");
    }
}

#[test]
fn only_a_push_of_which_nothing_can_be_used_is_an_error() {
    for body in [
        "{}",
        "7",
        r#""x""#,
        r#"{"message":"x"}"#,
        r#"{"streams":"x"}"#,
    ] {
        let error = taken_by(decode_json, body.as_bytes(), None).unwrap_err();
        assert_eq!(error, DecodeError::NotPush, "{body}");
    }
    for body in [
        "{",
        "x",
        r#"{"streams":[{"stream":{"a":"b"},"values":[["1"#,
        r#"{"streams":[{"stream":{"a"#,
    ] {
        let error = taken_by(decode_json, body.as_bytes(), None).unwrap_err();
        assert_eq!(error.code(), "invalid_json", "{body}");
    }
    for body in [
        &b"\x0b"[..],
        b"{\"streams\":[]}",
        b"\x0a\x05\x12\x7f",
        b"\x0a\xff",
    ] {
        let error = taken_by(decode_protobuf, body, None).unwrap_err();
        assert_eq!(error.code(), "invalid_protobuf", "{body:?}");
    }
    let whole = r#"{"streams":[{"stream":{"a":"b"},"values":[["1728345600123456789","x"],["1728345600123456790","y"],["17"#;
    let taken = of_json(whole);
    assert_eq!((taken.records.len(), taken.refused), (2, 1));
    assert_eq!(taken.records[1]["attributes"], json!({"a": "b"}));
    let stream = write::stream("{a=\"b\"}", &[write::entry(TIME, b"x", &[])]);
    let taken = taken_by(decode_protobuf, &[&stream[..], b"\x0a\x7f"].concat(), None).unwrap();
    assert_eq!((taken.records.len(), taken.refused), (1, 1));
}

#[test]
fn an_entry_of_protobuf_is_taken_as_far_as_it_can_be_read() {
    let entries = [
        write::bytes(2, b"no time"),
        write::entry(TIME, b"\xff", &[("k\0", "1"), ("k\0", "2")]),
        [write::bytes(2, b"cut"), b"\x12\x7f".to_vec()].concat(),
        b"\x12\x7f".to_vec(),
        [
            write::bytes(1, &write::number(1, i64::MAX)),
            write::bytes(2, b"late"),
        ]
        .concat(),
        Vec::new(),
    ];
    let body = write::stream("{a=\"b\"}", &entries);
    let taken = taken_by(decode_protobuf, &body, None).unwrap();
    let expected = [
        json!({"time": RECEIVED, "message": "no time", "attributes": {"a": "b"}}),
        json!({"time": TIME, "message": "\u{fffd}", "attributes": {"a": "b", "k\u{fffd}": "2"}}),
        json!({"time": RECEIVED, "message": "cut", "attributes": {"a": "b"}}),
        json!({"time": RECEIVED, "message": "late", "attributes": {"a": "b", "timestamp": "9223372036854775807 s 0 ns"}}),
        json!({"time": RECEIVED, "message": "", "attributes": {"a": "b"}}),
    ];
    assert_eq!(taken.records, expected);
    assert_eq!(taken.refused, 1);
    assert_eq!(taken.notices.counts.of(NoticeKind::Characters), 2);
}

#[test]
fn what_is_no_utf_8_is_replaced_where_it_stands_and_told() {
    let body = b"{\"streams\":[{\"stream\":{\"a\":\"b\"},\"values\":[[\"1728345600123456789\",\"x\"],[\"1728345600123456789\",\"\xff\"]]},{\"stream\":{\"\xfe\":\"b\"},\"values\":[[\"1728345600123456789\",\"x\"]]}]}";
    let taken = taken_by(decode_json, body, None).unwrap();
    assert_eq!(taken.records[1]["message"], "\u{fffd}");
    assert_eq!(taken.records[2]["attributes"], json!({"\u{fffd}": "b"}));
    let told: Vec<_> = taken.notices.listed.iter().map(|told| told.index).collect();
    assert_eq!(told, [1, 2]);
}

#[test]
fn metadata_that_is_more_than_a_stored_record_may_be_is_kept_whole() {
    use super::write::{entry, stream};
    use record::fault::{MAX_DOCUMENT_BYTES, MAX_MEMBERS};
    let value = "\u{1}v".repeat(40);
    let names: Vec<_> = (0..MAX_MEMBERS + 40_000).map(|n| format!("n{n}")).collect();
    let pairs: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), value.as_str()))
        .collect();
    let entries = [entry(1_000, b"first", &pairs), entry(2_000, b"second", &[])];
    let body = stream("{a=\"b\"}", &entries);
    let received = Timestamp::from_nanos(RECEIVED);
    let mut batch = BatchBuilder::new(BatchId::keyed("key", &body), None, received, 1 << 30);
    batch.keep_too_large();
    decode_protobuf(&body, None, &mut batch).unwrap();
    let apart = batch.take_too_large();
    let (batch, rejects) = batch.finish();
    assert_eq!(
        (apart.len(), batch.documents.len(), rejects.count),
        (1, 1, 0)
    );
    let found = shown(&apart[0].document);
    assert_eq!(
        (&found["message"], &found["time"]),
        (&json!("first"), &json!(1_000))
    );
    let more = found["attributes"]["_more"].as_str().unwrap();
    assert!(more.len() > MAX_DOCUMENT_BYTES);
    let more: Value = serde_json::from_str(more).unwrap();
    assert_eq!(more.as_object().unwrap().len(), 40_000);
    assert_eq!(more["n139999"], value);
    // Where a batch has too little room for it, more is asked for.
    let mut small = BatchBuilder::new(BatchId::keyed("key", &body), None, received, 1 << 20);
    small.keep_too_large();
    let refused = decode_protobuf(&body, None, &mut small);
    assert!(matches!(refused, Err(DecodeError::TooLarge)));
}
