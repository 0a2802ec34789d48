//! Requests in JSON that are nearly valid, read in both ways: members of usual ones and of odd ones in any order
//! and doubled, with a token too few or too many, or another one.

use super::*;
use crate::frame::value_end;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::Union;

/// Values of any type, and what is none.
const VALUES: &[&str] = &[
    r#"{"stringValue":"s"}"#,
    r#"{"stringValue":"s"}"#,
    r#"{"stringValue":"a\nb\u00e9"}"#,
    r#"{"stringValue":"\ud800"}"#,
    r#"{"stringValue":"s","stringValue":"t"}"#,
    r#"{ "stringValue" : "s" }"#,
    r#"{"stringValue":"s" }"#,
    r#"{"stringValue":5}"#,
    r#"{"stringValue":null}"#,
    r#"{"intValue":"7"}"#,
    r#"{"intValue":7}"#,
    r#"{"intValue":"007"}"#,
    r#"{"intValue":"+7"}"#,
    r#"{"intValue":"9223372036854775808"}"#,
    r#"{"intValue":7.5}"#,
    r#"{"intValue":"7","boolValue":true}"#,
    r#"{"boolValue":true}"#,
    r#"{"boolValue":false}"#,
    r#"{"boolValue":"true"}"#,
    r#"{"doubleValue":0.5}"#,
    r#"{"doubleValue":1e999}"#,
    r#"{"doubleValue":"NaN"}"#,
    r#"{"bytesValue":"AAE="}"#,
    r#"{"arrayValue":{"values":[{"intValue":1},{"stringValue":"s"}]}}"#,
    r#"{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}},{"key":"a","value":{}}]}}"#,
    r#"{"kvlistValue":{"values":[{"key":"a","value":{"stringValue":"s"}}]},"x":1}"#,
    r#"{"new":1}"#,
    "{}",
    "null",
    "5",
    r#""text""#,
];

const KEYS: &[&str] = &[
    "a",
    "a",
    "b",
    "c_",
    "a_",
    "flags",
    "trace_id",
    "body",
    "resource.r",
    "scope.name",
    "",
    "é",
    r"\u0061",
    r"\u0000",
    r"\ud800",
];

fn list(
    piece: impl Strategy<Value = String> + 'static,
    (open, close): (&'static str, &'static str),
    most: usize,
) -> impl Strategy<Value = String> {
    let separator = prop_oneof![30 => Just(","), 1 => Just(" ,\n")];
    let pieces = prop::collection::vec((piece, separator), 0..=most);
    pieces.prop_map(move |pieces| {
        let mut text = open.to_owned();
        for (place, (piece, separator)) in pieces.iter().enumerate() {
            text.push_str(if place > 0 { separator } else { "" });
            text.push_str(piece);
        }
        text + close
    })
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(texts).prop_map(str::to_owned)
}

/// Makes an element of a key and a value.
type Form = fn((&str, &str)) -> String;

