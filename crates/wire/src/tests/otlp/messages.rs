//! The protocol's messages as another library for protobuf has them, and their JSON by the protocol's rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

macro_rules! message {
    ($name:ident { $($(#[$form:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct $name { $($(#[$form])* pub(super) $field: $type,)* }
    };
}

message!(Request {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
});
message!(ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
    #[prost(string, tag = "3")]
    schema_url: String,
});
message!(Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
    #[prost(uint32, tag = "2")]
    dropped: u32,
});
message!(ScopeLogs {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
    #[prost(string, tag = "3")]
    schema_url: String,
});
message!(Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
    #[prost(uint32, tag = "4")]
    dropped: u32,
});
message!(LogRecord {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(string, tag = "3")]
    severity_text: String,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(uint32, tag = "7")]
    dropped: u32,
    #[prost(fixed32, tag = "8")]
    flags: u32,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    observed: u64,
    #[prost(string, tag = "12")]
    event_name: String,
});
message!(KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
});
message!(AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<Any>,
});
message!(ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
});
message!(KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
});

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Boolean(bool),
    #[prost(int64, tag = "3")]
    Integer(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    Object(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

impl From<Any> for AnyValue {
    fn from(any: Any) -> Self {
        Self { value: Some(any) }
    }
}

pub(super) fn text(text: &str) -> AnyValue {
    Any::Text(text.to_owned()).into()
}

pub(super) fn array(values: Vec<AnyValue>) -> AnyValue {
    Any::Array(ArrayValue { values }).into()
}

pub(super) fn object(values: Vec<KeyValue>) -> AnyValue {
    Any::Object(KeyValueList { values }).into()
}

pub(super) fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
    }
}

/// A request of one record.
pub(super) fn of_one(record: LogRecord) -> Request {
    Request {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: vec![record],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

/// Its JSON text.
pub(super) fn json_of(request: &Request) -> String {
    let groups = request.resource_logs.iter().map(|group| {
        let resource = group.resource.as_ref().map(|resource| {
            json!({
                "attributes": attributes_json(&resource.attributes),
                "droppedAttributesCount": resource.dropped,
            })
        });
        let scopes: Vec<_> = group.scope_logs.iter().map(scope_json).collect();
        let mut json = json!({"scopeLogs": scopes, "schemaUrl": group.schema_url});
        if let Some(resource) = resource {
            json["resource"] = resource;
        }
        json
    });
    json!({"resourceLogs": groups.collect::<Vec<_>>()}).to_string()
}

fn scope_json(group: &ScopeLogs) -> Value {
    let scope = group.scope.as_ref().map(|scope| {
        json!({
            "name": scope.name,
            "version": scope.version,
            "attributes": attributes_json(&scope.attributes),
            "droppedAttributesCount": scope.dropped,
        })
    });
    let records: Vec<_> = group.log_records.iter().map(record_json).collect();
    json!({"scope": scope, "logRecords": records, "schemaUrl": group.schema_url})
}

fn record_json(record: &LogRecord) -> Value {
    let mut json = json!({
        "timeUnixNano": record.time.to_string(),
        "observedTimeUnixNano": record.observed,
        "severityNumber": record.severity_number,
        "attributes": attributes_json(&record.attributes),
        "traceId": hex(&record.trace_id),
        "spanId": hex(&record.span_id).to_uppercase(),
        "flags": record.flags,
        "droppedAttributesCount": record.dropped,
        "severityText": record.severity_text,
        "eventName": record.event_name,
    });
    if let Some(body) = &record.body {
        json["body"] = any_json(body);
    }
    json
}

fn attributes_json(attributes: &[KeyValue]) -> Value {
    let attributes = attributes.iter().map(|attribute| {
        let mut json = Map::from_iter([("key".to_owned(), json!(attribute.key))]);
        if let Some(value) = &attribute.value {
            json.insert("value".to_owned(), any_json(value));
        }
        Value::Object(json)
    });
    attributes.collect()
}

pub(super) fn any_json(any: &AnyValue) -> Value {
    match &any.value {
        None => json!({}),
        Some(Any::Text(text)) => json!({"stringValue": text}),
        Some(Any::Boolean(truth)) => json!({"boolValue": truth}),
        // Half of the senders write it so.
        Some(Any::Integer(number)) if number % 2 == 0 => json!({"intValue": number}),
        Some(Any::Integer(number)) => json!({"intValue": number.to_string()}),
        Some(Any::Double(number)) => json!({"doubleValue": number}),
        Some(Any::Array(array)) => {
            let values: Vec<_> = array.values.iter().map(any_json).collect();
            json!({"arrayValue": {"values": values}})
        }
        Some(Any::Object(list)) => {
            json!({"kvlistValue": {"values": attributes_json(&list.values)}})
        }
        Some(Any::Bytes(bytes)) => json!({"bytesValue": STANDARD.encode(bytes)}),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
    let pairs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    pairs.map(digit).collect()
}
