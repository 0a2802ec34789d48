//! The single pass and the other way, held against each other.

mod member_names;

use super::*;
use crate::element;
use crate::fields;
use crate::frame::{blanks_end, value_end};
use crate::raw::elements_in;
use crate::unusual::Unusual;
use proptest::prelude::*;
use record::batch::Batch;
use record::id::BatchId;
use serde_json::Value;

fn builder() -> BatchBuilder {
    let now = Timestamp::from_nanos(1_700_000_000_000_000_000);
    BatchBuilder::new(BatchId::keyed("key", b"body"), None, now, 1 << 24)
}

fn told(batch: &Batch) -> (&[u8], usize, &[usize]) {
    let documents = &batch.documents;
    (documents.encoded(), documents.len(), batch.undated())
}

/// Whether each of an array's elements is taken in one pass, and nothing is behind it.
fn array(text: &str, batch: &mut BatchBuilder) -> bool {
    let (mut scanner, mut scratch) = (Scanner::at(text, 0), Scratch::default());
    let mut read = || {
        let mut more = scanner.open(b'[', b']')?;
        while more {
            super::record(&mut scanner, &mut scratch, None, batch)?;
            more = scanner.more(b']')?;
        }
        scanner.next().is_none().then_some(())
    };
    read().is_some()
}

/// Whether a record that is a text of its own is taken in one pass.
fn line<'a>(text: &'a str, scratch: &mut Scratch<'a>, batch: &mut BatchBuilder) -> bool {
    let mut scanner = Scanner::at(text, 0);
    let mark = batch.mark();
    let read = super::record(&mut scanner, scratch, None, batch);
    let is_whole = read.is_some() && scanner.next().is_none();
    if !is_whole {
        batch.rewind(&mark);
    }
    is_whole
}

/// The same by the other way: what it writes, unless it refuses something or has something to tell.
fn by_members(elements: impl Iterator<Item = String>) -> BatchBuilder {
    let mut batch = builder();
    for element in elements {
        let mut unusual = Unusual::default();
        element::read(
            &element,
            fields::record,
            &Vec::new(),
            &mut unusual,
            &mut batch,
        );
    }
    batch
}

/// The same for a line of its own, which the other way reads as one record of an array.
fn agrees_alone(text: &str) -> Result<bool, TestCaseError> {
    let mut fast = builder();
    if !line(text, &mut Scratch::default(), &mut fast) {
        return Ok(false);
    }
    agrees_with(fast, text, [text.trim_ascii().to_owned()].into_iter())
}

/// Whether the single pass took the body; if it did, the other way writes the same.
fn agrees(text: &str) -> Result<bool, TestCaseError> {
    let mut fast = builder();
    if !array(text, &mut fast) {
        return Ok(false);
    }
    let text = text.trim_ascii();
    let elements = elements_in(text).map(|(_, element)| element.to_owned());
    agrees_with(fast, text, elements)
}

