//! What is odd is kept, and told.

use super::*;
use serde_json::json;

#[test]
fn fields_that_cannot_be_read_are_kept_and_told() {
    for (record, attributes, reason) in [
        (
            r#"{"timeUnixNano":"yesterday"}"#,
            json!({"time_unix_nano": "yesterday"}),
            r#"time_unix_nano "yesterday" is not a time: the time of receipt was taken"#,
        ),
        (
            r#"{"timeUnixNano":18446744073709551615}"#,
            json!({"time_unix_nano": u64::MAX}),
            "time_unix_nano 18446744073709551615 is outside 1677-09-21 to 2262-04-11: the time of receipt was taken",
        ),
        (
            r#"{"severityNumber":"HIGH"}"#,
            json!({"severity_number": "HIGH"}),
            r#"severity_number "HIGH" is no level: it has none"#,
        ),
        (
            r#"{"severityNumber":25}"#,
            json!({"severity_number": 25}),
            "severity_number 25 is no level: it has none",
        ),
    ] {
        let (found, told) = json_record(record);
        assert_eq!(found["timestamp"], "2023-11-14T22:13:20Z", "{record}");
        assert_eq!(found["attributes"], attributes, "{record}");
        assert_eq!(told, [reason], "{record}");
    }
    let (found, told) = json_record(r#"{"flags":{"a":1},"severityText":5,"eventName":["e"]}"#);
    assert_eq!(found["level"], "5");
    assert_eq!(
        found["attributes"],
        json!({"flags": {"a": 1}, "event_name": r#"["e"]"#})
    );
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn times_of_protobuf_that_no_record_can_have_are_kept_and_told() {
    let request = super::messages::of_one(super::messages::LogRecord {
        time: u64::MAX,
        observed: 5,
        ..Default::default()
    });
    let built = of_protobuf(&prost::Message::encode_to_vec(&request)).unwrap();
    let found = shown(&built.batch).remove(0);
    assert_eq!(found["timestamp"], "1970-01-01T00:00:00.000000005Z");
    assert_eq!(found["attributes"]["time_unix_nano"], u64::MAX);
    assert_eq!(told(&built).len(), 1);
}

/// Attributes, and what is kept of them.
#[rustfmt::skip]
const ATTRIBUTES: &[(&str, &str)] = &[
    (r#"[{"key":"a","value":"plain"}]"#, r#"{"a": "plain"}"#),
    (r#"[{"key":"a","value":[1,{"b":2}]}]"#, r#"{"a": [1, {"b": 2}]}"#),
    (r#"[{"key":"a"},{"key":"b","value":null}]"#, r#"{"a": null, "b": null}"#),
    (r#"[{"key":"a","value":{}}]"#, r#"{"a": null}"#),
    (r#"[{"key":"a","value":{"foo":"T"}}]"#, r#"{"a": {"foo": "T"}}"#),
    (r#"[{"key":"a","value":{"stringValue":null,"foo":"T"}}]"#, r#"{"a": {"stringValue": null, "foo": "T"}}"#),
    (r#"[{"key":"a","value":{"kvlistValue":{"T":1}}}]"#, r#"{"a": {"T": 1}}"#),
    (r#"[{"key":"a","value":{"arrayValue":{"T":1}}}]"#, r#"{"a": {"T": 1}}"#),
    (r#"[{"key":"a","value":{"arrayValue":{"T":null}}}]"#, r#"{"a": []}"#),
    (r#"[{"key":"a","value":{"string_value":"T"}},{"key":"b","value":{"int_value":"5"}}]"#, r#"{"a": "T", "b": 5}"#),
    (r#"[{"key":"a","value":{"array_value":{"values":[{"bool_value":true}]}}}]"#, r#"{"a": [true]}"#),
    (r#"[{"key":"a","value":{"new":1,"intValue":"7"}}]"#, r#"{"a": 7}"#),
    (r#"[{"key":"a","value":{"stringValue":null,"boolValue":true}}]"#, r#"{"a": true}"#),
    (r#"[{"value":{"boolValue":true},"key":"a"}]"#, r#"{"a": true}"#),
    (r#"[{"value":{"intValue":1},"more":[1],"key":"a","rest":{}}]"#, r#"{"a": 1}"#),
    (r#"[{"key":"a","more":0,"value":{"intValue":1},"rest":{}}]"#, r#"{"a": 1}"#),
    (r#"[{"key":5,"value":{"intValue":1}},"text"]"#, r#"{"5": 1, "": "text"}"#),
    (r#"{"a":{"b":1}}"#, r#"{"a": {"b": 1}}"#),
    (r#""text""#, r#"{"": "text"}"#),
    (r#"[{"key":"a","value":{"doubleValue":"NaN"}}]"#, r#"{"a": "NaN"}"#),
    (r#"[{"key":"a","value":{"doubleValue":"-1.5e3"}}]"#, r#"{"a": -1500.0}"#),
    (r#"[{"key":"a","value":{"intValue":"12 "}}]"#, r#"{"a": "12 "}"#),
    (r#"[{"key":"a","value":{"intValue":"18446744073709551615"}}]"#, r#"{"a": 18446744073709551615}"#),
    (r#"[{"key":"a","value":{"arrayValue":{}}}]"#, r#"{"a": []}"#),
    (r#"[{"key":"a","value":{"arrayValue":{"values":null}}}]"#, r#"{"a": []}"#),
    (r#"[{"key":"a","value":{"arrayValue":[1]}}]"#, r#"{"a": [1]}"#),
    (r#"[{"key":"a","value":{"arrayValue":{"values":"x"}}}]"#, r#"{"a": ["x"]}"#),
    (r#"[{"key":"a","value":{"arrayValue":{"values":[{},5],"x":1}}}]"#, r#"{"a": [null, 5]}"#),
    (r#"[{"key":"a","value":{"kvlistValue":{"values":[]}}}]"#, r#"{"a": {}}"#),
    (r#"[{"key":"a","value":{"kvlistValue":{"values":{"b":1}}}}]"#, r#"{"a": {"b": 1}}"#),
];

#[test]
fn values_of_another_form_than_they_should_have_are_kept_as_they_are() {
    for (attributes, expected) in ATTRIBUTES {
        let (found, told) = json_attributes(attributes);
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(found, expected, "{attributes}");
        assert_eq!(told, Vec::<String>::new(), "{attributes}");
    }
}

#[test]
fn an_element_that_is_no_record_is_a_message() {
    let body = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"k","value":{"intValue":1}}]},
        "scopeLogs":[{"logRecords":["a\nb",17,{"body":"plain"},null]}]}]}"#;
    let records = shown(&of_json(body.as_bytes()).unwrap().batch);
    let messages: Vec<_> = records.iter().map(|record| &record["message"]).collect();
    assert_eq!(messages, ["a\nb", "17", "plain", "null"]);
    assert!(
        records
            .iter()
            .all(|record| record["attributes"]["resource.k"] == 1)
    );
}

#[test]
fn original_names_of_fields_are_known_and_what_is_shared_may_stand_behind_the_records() {
    let body = r#"{"resource_logs":[{
        "scope_logs":[{
            "log_records":[{"time_unix_nano":1,"body":{"stringValue":"a"},"severity_text":"INFO"}],
            "schema_url":"s","scope":{"name":"n"}}],
        "schemaUrl":"r",
        "resource":{"attributes":[{"key":"k","value":{"stringValue":"v"}}],"droppedAttributesCount":2}}]}"#;
    let records = shown(&of_json(body.as_bytes()).unwrap().batch);
    let expected = json!({
        "resource.k": "v",
        "resource.schema_url": "r",
        "resource.dropped_attributes_count": 2,
        "scope.name": "n",
        "scope.schema_url": "s",
    });
    assert_eq!(records.len(), 1);
    assert_eq!(
        (&records[0]["attributes"], &records[0]["level"]),
        (&expected, &json!("INFO"))
    );
}

#[test]
fn characters_that_cannot_be_stored_are_replaced_and_told_of_the_record_that_has_them() {
    let lone = r#"[{"key":"a\u0000b","value":{"stringValue":"x\ud800y"}}]"#;
    let (found, told) = json_attributes(lone);
    assert_eq!(found, json!({"a\u{fffd}b": "x\u{fffd}y"}));
    assert_eq!(told.len(), 2);

    let record = |text: &[u8]| [b"{\"body\":{\"stringValue\":\"", text, b"\"}}"].concat();
    let start = &b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["[..];
    let (first, second, third) = (record(b"a"), record(b"b\xff"), record(b"c"));
    let rest = &b"],\"schemaUrl\":\"\xfe\"}]}]}"[..];
    let body = [start, &first, b",", &second, b",", &third, rest].concat();
    let built = of_json(&body).unwrap();
    let messages: Vec<_> = shown(&built.batch);
    assert_eq!(messages[1]["message"], "b\u{fffd}");
    assert_eq!(messages[2]["attributes"]["scope.schema_url"], "\u{fffd}");
    // The schema is shared by all three.
    let places: Vec<_> = super::told(&built)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, [0, 1, 2]);
    let alone = [start, &first, b",", &second, b"]}]}]}"].concat();
    let told = super::told(&of_json(&alone).unwrap());
    assert_eq!(
        told,
        [(
            1,
            "bytes that are not UTF-8 were replaced with U+FFFD".to_owned()
        )]
    );

    // In protobuf: a body of one text, a key with U+0000.
    let body = [
        0x0a, 21, 0x12, 19, 0x12, 4, 0x2a, 2, 0x0a, 0, 0x12, 11, 0x2a, 3, 0x0a, 1, 0xff, 0x32, 4,
        0x0a, 2, 0, b'k',
    ];
    let built = of_protobuf(&body).unwrap();
    let expected = json!({"timestamp": "2023-11-14T22:13:20Z", "level": null, "message": "\u{fffd}", "attributes": {"\u{fffd}k": null}});
    assert_eq!(shown(&built.batch)[1], expected);
    let places: Vec<_> = super::told(&built)
        .into_iter()
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, [1, 1]);
}

#[test]
fn a_resource_that_is_no_object_and_a_field_that_comes_twice_leave_no_name_twice() {
    let body = r#"{"resourceLogs":[{"resource":"r","scopeLogs":[{"scope":[1],"logRecords":[
        {"flags":"a","flags":"b","attributes":[{"key":"flags"}],"attributes":[{"key":"flags"}]}]}]}]}"#;
    let records = shown(&of_json(body.as_bytes()).unwrap().batch);
    let expected = json!({
        "flags": "b", "flags_": null, "flags_2": null, "resource": "r", "scope": [1],
    });
    assert_eq!(records[0]["attributes"], expected);
}

#[test]
fn a_body_of_no_kind_or_with_the_names_of_messages_is_the_message() {
    for (body, message) in [
        (r#"{"string_value":"T"}"#, "T"),
        (r#"{"foo":"T"}"#, r#"{"foo":"T"}"#),
        (r#"{"int_value":"5"}"#, "5"),
        (r#"{"stringValue":null}"#, ""),
    ] {
        let (found, _) = json_record(&format!(r#"{{"body":{body}}}"#));
        assert_eq!(found["message"], message, "{body}");
    }
}
