//! What was sent is there, whatever it is; and no bytes whatever break the service.

use super::*;
use proptest::prelude::*;
use record::notice::NoticeKind;
use std::collections::BTreeMap;
use std::fmt::Write as _;

type Pairs = BTreeMap<String, String>;
type Lines = Vec<(i64, String, Pairs)>;

fn pairs() -> impl Strategy<Value = Pairs> {
    let name = prop_oneof![
        4 => "[a-c]{1,2}".boxed(),
        1 => prop::sample::select(vec!["level", "tenant", "a_extracted", "timestamp", "lvl"]).prop_map(str::to_owned).boxed(),
        1 => "[^\u{0}]{0,4}".boxed(),
    ];
    let value = prop_oneof![Just("info".to_owned()), Just("30".to_owned()), ".{0,6}"];
    prop::collection::btree_map(name, value, 0..6)
}

fn streams() -> impl Strategy<Value = Vec<(Pairs, Lines)>> {
    let line = (
        1_000_000_000_000_000_000..i64::MAX,
        any::<String>(),
        pairs(),
    );
    let stream = (pairs(), prop::collection::vec(line, 0..4));
    prop::collection::vec(stream, 0..4)
}

fn as_json(streams: &[(Pairs, Lines)]) -> String {
    let streams = streams.iter().map(|(labels, lines)| {
        let lines = lines
            .iter()
            .map(|(time, line, metadata)| match metadata.is_empty() {
                true => json!([time.to_string(), line]),
                false => json!([time.to_string(), line, metadata]),
            });
        json!({"stream": labels, "values": lines.collect::<Vec<_>>()})
    });
    json!({"streams": streams.collect::<Vec<_>>()}).to_string()
}

/// Quotes as Go does.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(quoted, "\\{character}").unwrap(),
            '\0'..'\u{20}' => write!(quoted, "\\x{:02x}", u32::from(character)).unwrap(),
            '\u{80}'..'\u{100}' => write!(quoted, "\\u{:04x}", u32::from(character)).unwrap(),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}

fn as_protobuf(streams: &[(Pairs, Lines)]) -> Vec<u8> {
    let streams = streams.iter().map(|(labels, lines)| {
        let labels = labels
            .iter()
            .map(|(name, value)| format!("{}={}", quoted(name), quoted(value)));
        let labels = format!("{{{}}}", labels.collect::<Vec<_>>().join(", "));
        let entries = lines.iter().map(|(time, line, metadata)| {
            let pairs: Vec<_> = metadata
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            write::entry(*time, line.as_bytes(), &pairs)
        });
        write::stream(&labels, &entries.collect::<Vec<_>>())
    });
    streams.collect::<Vec<_>>().concat()
}

