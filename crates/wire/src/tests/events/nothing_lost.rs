//! Whatever a body holds, each of its values comes back, and no bytes make a decoder panic. (Of an object
//! `attributes` the last of a name wins over fields beside it, as in the native format: it is not among these.)

use super::*;
use proptest::prelude::*;

const NAMES: [&str; 30] = [
    "version",
    "host",
    "_host",
    "__host",
    "short_message",
    "full_message",
    "message",
    "_message",
    "msg",
    "timestamp",
    "time",
    "_time",
    "level",
    "_level",
    "LEVEL",
    "severity",
    "status",
    "service",
    "hostname",
    "ddsource",
    "ddtags",
    "event",
    "fields",
    "source",
    "line",
    "record",
    "otel.log.severity.text",
    "otel.log.severity.number",
    "log",
    "_",
];

/// A value's text; `#` stands where a number that nothing else has is to be.
fn value(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec![
        "\"v#\"",
        "\"v#\"",
        "9#",
        "\"9#\"",
        "\"k#:v#,w#,k#:x#\"",
        "[9#,\"v#\"]",
        "\"\"",
        "null",
        "\"a\\ud800#\"",
    ])
    .prop_map(str::to_owned);
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![
        3 => leaf,
        1 => object(depth - 1),
        1 => object(depth - 1).prop_map(|text| Value::from(text).to_string()),
    ]
    .boxed()
}

fn object(depth: u32) -> BoxedStrategy<String> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 0..8).prop_shuffle();
    names
        .prop_flat_map(move |names| {
            let values = prop::collection::vec(value(depth), names.len());
            (Just(names), values)
        })
        .prop_map(|(names, values)| {
            let members = names.iter().zip(values);
            let members: Vec<_> = members
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

/// The body with a number for each mark, and the numbers.
fn marked(body: &str) -> (String, Vec<String>) {
    let (mut text, mut marks) = (String::new(), Vec::new());
    for (place, part) in body.split('#').enumerate() {
        if place > 0 {
            let mark = (700_000 + place).to_string();
            text.push_str(&mark);
            marks.push(mark);
        }
        text.push_str(part);
    }
    (text, marks)
}

type Decode = fn(&str) -> Result<Built, DecodeError>;
const DECODERS: [Decode; 3] = [
    |body| of_gelf(body),
    |body| of_splunk(body),
    |body| of_datadog(body),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn every_value_of_a_body_comes_back(object in object(2), which in 0..DECODERS.len()) {
        let (body, marks) = marked(&object);
        let built = DECODERS[which](&body).unwrap();
        prop_assert_eq!(built.rejects.count, 0);
        let text = Value::from(shown(&built.batch)).to_string();
        for mark in marks {
            prop_assert!(text.contains(&mark), "{} of {} in {}", mark, body, text);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"{"[..], b"}", b"[", b"]", b",", b":", b"\n", b"\0", b"\"event\":", b"\"fields\":", b"\"line\":", b"\"message\":",
            b"\"_a\":", b"\"\"", b"\"ddtags\":\"a:b,c\"", b"{\"event\":{\"line\":{}}}", b"{\"message\":\"{}\"}", b"1", b"\xff", b"\"\\ud800\"",
        ]), 0..14),
        bytes: Vec<u8>,
    ) {
        for body in [parts.concat(), bytes] {
            drop(of_gelf(&body));
            drop(of_splunk(&body));
            prop_assert!(of_datadog(&body).is_ok());
        }
    }
}