fn attributes() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(KEYS), prop::sample::select(VALUES));
    let forms: [Form; 5] = [
        |(key, value)| format!(r#"{{"key":"{key}","value":{value}}}"#),
        |(key, value)| format!(r#"{{"key":"{key}", "value":{value} }}"#),
        |(key, value)| format!(r#"{{"value":{value},"key":"{key}"}}"#),
        |(key, value)| format!(r#"{{"key":"{key}","value":{value},"key":"b"}}"#),
        |(key, value)| format!(r#"{{"key":{value},"value":"{key}"}}"#),
    ];
    let weighted = forms.into_iter().zip([20, 1, 1, 1, 1]);
    let pair = Union::new_weighted(
        weighted
            .map(|(form, weight)| (weight, pair.clone().prop_map(form).boxed()))
            .collect(),
    );
    list(pair, ("[", "]"), 4)
}

fn record() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        4 => attributes().prop_map(|list| format!(r#""attributes":{list}"#)),
        3 => prop::sample::select(VALUES).prop_map(|value| format!(r#""body":{value}"#)),
        8 => one_of(&[
            r#""timeUnixNano":"1767225600000000000""#,
            r#""timeUnixNano":1767225600000000000"#,
            r#""timeUnixNano":"0""#,
            r#""timeUnixNano":"01767225600000000000""#,
            r#""timeUnixNano":"-5""#,
            r#""timeUnixNano":"+5""#,
            r#""timeUnixNano":"18446744073709551615""#,
            r#""timeUnixNano":"2026-01-01T00:00:00Z""#,
            r#""timeUnixNano":"""#,
            r#""time_unix_nano" : "5" "#,
            r#""observedTimeUnixNano":"1767225600000000000""#,
            r#""severityNumber":9"#,
            r#""severityNumber":"SEVERITY_NUMBER_WARN""#,
            r#""severityNumber":99"#,
            r#""severityText":"INFO""#,
            r#""severityText":null"#,
            r#""severityText":[1]"#,
            r#""eventName":"e""#,
            r#""traceId":"5b8aa5a2d2c872e8321cf37308d69df2""#,
            r#""spanId":"051581BF3CB55C13""#,
            r#""flags":1"#,
            r#""droppedAttributesCount":0"#,
            r#""droppedAttributesCount":"2""#,
            r#""attributes":null"#,
            r#""attributes":{"a":1}"#,
            r#""x\ud800":[1,{"a":2}]"#,
        ]),
    ];
    prop_oneof![
        12 => list(member, ("{", "}"), 6),
        1 => one_of(&["5", r#""text\n""#, "null", "[1]"]),
    ]
}

fn group(
    own: &'static [&'static str],
    lists: BoxedStrategy<String>,
) -> impl Strategy<Value = String> {
    let member = prop_oneof![6 => lists, 3 => one_of(own)];
    prop_oneof![20 => list(member, ("{", "}"), 4), 1 => one_of(&["5", "null", "[]"])]
}

fn request() -> impl Strategy<Value = String> {
    let records = list(record(), ("\"logRecords\":[", "]"), 4).boxed();
    let scope = group(
        &[
            r#""scope":{"name":"n","version":"1","attributes":[{"key":"a","value":{"stringValue":"s"}}]}"#,
            r#""scope":"s""#,
            r#""scope":null"#,
            r#""schemaUrl":"u""#,
            r#""schema_url":"\ud800""#,
            r#""x":[1]"#,
            r#""x\ud800":1"#,
            r#""logRecords":null"#,
        ],
        records,
    );
    let scopes = list(scope, ("\"scopeLogs\":[", "]"), 3).boxed();
    let resource = group(
        &[
            r#""resource":{"attributes":[{"key":"r","value":{"stringValue":"s"}}],"droppedAttributesCount":1}"#,
            r#""resource":{"attributes":{"r":1}}"#,
            r#""resource":5"#,
            r#""schemaUrl":"u""#,
            r#""x\ud800":1"#,
            r#""scope_logs":[{"log_records":[{}]}]"#,
            r#""scopeLogs":5"#,
        ],
        scopes,
    );
    let groups = list(resource, ("\"resourceLogs\":[", "]"), 3);
    let other = one_of(&[
        r#""x":{"resource":1}"#,
        r#""x\ud800":1"#,
        r#""resourceLogs":{}"#,
    ]);
    let member = prop_oneof![8 => groups, 1 => other];
    list(member, ("{", "}"), 2)
}

/// What may be taken away, come twice, or be something else.
const TOKENS: &[char] = &[',', ':', '{', '}', '[', ']', '"', ' ', 'x', '0'];

/// A text with one of its tokens changed.
fn changed(text: &str, (place, change): (Index, usize)) -> String {
    let is_token = |(_, letter): &(usize, char)| TOKENS.contains(letter);
    let places: Vec<_> = text.char_indices().filter(is_token).collect();
    let Some((at, token)) = places.get(place.index(places.len().max(1))) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(*at);
    let behind = &rest[1..];
    match TOKENS.get(change) {
        Some(other) => format!("{before}{other}{behind}"),
        None if change % 2 == 0 => format!("{before}{behind}"),
        None => format!("{before}{token}{token}{behind}"),
    }
}

proptest! {
    #[test]
    fn a_request_that_is_nearly_valid_is_the_same_in_both_ways(
        request in request(),
        changes in prop::collection::vec((any::<Index>(), 0..2 * TOKENS.len()), 0..3),
    ) {
        let body = changes.into_iter().fold(request, |text, change| changed(&text, change));
        let is_syntax = matches!(of_json(body.as_bytes()), Err(DecodeError::Syntax { .. }));
        let text = body.trim_end();
        let is_json = text.is_empty() || value_end(text, 0) == Ok(text.len());
        prop_assert_eq!(is_syntax, !is_json, "{}", body);
    }
}
