//! Requests of every kind, against what the rules say of them, written down once more in the plainest way.

use super::messages::{
    Any, AnyValue, KeyValue, LogRecord, Request, Resource, ResourceLogs, Scope, ScopeLogs, array,
    attribute, hex, json_of, object,
};
use super::*;
use crate::tests::RECEIVED;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logs::{Level, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message as _;
use serde_json::{Map, json};

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(AnyValue::default()),
        ".{0,12}".prop_map(|text| Any::Text(text).into()),
        any::<bool>().prop_map(|truth| Any::Boolean(truth).into()),
        any::<i64>().prop_map(|number| Any::Integer(number).into()),
        (-9_i64..9).prop_map(|number| Any::Integer(number).into()),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| Any::Double(number).into()),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Any::Bytes(bytes).into()),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(array),
            members(inner).prop_map(object),
        ]
    })
}

/// Attributes whose names differ.
fn members(value: impl Strategy<Value = AnyValue>) -> impl Strategy<Value = Vec<KeyValue>> {
    let name = prop_oneof!["[^\u{0}]{0,4}", "[a-c]\\.[a-c]"];
    let members = prop::collection::btree_map(name, value, 0..5);
    members.prop_map(|members| {
        let members = members.into_iter();
        members.map(|(key, value)| attribute(&key, value)).collect()
    })
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    let id = |length: usize| {
        prop_oneof![
            prop::collection::vec(any::<u8>(), length),
            Just(vec![0; length]),
            prop::collection::vec(any::<u8>(), 0..4),
        ]
    };
    let nanos = || prop_oneof![Just(0), 0..=i64::MAX.cast_unsigned()];
    let severity = (
        0..=24_i32,
        prop_oneof![Just(String::new()), "[A-Za-z]{1,8}"],
    );
    let head = (nanos(), nanos(), severity, prop::option::of(any_value()));
    let rest = (
        members(any_value()),
        any::<u32>(),
        0..3_u32,
        id(16),
        id(8),
        "e?",
    );
    (head, rest).prop_map(|(head, rest)| {
        let (time, observed, (severity_number, severity_text), body) = head;
        let (attributes, dropped, flags, trace_id, span_id, event_name) = rest;
        LogRecord {
            time,
            severity_number,
            severity_text,
            body,
            attributes,
            dropped,
            flags,
            trace_id,
            span_id,
            observed,
            event_name,
        }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let scope = (members(any_value()), "[a-z]{0,3}", "1?", 0..2_u32);
    let scope = scope.prop_map(|(attributes, name, version, dropped)| Scope {
        name,
        version,
        attributes,
        dropped,
    });
    let records = prop::collection::vec(log_record(), 0..4);
    let scope_logs = (prop::option::of(scope), records, "u?");
    let scope_logs = scope_logs.prop_map(|(scope, log_records, schema_url)| ScopeLogs {
        scope,
        log_records,
        schema_url,
    });
    let resource = (members(any_value()), 0..2_u32);
    let resource = resource.prop_map(|(attributes, dropped)| Resource {
        attributes,
        dropped,
    });
    let scopes = prop::collection::vec(scope_logs, 0..3);
    let group = (prop::option::of(resource), scopes, "u?");
    let group = group.prop_map(|(resource, scope_logs, schema_url)| ResourceLogs {
        resource,
        scope_logs,
        schema_url,
    });
    let groups = prop::collection::vec(group, 0..3);
    groups.prop_map(|resource_logs| Request { resource_logs })
}

/// A value as it comes back.
fn plain(value: &AnyValue) -> Value {
    match &value.value {
        None => Value::Null,
        Some(Any::Text(text)) => json!(text),
        Some(Any::Boolean(truth)) => json!(truth),
        Some(Any::Integer(number)) => json!(number),
        Some(Any::Double(number)) => json!(number),
        Some(Any::Array(array)) => array.values.iter().map(plain).collect(),
        Some(Any::Object(list)) => Value::Object(named("", &list.values)),
        Some(Any::Bytes(bytes)) => json!(STANDARD.encode(bytes)),
    }
}

fn named(prefix: &str, attributes: &[KeyValue]) -> Map<String, Value> {
    let attributes = attributes.iter().map(|attribute| {
        let name = format!("{prefix}{}", attribute.key);
        (name, attribute.value.as_ref().map_or(Value::Null, plain))
    });
    attributes.collect()
}

/// What records of a group have from around them.
fn shared(group: &ResourceLogs, scope_logs: &ScopeLogs) -> Map<String, Value> {
    let mut shared = Map::new();
    let (mut counts, mut texts) = (Vec::new(), Vec::new());
    if let Some(resource) = &group.resource {
        shared.extend(named("resource.", &resource.attributes));
        counts.push(("resource.dropped_attributes_count", resource.dropped));
    }
    if let Some(scope) = &scope_logs.scope {
        shared.extend(named("scope.attributes.", &scope.attributes));
        counts.push(("scope.dropped_attributes_count", scope.dropped));
        texts.push(("scope.name", &scope.name));
        texts.push(("scope.version", &scope.version));
    }
    texts.push(("resource.schema_url", &group.schema_url));
    texts.push(("scope.schema_url", &scope_logs.schema_url));
    fill(&mut shared, texts, counts);
    shared
}

fn fill(members: &mut Map<String, Value>, texts: Vec<(&str, &String)>, counts: Vec<(&str, u32)>) {
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        members.insert(name.to_owned(), json!(text));
    }
    for (name, count) in counts.into_iter().filter(|(_, count)| *count != 0) {
        members.insert(name.to_owned(), json!(count));
    }
}

fn expected(record: &LogRecord, shared: &Map<String, Value>) -> Value {
    let mut attributes = shared.clone();
    attributes.extend(named("", &record.attributes));
    let ids = [
        ("trace_id", &record.trace_id, 16),
        ("span_id", &record.span_id, 8),
    ];
    for (name, id, length) in ids {
        if id.len() == length && id.iter().any(|byte| *byte != 0) {
            attributes.insert(name.to_owned(), json!(hex(id)));
        }
    }
    fill(
        &mut attributes,
        vec![("event_name", &record.event_name)],
        vec![
            ("flags", record.flags),
            ("dropped_attributes_count", record.dropped),
            ("severity_number", record.severity_number.unsigned_abs()),
        ],
    );
    let time_of = |nanos: u64| {
        let nanos = i64::try_from(nanos).ok().filter(|nanos| *nanos != 0);
        nanos.map(|nanos| Timestamp::from_nanos(nanos).to_string())
    };
    if let Some(observed) = time_of(record.observed) {
        attributes.insert("observed_time".to_owned(), json!(observed));
    }
    let body = record.body.as_ref().map_or(Value::Null, plain);
    let message = match &body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if body.is_object() {
        attributes.insert("body".to_owned(), body);
    }
    let received = Timestamp::from_nanos(RECEIVED).to_string();
    let time = time_of(record.time).or_else(|| time_of(record.observed));
    let number = u8::try_from(record.severity_number).unwrap();
    let level = match record.severity_text.as_str() {
        "" => json!(Level::from_severity(number).map(Level::name)),
        text => json!(text),
    };
    let mut shown =
        json!({"timestamp": time.unwrap_or(received), "level": level, "message": message});
    if !attributes.is_empty() {
        shown["attributes"] = Value::Object(attributes);
    }
    shown
}

/// A record that is shown, with its message as the value that it is the text of: the order of an object's
/// members is that of sending.
fn comparable(mut record: Value) -> Value {
    let message = record["message"].as_str().unwrap_or_default();
    if let Ok(value @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(message) {
        record["message"] = value;
    }
    record
}

proptest! {
    #[test]
    fn whatever_is_sent_comes_back_the_same_from_both_forms(request in request()) {
        let mut wanted = Vec::new();
        for group in &request.resource_logs {
            for scope_logs in &group.scope_logs {
                let shared = shared(group, scope_logs);
                let records = scope_logs.log_records.iter();
                wanted.extend(records.map(|record| comparable(expected(record, &shared))));
            }
        }
        let json = json_of(&request);
        for built in [of_protobuf(&request.encode_to_vec()), of_json(json.as_bytes())] {
            let built = built.unwrap();
            let records = shown(&built.batch).into_iter().map(comparable);
            prop_assert_eq!(&records.collect::<Vec<_>>(), &wanted, "{}", json);
            prop_assert_eq!(told(&built), vec![]);
        }
    }

    #[test]
    fn no_bytes_whatever_make_it_panic(body: Vec<u8>) {
        drop(of_protobuf(&body));
        drop(of_json(&body));
    }

    #[test]
    fn a_cut_or_garbled_request_never_panics_and_leaves_records_that_can_be_read(
        request in request(), cut: Index, flips in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4)
    ) {
        for (mut body, decode) in [
            (request.encode_to_vec(), of_protobuf as fn(&[u8]) -> Result<Built, DecodeError>),
            (json_of(&request).into_bytes(), of_json),
        ] {
            for (place, byte) in &flips {
                if !body.is_empty() {
                    let place = place.index(body.len());
                    body[place] = *byte;
                }
            }
            if let Ok(built) = decode(&body) {
                shown(&built.batch);
            }
            body.truncate(cut.index(body.len() + 1));
            if let Ok(built) = decode(&body) {
                shown(&built.batch);
            }
        }
    }

    #[test]
    fn a_body_of_the_protocols_tokens_is_taken_or_refused_and_never_panics(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", "null", "1", "\"x\"", "\"resourceLogs\":[", "\"scopeLogs\":[",
            "\"logRecords\":[", "\"attributes\":[", "{\"key\":\"a\",\"value\":", "\"arrayValue\":",
            "{\"values\":[", "\"kvlistValue\":", "\"stringValue\":\"s\"", "\"body\":", "\"schemaUrl\":\"u\"",
        ]), 0..16)
    ) {
        let body = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{}", tokens.concat());
        let record = json_request(&tokens.concat());
        for body in [body, record] {
            let text: Result<Value, _> = serde_json::from_str(&body);
            let decoded = of_json(body.as_bytes());
            // What is no JSON is refused as such, and nothing else is.
            let is_syntax = matches!(decoded, Err(DecodeError::Syntax { .. }));
            prop_assert_eq!(is_syntax, text.is_err(), "{}", body);
        }
    }
}
