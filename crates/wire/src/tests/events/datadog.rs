//! Datadog's records and their tags.

use super::*;

#[test]
fn a_datadog_record_has_its_tags_as_attributes_and_its_status_as_the_level() {
    for (body, expected) in [
        (
            r#"[{"message":"m","status":"info","timestamp":1700000001500,"hostname":"h","service":"s","ddsource":"java","ddtags":"env:prod,url:http://x/,team:a,team:b,env:prod, plain ,:x"}]"#,
            json!(["2023-11-14T22:13:21.500Z", "info", "m", {"hostname": "h", "service": "s", "ddsource": "java", "env": "prod", "url": "http://x/", "team": ["a", "b"], "ddtags": "plain,:x"}]),
        ),
        // The text of an object is the record: what the agent says is of it where it says nothing itself.
        (
            r#"{"message":"{\"msg\":\"m\",\"level\":\"warn\",\"time\":1700000001,\"service\":\"in\",\"env\":\"dev\"}\n","status":"error","timestamp":1700000002000,"service":"out","hostname":"h","ddtags":"env:prod"}"#,
            json!(["2023-11-14T22:13:21Z", "warn", "m", {"service": "in", "env": "dev", "status": "error", "timestamp": 1_700_000_002_000_i64, "service_": "out", "hostname": "h", "env_": "prod"}]),
        ),
        (
            r#"{"message":"{\"a\":1}","status":"error","timestamp":1700000002000}"#,
            json!(["2023-11-14T22:13:22Z", "error", "", {"a": 1}]),
        ),
        // Numbers under one name, inside and outside.
        (
            r#"{"message":"{\"m\":1,\"level\":30}","level":40,"timestamp":"x"}"#,
            json!([null, "INFO", "", {"m": 1, "level": 30, "level_": 40, "timestamp": "x"}]),
        ),
        // A status that is none of a log's, and one that no other field may beat.
        (
            r#"{"message":"m","status":200}"#,
            json!([null, null, "m", {"status": 200}]),
        ),
        (
            r#"{"message":"m","status":3}"#,
            json!([null, "ERROR", "m", {"status": 3}]),
        ),
        (
            r#"{"message":"m","status":"info","level":"warn"}"#,
            json!([null, "warn", "m", {"status": "info"}]),
        ),
        (
            r#"{"message":"{broken"}"#,
            json!([null, null, "{broken", null]),
        ),
        (
            r#"{"message":{"a":1},"ddtags":["x:y"]}"#,
            json!([null, null, r#"{"a":1}"#, {"ddtags": ["x:y"]}]),
        ),
        ("a line", json!([null, null, "a line", null])),
        (
            r#"{"message":"cut"#,
            json!([null, null, r#"{"message":"cut"#, null]),
        ),
    ] {
        assert_eq!(one(of_datadog(body)), expected, "{body}");
    }
}

#[test]
fn what_a_datadog_request_gives_is_of_records_that_do_not_say_it() {
    let given = given(&[("ddtags", "env:prod,a:1"), ("service", "given")]);
    let body = r#"[{"message":"m"},{"message":"n","service":"own","ddtags":"env:dev"}]"#;
    let built = decoded(body, |body, batch| {
        crate::datadog::decode(body, &given, batch)
    });
    let records: Vec<_> = shown(&built.unwrap().batch).iter().map(parts).collect();
    let expected = [
        json!([null, null, "m", {"env": "prod", "a": "1", "service": "given"}]),
        json!([null, null, "n", {"service": "own", "env": "dev", "a": "1"}]),
    ];
    assert_eq!(records, expected);
}

#[test]
fn the_check_of_a_datadog_agent_is_no_record() {
    for body in ["{}", " { }\n", "", "[]"] {
        assert!(
            of_datadog(body).unwrap().batch.documents.is_empty(),
            "{body}"
        );
    }
    assert_eq!(one(of_datadog("[{}]")), json!([null, null, "", null]));
}

#[test]
fn tags_beyond_their_bound_stay_text() {
    let tags: Vec<_> = (0..1_002).map(|number| format!("t{number}:v")).collect();
    let body = json!({"message": "m", "ddtags": tags.join(",")}).to_string();
    let record = one(of_datadog(body));
    let attributes = record[3].as_object().unwrap();
    assert_eq!(attributes.len(), 1_001);
    assert_eq!(attributes["ddtags"], "t1000:v,t1001:v");
}