/// Every pair is an attribute under its name or what stands for it, but for one that is the level.
fn holds(record: &Value, labels: &Pairs, metadata: &Pairs) -> Result<(), TestCaseError> {
    let attributes = record["attributes"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let mut missing = Vec::new();
    for (name, value) in labels {
        if attributes.get(name) != Some(&Value::from(value.as_str())) {
            missing.push(value);
        }
    }
    for (name, value) in metadata {
        let value_there = |base: &str| {
            let mut named = attributes
                .iter()
                .filter(|(other, _)| other.starts_with(base));
            named.any(|(_, found)| found == value.as_str())
        };
        if !value_there(name) {
            missing.push(value);
        }
    }
    let level = record["level"].as_str();
    prop_assert!(
        missing.is_empty() || missing.len() == 1 && level == Some(missing[0].as_str()),
        "{missing:?} of {labels:?} {metadata:?}: {record}"
    );
    Ok(())
}

/// As pushes are read that are not usual.
fn slowly(body: &[u8], tenant: Option<&str>, batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    push_json::decode_by(body, tenant, false, batch)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn every_line_label_and_metadata_comes_back_and_both_forms_say_the_same(streams in streams()) {
        let json = taken_by(decode_json, as_json(&streams).as_bytes(), Some("t")).unwrap();
        let protobuf = taken_by(decode_protobuf, &as_protobuf(&streams), Some("t")).unwrap();
        prop_assert_eq!(&json.records, &protobuf.records);
        let slow = taken_by(slowly, as_json(&streams).as_bytes(), Some("t")).unwrap();
        prop_assert_eq!(&json.records, &slow.records);
        prop_assert_eq!(json.refused, 0);
        let levels = json.notices.counts.of(NoticeKind::Level);
        prop_assert_eq!(json.notices.counts.total(), levels);
        prop_assert_eq!(json.notices.counts, protobuf.notices.counts);
        let mut records = json.records.iter();
        for (labels, lines) in &streams {
            for (time, line, metadata) in lines {
                let record = records.next().expect("a record for each line");
                prop_assert_eq!(&record["time"], *time);
                prop_assert_eq!(&record["message"], line);
                holds(record, labels, metadata)?;
                prop_assert!(record["attributes"].to_string().contains(r#"":"t""#));
            }
        }
        prop_assert!(records.next().is_none());
    }

    #[test]
    fn no_bytes_whatever_make_it_panic(body: Vec<u8>) {
        for decode in [decode_json, decode_protobuf] {
            drop(taken_by(decode, &body, None));
        }
    }

    #[test]
    fn no_pieces_of_a_push_make_it_panic_and_what_is_json_is_taken_or_no_push(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", "\"streams\":", "\"stream\":", "\"values\":", "\"entries\":", "\"labels\":",
            "{\"a\":\"b\"}", "\"{a=\\\"b\\\"}\"", "[\"1728345600123456789\",\"x\"]", "\"x\"", "1", "null", "\"level\":", " ",
            "{\"streams\":[{\"values\":[", "{\"streams\":[{\"stream\":{\"a\":\"b\"},\"values\":[", "]}", "\"1728345600123456789\",\"x\"",
            "[\"1728345600123456789\",\"x\",{\"k\":\"v\",\"level\":\"5\",\"k\":\"w\\n\"}]", "[\"1728345600123456789\",\"x\",{\"k\":", "{\"ts\":1,\"line\":\"x\"}", "\"\\ud800\"",
        ]), 0..16)
    ) {
        let body = parts.concat();
        let taken = taken_by(decode_json, body.as_bytes(), None);
        let slowly = taken_by(slowly, body.as_bytes(), None);
        prop_assert_eq!(taken.as_ref().err(), slowly.as_ref().err());
        if let (Ok(taken), Ok(slowly)) = (&taken, &slowly) {
            prop_assert_eq!(&taken.records, &slowly.records);
            prop_assert_eq!(taken.refused, slowly.refused);
            prop_assert_eq!(taken.notices.counts, slowly.notices.counts);
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&body).is_ok() {
            match taken {
                Ok(taken) => prop_assert_eq!(taken.refused, 0),
                Err(error) => prop_assert_eq!(error, DecodeError::NotPush),
            }
        }
    }

    #[test]
    fn a_cut_or_garbled_push_never_panics(cut in 0_usize..300, flip in 0_usize..300, byte: u8, streams in streams()) {
        for (decode, mut body) in [
            (decode_json as Decode, as_json(&streams).into_bytes()),
            (decode_protobuf, as_protobuf(&streams)),
        ] {
            if let Some(place) = body.get_mut(flip) { *place = byte; }
            body.truncate(cut);
            drop(taken_by(decode, &body, Some("t")));
        }
    }
}

#[test]
fn pieces_without_a_comma_between_them_break_a_push_at_the_second_one() {
    let stream = r#"{"stream":{"a":"b"},"values":[["1728345600123456789","one"]]}"#;
    for (body, records) in [
        (
            r#"{"streams":[{"stream":{"a":"b"},"values":["one""two"]}]}"#,
            1,
        ),
        (
            r#"{"streams":[{"stream":{"a":"b"},"values":["one"]}"streams":"#,
            1,
        ),
        (&format!(r#"{{"streams":[{stream}{stream}]}}"#), 1),
        (&format!(r#"{{"streams":[{stream},]}}"#), 1),
        (&format!(r#"{{"streams":[{stream}],}}"#), 1),
        (
            &format!(r#"{{"streams":[{stream}]"streams":[{stream}]}}"#),
            1,
        ),
    ] {
        for decode in [decode_json as Decode, slowly] {
            let taken = taken_by(decode, body.as_bytes(), None).unwrap();
            assert_eq!((taken.records.len(), taken.refused), (records, 1), "{body}");
        }
    }
}
