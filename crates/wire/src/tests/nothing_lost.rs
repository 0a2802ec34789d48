//! Nothing of an object is lost: every leaf outside the chosen time, level and message comes back under its
//! path, in both ways of reading.

mod json;

use super::*;
use crate::names::{Form, Role};
use json::{Json, last_of_each, parsed};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Differs: fields of a role that say nothing are not kept. (An empty object that is a time or a message is
/// among them: it has no leaf.)
const EMPTY: [&str; 10] = [
    "null", r#""""#, r#""-""#, "0", "-0", r#""0""#, "0.0", "-0.0", "{}", "[]",
];

const ROLE_NAMES: [&str; 24] = [
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "date",
    "instant",
    "__REALTIME_TIMESTAMP",
    "message",
    "_msg",
    "msg",
    "log",
    "body",
    "event",
    "text",
    "@mt",
    "level",
    "severity",
    "log.level",
    "lvl",
    "levelno",
    "severityNumber",
    "PRIORITY",
    "Level",
    "MESSAGE",
];

/// Names that count within a field, some of them in two cases.
const INNER_NAMES: [&str; 11] = [
    "level",
    "Level",
    "name",
    "NAME",
    "message",
    "Message",
    "time",
    "Time",
    "timestamp",
    "Timestamp",
    "$date",
];

fn leaf() -> impl Strategy<Value = Json> {
    let fixed = vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "30",
        "3",
        "77",
        "0.5",
        "1e300",
        "-7",
        "18446744073709551616",
        "123456789012345678901234567890123456789012345",
        "1700000000",
        "1700000000.5",
        r#""""#,
        r#""-""#,
        r#""0""#,
        r#""30""#,
        r#""info""#,
        r#""2024-01-01T00:00:00Z""#,
        r#""yesterday""#,
        r#""a\"b\\é😀""#,
    ];
    prop_oneof![
        prop::sample::select(fixed).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        ".{0,6}".prop_map(|text| Value::from(text).to_string()),
    ]
    .prop_map(Json::Leaf)
}

fn value() -> impl Strategy<Value = Json> {
    let flat = leaf().prop_recursive(4, 24, 5, |inner| {
        let name = prop_oneof![
            2 => "[a-c]{1,2}".boxed(),
            1 => prop::sample::select(INNER_NAMES.to_vec())
                .prop_map(str::to_owned)
                .boxed(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((name, inner), 0..4).prop_map(Json::Object),
        ]
    });
    (flat, 0_usize..40, any::<bool>()).prop_map(|(value, more, nests)| {
        let more = if nests { more } else { 0 };
        (0..more).fold(value, |inner, depth| match depth % 2 {
            0 => Json::Object(vec![("n".to_owned(), inner)]),
            _ => Json::Array(vec![inner]),
        })
    })
}

fn object() -> impl Strategy<Value = Vec<(String, Json)>> {
    let name = prop_oneof![
        prop::sample::select(ROLE_NAMES.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec!["a", "A", "b", "record", "service"]).prop_map(str::to_owned),
    ];
    let inner = |value: BoxedStrategy<Json>| {
        let name = prop::sample::select(INNER_NAMES.to_vec()).prop_map(str::to_owned);
        prop::collection::vec((name, value), 0..12).prop_map(Json::Object)
    };
    let names = prop_oneof![leaf(), inner(leaf().boxed())].boxed();
    let field = prop_oneof![
        8 => (name, value()).boxed(),
        1 => (Just("log".to_owned()), inner(leaf().boxed())).boxed(),
        1 => (Just("record".to_owned()), inner(names)).boxed(),
    ];
    prop::collection::vec(field, 0..7)
}

/// Whether no more of an object is missing than what counts in it: one member of a name, whatever its case,
/// and of that member, when it is a level or a time, one of its own.
fn are_chosen(missing: &[&str]) -> bool {
    let mut spelled: BTreeMap<String, &str> = BTreeMap::new();
    missing.iter().all(|path| {
        let mut parts = path.splitn(5, '/').skip(2);
        let name = parts.next().unwrap_or_default();
        let inner = parts.next().unwrap_or_default();
        let key = name.to_lowercase();
        let is_inner_chosen = match key.as_str() {
            "level" | "time" => *spelled.entry(format!("{key}/")).or_insert(inner) == inner,
            _ => true,
        };
        is_inner_chosen && *spelled.entry(key).or_insert(name) == name
    })
}

/// The leaves that a record has, whatever of its fields became of them.
fn leaves_of(record: &Value, attributes: &str) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    if !attributes.is_empty() {
        parsed(attributes).leaves("", &mut leaves);
    }
    assert!(record["message"].is_string());
    leaves
}

