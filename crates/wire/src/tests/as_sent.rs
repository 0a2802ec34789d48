//! One record: its names, its time, and that nothing of it is lost.

use super::*;
use proptest::prelude::*;

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
    let body = r#"{"timestamp":"","time":1728345600,"date":1728345601,"message":"","log":"text","level":null,"severity":"x"}"#;
    let expected = json!({"timestamp": "2024-10-08T00:00:00Z", "level": "x", "message": "text", "attributes": {"date": 1_728_345_601}});
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
    fn what_was_sent_is_what_comes_back(
        message in any::<String>().prop_filter("a message", |message| message != "-"),
        level in "[^ 0-9-][^ ]{0,8}",
        nanos: i64,
        value in any_value(),
    ) {
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
        let decode = if lines { json::decode_lines } else { json::decode };
        drop(decode(&body, &mut batch));
    }

    #[test]
    fn a_cut_or_garbled_body_never_panics(cut in 0_usize..200, flip in 0_usize..200, byte: u8) {
        let mut body = br#"[{"timestamp":"2024-10-08T00:00:00Z","level":"INFO","message":"a\u00e9","n":{"x":[1,2.5,true,null,"s"]}},{"message":"b"}]"#.to_vec();
        if let Some(place) = body.get_mut(flip) { *place = byte; }
        body.truncate(cut);
        let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1 << 20);
        drop(json::decode(&body, &mut batch));
        let batch = batch.finish().0;
        for document in batch.documents.slices(0..batch.documents.len()) {
            prop_assert!(StoredDocument::read(RawDocument::from_bytes(document).unwrap()).is_some());
        }
    }
}