fn agrees_with(
    fast: BatchBuilder,
    text: &str,
    elements: impl Iterator<Item = String>,
) -> Result<bool, TestCaseError> {
    let start = blanks_end(text.as_bytes(), 0);
    let end = value_end(text, start).map(|end| blanks_end(text.as_bytes(), end));
    prop_assert_eq!(end, Ok(text.len()), "{}", text);
    let mut slow = by_members(elements);
    prop_assert_eq!(slow.take_notices().listed, [], "{}", text);
    let ((fast, _), (slow, rejects)) = (fast.finish(), slow.finish());
    prop_assert_eq!(rejects.count, 0, "{}", text);
    prop_assert_eq!(told(&fast), told(&slow), "{}", text);
    Ok(true)
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<f32>().prop_map(Into::into),
        (0_i64..3).prop_map(Into::into),
        (0_i64..60).prop_map(Into::into),
        (1_700_000_000_u64..1_700_000_009).prop_map(Into::into),
        Just(1_700_000_000.5.into()),
        Just(0.0.into()),
        Just((-0.0).into()),
    ]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,8}".prop_map(Into::into),
        "[a-z\"\\\\/\u{0}-\u{1f}é😀]{0,6}".prop_map(Into::into),
        prop::sample::select(vec![
            "",
            "-",
            "0",
            "30",
            "WARN",
            "2024-10-08T00:00:00Z",
            "2024-10-08 00:00:00.123456789",
        ])
        .prop_map(Into::into),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        number(),
        text(),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec(("[a-c\u{0}é]{0,2}", inner), 0..5).prop_map(|members| {
                members
                    .into_iter()
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

/// A record as text, so that a name may come twice.
fn record() -> impl Strategy<Value = String> {
    let usual = vec!["timestamp", "message", "level", "attributes", "a", "b"];
    let all = vec![
        "timestamp",
        "@timestamp",
        "ts",
        "message",
        "msg",
        "log",
        "Message",
        "event",
        "time",
        "__REALTIME_TIMESTAMP",
        "level",
        "severity",
        "severity_number",
        "levelno",
        "record",
        "attributes",
        "a",
        "b",
        "c",
        "d",
    ];
    let name = prop_oneof![3 => prop::sample::select(usual), 1 => prop::sample::select(all)];
    let member = prop_oneof![(name.clone(), value()), (name, text())];
    prop::collection::vec(member, 0..6).prop_map(|members| {
        let mut texts: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", Value::from(*name)))
            .collect();
        texts.push(r#""msg":"m""#.to_owned());
        format!("{{{}}}", texts.join(","))
    })
}

/// Bytes that mean something in JSON, put over some of a body's.
fn broken(text: String) -> impl Strategy<Value = String> {
    let bytes = prop::sample::select(b"{}[]\",:\\0123-.eEtfnul/ \t\r\n\x0b\x0c".to_vec());
    let edits = prop::collection::vec((any::<prop::sample::Index>(), bytes), 1..4);
    edits.prop_filter_map("UTF-8", move |edits| {
        let mut broken = text.clone().into_bytes();
        for (place, byte) in edits {
            let place = place.index(broken.len());
            broken[place] = byte;
        }
        String::from_utf8(broken).ok()
    })
}

fn body() -> impl Strategy<Value = String> {
    let records = prop::collection::vec(record(), 0..4);
    records.prop_map(|records| format!("[{}]", records.join(",\n")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn what_is_taken_in_one_pass_is_what_the_other_way_takes(text in body()) {
        agrees(&text)?;
    }

    #[test]
    fn what_is_taken_of_a_broken_line_is_what_the_other_way_takes(
        text in record().prop_flat_map(broken)
    ) {
        agrees_alone(&text)?;
    }

    #[test]
    fn what_is_taken_of_a_broken_body_is_what_the_other_way_takes(
        text in body().prop_flat_map(broken)
    ) {
        agrees(&text)?;
    }
}

/// Arrays in one another.
fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn as_many_members_are_taken_as_the_other_way_takes() {
    let array_of = |count| {
        let zeros = vec!["0"; count].join(",");
        format!(r#"[{{"message":"m","a":[{zeros}]}}]"#)
    };
    assert!(agrees(&array_of(MAX_MEMBERS)).unwrap());
    assert!(!agrees(&array_of(MAX_MEMBERS + 1)).unwrap());
}

#[test]
fn the_records_that_most_senders_send_are_taken_in_one_pass() {
    for record in [
        r#"{"timestamp":"2024-10-08T00:00:00Z","level":"ERROR","message":"Database connection failed."}"#,
        r#"{"message":"m","a":1,"b":[1,-2,0.5,null,true,{"c":"é\n"}],"attributes":{"d":{"e":{}}}}"#,
        r#"{"ts":1728345600,"msg":"m","lvl":"warn"}"#,
        r#"{"log":"m"}"#,
        r#"{"level":30,"time":1704067200000,"pid":7,"hostname":"h","msg":"x"}"#,
        r#"{"date":1700000000.123,"log":"m"}"#,
        r#"{"event":"e","Level":"warning","record":5}"#,
        r#"{"message":"m","event":"click","level":"info","severity_number":9}"#,
        r#"{"\u006dessage":"m","\u0061":2}"#,
        "\t{\r\n\"log\" :\t\"m\" , \"a\": [ 1 , { } ,[ ] ] }\r",
        &format!(r#"{{"log":"m","a":{}}}"#, nested(32)),
    ] {
        assert!(
            agrees(&format!("[{record}, {record}]")).unwrap(),
            "{record}"
        );
        assert!(agrees_alone(record).unwrap(), "{record}");
    }
}

#[test]
fn a_strict_sender_is_told_of_a_level_that_is_a_number() {
    let body = r#"[{"level":30,"msg":"x"}]"#;
    assert!(array(body, &mut builder()));
    assert!(!array(body, &mut builder().strict(true)));
}

#[test]
fn what_needs_a_second_look_is_left_to_the_other_way() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(33), "}".repeat(33));
    for record in [
        "7",
        "{}",
        r#"{"message":""}"#,
        r#"{"msg":"n","message":"m"}"#,
        r#"{"message":"m","Message":"n"}"#,
        r#"{"message":"m","event":"a","event":"b"}"#,
        r#"{"message":"m","msg":"-"}"#,
        r#"{"message":"m","msg":""}"#,
        r#"{"message":"-"}"#,
        r#"{"message":"m","level":77}"#,
        r#"{"message":"m","level":"30"}"#,
        r#"{"message":"m","level":30,"severity":"x"}"#,
        r#"{"message":"m","level":30,"attributes":{}}"#,
        r#"{"message":"m","record":{}}"#,
        r#"{"message":"m","record":1,"record":2}"#,
        r#"{"message":"m","log":{"level":"error"}}"#,
        r#"{"message":"m","time":0.123}"#,
        r#"{"message":"m","ts":1700000000,"time":1700000000}"#,
        r#"{"message":"m","a":1,"a":2}"#,
        r#"{"message":"m","a":18446744073709551616}"#,
        r#"{"message":"m","a":9223372036854775808}"#,
        r#"{"message":"m","level":""}"#,
        r#"{"message":"m","ts":0}"#,
        r#"{"message":"m","ts":"-"}"#,
        r#"{"message":"m","attributes":null}"#,
        r#"{"message":"m","attributes":{},"attributes":{"a":1}}"#,
        r#"{"message":"m","a":1e999}"#,
        r#"{"message":"m","a\u0000":1}"#,
        r#"{"message":"m","a":1,"attributes":{"a":2}}"#,
        r#"{"message":"m","a":1,"\u0061":2}"#,
        r#"{"message":"m","attributes":{"\u0061":1},"a":2}"#,
        "{\"message\":\"m\"\x0c}",
        "{\"message\":\"m\"\x0b}",
        &format!(r#"{{"message":"m","n":{deep}}}"#),
        &format!(r#"{{"message":"m","n":{}}}"#, nested(33)),
    ] {
        assert!(!array(&format!("[{record}]"), &mut builder()), "{record}");
    }
}