fn attributes_of(built: &Built) -> String {
    let bytes = built.batch.documents.slices(0..1).next().unwrap();
    let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
    let mut text = Vec::new();
    if let Some(members) = stored.attributes {
        attributes::write_json(members, &mut text).unwrap();
    }
    String::from_utf8(text).unwrap()
}

/// The fields of an object that may be its time, its level or its message, and those that are none.
fn is_role(name: &str) -> bool {
    !matches!(
        crate::names::role_of(name).0,
        Role::Attribute | Role::Record
    )
}

/// Whether a field that is no attribute is what the record's time, message or level is.
fn is_in_head(name: &str, value: &Json, record: &Value) -> bool {
    let sent = value.text();
    let text = serde_json::from_str::<String>(&sent).unwrap_or_else(|_| sent.clone());
    match crate::names::role_of(name).0 {
        Role::Time(unit) => {
            let time = crate::times::read(&sent, unit).map(|time| time.to_string());
            time.is_ok_and(|time| record["timestamp"] == time)
        }
        Role::Message(_) if record["message"] == text => true,
        Role::Message(Form::Log) => record["level"].is_string(),
        Role::Level(_) => record["level"] == text,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn every_leaf_of_an_object_comes_back(members in object(), is_element: bool) {
        let object = Json::Object(members.clone());
        let text = match is_element {
            true => format!("[{}]", object.text()),
            false => object.text(),
        };
        let built = both_ways(UNTYPED, text.as_bytes()).unwrap();
        prop_assert_eq!(built.rejects.count, 0);
        let record = &shown(&built.batch)[0];
        let got = leaves_of(record, &attributes_of(&built));
        let mut lost = Vec::new();
        for (name, value) in last_of_each(&members) {
            let is_empty = is_role(name) && EMPTY.contains(&value.text().as_str());
            if is_empty {
                continue;
            }
            let mut expected = BTreeMap::new();
            value.kept(0).leaves(&format!("/{name}"), &mut expected);
            let missing: Vec<_> = expected
                .iter()
                .filter(|(path, leaf)| got.get(*path) != Some(leaf))
                .collect();
            if missing.is_empty() {
                continue;
            }
            prop_assert!(is_role(name) || name == "record", "{} of {}", name, text);
            let paths: Vec<_> = missing.iter().map(|(path, _)| path.as_str()).collect();
            let is_chosen_in = matches!(value, Json::Object(_)) && matches!(name, "log" | "record");
            prop_assert!(!is_chosen_in || are_chosen(&paths), "{:?} of {}", paths, text);
            // Only whole fields are chosen, but for a level in `log`, and loguru's record.
            let is_inner = missing.len() < expected.len();
            prop_assert!(!is_inner || name == "log" || name == "record", "{} of {}", name, text);
            let is_chosen = name == "record" || is_inner || is_in_head(name, value, record);
            prop_assert!(is_chosen, "{} of {}", name, text);
            lost.push(name);
        }
        prop_assert!(lost.len() <= 3, "{:?} of {}", lost, text);
    }

    #[test]
    fn no_body_of_json_is_refused(values in prop::collection::vec(value(), 0..4), terms in 0_usize..4) {
        let texts: Vec<_> = values.iter().map(Json::text).collect();
        for separator in ["\n", " "] {
            let body = texts.join(separator);
            prop_assert!(both_ways(TYPES[terms], body.as_bytes()).is_ok(), "{}", body);
        }
    }

    #[test]
    fn no_bytes_are_read_in_two_ways(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"{"[..], b"}", b"[", b"]", b",", b"\n", b" ", b"{\"message\":\"a\"}", b"\"a\":", b"\"level\":30", b"\"logs\":",
            b"1", b"true", b"text", b"\"\\ud800\"", b"\xff", b"\r\n", b"[{\"msg\":\"b\"}]", b"\"time\":1700000000.5",
        ]), 0..16),
        terms in 0_usize..4,
        is_strict: bool,
    ) {
        let body = parts.concat();
        let terms = TYPES[terms];
        let outcome = both_ways(terms, &body);
        prop_assert!(outcome.is_ok() || terms.is_json, "{:?}", outcome);
        if is_strict {
            drop(values::read(&body, terms, &mut builder(&body).strict(true)));
        }
    }
}
