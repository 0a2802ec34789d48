//! Splunk's events and lines.

use super::*;

#[test]
fn a_splunk_event_is_what_is_in_it_and_its_envelope_is_attributes() {
    for (body, expected) in [
        (
            r#"{"time":1426279439.123,"host":"h","source":"s","sourcetype":"t","index":"main","event":"text","fields":{"k":"v"}}"#,
            json!(["2015-03-13T20:43:59.123Z", null, "text", {"host": "h", "source": "s", "sourcetype": "t", "index": "main", "k": "v"}]),
        ),
        // A record of its own inside; the envelope's time counts, and no name takes another's.
        (
            r#"{"time":"1426279439.5","source":"outer","event":{"message":"m","severity":"WARN","time":1700000001,"source":"inner","n":1},"fields":{"n":2,"message":"x","severity":"y"}}"#,
            json!(["2015-03-13T20:43:59.500Z", "WARN", "m", {"time": 1_700_000_001, "source": "inner", "n": 1, "source_": "outer", "n_": 2, "message": "x", "severity": "y"}]),
        ),
        (
            r#"{"event":{"ts":1700000001,"msg":"m"}}"#,
            json!(["2023-11-14T22:13:21Z", null, "m", null]),
        ),
        // Docker's driver: as text, and as the object that the program wrote.
        (
            r#"{"event":{"line":"started","source":"stdout","tag":"f3a"},"time":"1426279439.123456","host":"h"}"#,
            json!(["2015-03-13T20:43:59.123456Z", null, "started", {"source": "stdout", "tag": "f3a", "host": "h"}]),
        ),
        (
            r#"{"event":{"line":{"msg":"m","level":"debug","a":1},"source":"stderr","tag":"f3a"},"time":"1426279439.123456","host":"h"}"#,
            json!(["2015-03-13T20:43:59.123456Z", "debug", "m", {"a": 1, "source": "stderr", "tag": "f3a", "host": "h"}]),
        ),
        (
            r#"{"event":{"line":12,"file":"x.rs","message":"m"}}"#,
            json!([null, null, "m", {"line": 12, "file": "x.rs"}]),
        ),
        // The Collector's.
        (
            r#"{"time":1700000001.5,"host":"unknown","event":"m","fields":{"otel.log.severity.text":"Warn","otel.log.severity.number":13}}"#,
            json!(["2023-11-14T22:13:21.500Z", "Warn", "m", {"otel.log.severity.number": 13, "host": "unknown"}]),
        ),
        // What is odd.
        (
            r#"{"event":{"attributes":{"host":"in"},"msg":"m"},"host":"out"}"#,
            json!([null, null, "m", {"host": "in", "host_": "out"}]),
        ),
        (
            r#"{"event":17,"fields":"f"}"#,
            json!([null, null, "17", {"fields": "f"}]),
        ),
        (
            r#"{"event":["a"],"time":"now","x":1}"#,
            json!([null, null, r#"["a"]"#, {"time": "now", "x": 1}]),
        ),
        (
            r#"{"event":{"time":"then","a":1},"time":"now"}"#,
            json!([null, null, "", {"time": "now", "time_": "then", "a": 1}]),
        ),
        (
            r#"{"message":"no envelope","level":"info","fields":{"k":"v"}}"#,
            json!([null, "info", "no envelope", {"k": "v"}]),
        ),
    ] {
        assert_eq!(one(of_splunk(body)), expected, "{body}");
    }
}

#[test]
fn splunk_events_follow_one_another_with_and_without_line_ends() {
    for between in ["", "\n", "\r\n\r\n"] {
        let body = [r#"{"event":"a","host":"h"}"#, r#"{"event":"b"}"#].join(between);
        let records = shown(&of_splunk(&body).unwrap().batch);
        let messages: Vec<_> = records.iter().map(|record| &record["message"]).collect();
        assert_eq!(messages, ["a", "b"], "{body}");
    }
    assert!(of_splunk("").unwrap().batch.documents.is_empty());
    let broken = of_splunk(r#"{"event":"#).unwrap_err();
    assert_eq!(broken.code(), "invalid_json");
}

#[test]
fn what_a_splunk_request_gives_is_of_events_that_do_not_say_it_and_of_every_raw_line() {
    let given = given(&[("source", "given"), ("index", "main")]);
    let events = r#"{"event":"a"}{"event":"b","source":"own"}{"event":{"msg":"c","source":"in"}}"#;
    let events = decoded(events, |body, batch| {
        crate::splunk::decode_events(body, &given, batch)
    });
    let attributes: Vec<_> = shown(&events.unwrap().batch)
        .into_iter()
        .map(|record| record["attributes"].clone())
        .collect();
    let expected = [
        json!({"source": "given", "index": "main"}),
        json!({"source": "own", "index": "main"}),
        json!({"source": "in", "source_": "given", "index": "main"}),
    ];
    assert_eq!(attributes, expected);

    let raw = "[INFO] started\n\n{\"msg\":\"m\",\"index\":\"own\",\"time\":1700000001}\n17";
    let raw = decoded(raw, |body, batch| {
        crate::splunk::decode_raw(body, &given, batch)
    });
    let raw: Vec<_> = shown(&raw.unwrap().batch).iter().map(parts).collect();
    let both = json!({"source": "given", "index": "main"});
    let expected = [
        json!([null, null, "[INFO] started", both]),
        json!(["2023-11-14T22:13:21Z", null, "m", {"index": "own", "source": "given", "index_": "main"}]),
        json!([null, null, "17", both]),
    ];
    assert_eq!(raw, expected);
}
