//! Golden pushes, as bytes: one for each of the senders.

use super::*;

/// Written in hexadecimal, with blanks between.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

#[test]
fn fluent_bit_pushes_one_stream_a_label_set() {
    let body = r#"{"streams":[{"stream":{"job":"fluent-bit"},"values":[["1728345600000000001","{\"log\":\"started\",\"level\":\"warn\"}"],["1728345600000000000","{\"log\":\"next\"}",{"pod":"a"}]]}]}"#;
    let taken = of_json(body);
    let expected = [
        json!({"time": 1_728_345_600_000_000_001_i64, "level": "warn", "message": r#"{"log":"started","level":"warn"}"#, "attributes": {"job": "fluent-bit"}}),
        json!({"time": 1_728_345_600_000_000_000_i64, "message": r#"{"log":"next"}"#, "attributes": {"job": "fluent-bit", "pod": "a"}}),
    ];
    assert_eq!(taken.records, expected);
    assert_eq!((taken.refused, taken.notices.counts.total()), (0, 0));
}

#[test]
fn vector_pushes_protobuf() {
    // streams, labels {app="web", c="d\"e"}; an entry: 1728341248 s 123456789 ns, hello, metadata; hash.
    let body = bytes(
        "0a 48
         0a 15 7b 61 70 70 3d 22 77 65 62 22 2c 20 63 3d 22 64 5c 22 65 22 7d
         12 2d 0a 0b 08 80 ca 91 b8 06 10 95 9a ef 3a
         12 05 68 65 6c 6c 6f
         1a 17 0a 08 74 72 61 63 65 5f 69 64 12 0b 30 31 32 33 34 35 36 37 38 39 61
         18 07",
    );
    let taken = taken_by(decode_protobuf, &body, Some("team-a")).unwrap();
    let expected = json!({
        "time": 1_728_341_248_123_456_789_i64,
        "message": "hello",
        "attributes": {"app": "web", "c": "d\"e", "tenant": "team-a", "trace_id": "0123456789a"},
    });
    assert_eq!(taken.records, [expected]);
}

#[test]
fn python_logging_loki_pino_loki_and_winston_loki_push_a_line_or_a_few() {
    let python = r#"{"streams": [{"stream": {"severity": "warning", "logger": "app", "application": "my-app"}, "values": [["1728345600123456789", "disk is 80% full"]]}]}"#;
    let pino = r#"{"streams":[{"stream":{"level":"info","application":"api","hostname":"h"},"values":[["1728345600123000000","{\"pid\":7,\"msg\":\"up\"}"]]}]}"#;
    let winston = r#"{"streams":[{"stream":{"job":"winston","level":"error"},"values":[["1728345600123000000","boom",{"requestId":"7"}]]}]}"#;
    let once = r#"{"streams":[{"labels":"{job=\"winston\",level=\"error\"}","entries":[{"ts":"2024-10-08T00:00:00.123Z","line":"boom"}]}]}"#;
    for (body, level, attributes) in [
        (
            python,
            "warning",
            json!({"logger": "app", "application": "my-app"}),
        ),
        (pino, "info", json!({"application": "api", "hostname": "h"})),
        (
            winston,
            "error",
            json!({"job": "winston", "requestId": "7"}),
        ),
        (once, "error", json!({"job": "winston"})),
    ] {
        let taken = of_json(body);
        let [record] = &taken.records[..] else {
            panic!("{body}")
        };
        assert_eq!(record["level"], level, "{body}");
        assert_eq!(record["attributes"], attributes, "{body}");
        assert_eq!(
            record["time"].as_i64().unwrap() / 1_000_000,
            1_728_345_600_123
        );
        assert_eq!(taken.notices.counts.total(), 0);
    }
}

#[test]
fn a_level_is_that_of_the_labels_then_of_the_metadata_then_of_the_line() {
    for (labels, metadata, line, expected) in [
        (
            json!({"level": "info"}),
            json!({"level": "warn"}),
            "level=error",
            "info",
        ),
        (
            json!({"a": "b"}),
            json!({"severity": "warn"}),
            "level=error",
            "warn",
        ),
        (json!({"a": "b"}), json!({}), "x level=error", "error"),
        (
            json!({"level": "30"}),
            json!({"level": "warn"}),
            "x",
            "INFO",
        ),
        (
            json!({"level": "77"}),
            json!({"level": "warn"}),
            "x",
            "warn",
        ),
        (json!({"level": 40}), json!({}), "x", "WARN"),
        (
            json!({"levelno": "40", "Severity": "AUDIT"}),
            json!({}),
            "x",
            "AUDIT",
        ),
        (
            json!({"level": ""}),
            json!({"severity_number": 9}),
            "x",
            "INFO",
        ),
    ] {
        let push = json!({"streams": [{"stream": labels, "values": [["1728345600123456789", line, metadata]]}]});
        let taken = of_json(&push.to_string());
        assert_eq!(taken.records[0]["level"], expected, "{push}");
    }
    // A number is kept, and so is what was not chosen.
    let push = json!({"streams": [{"stream": {"level": "30", "lvl": "77"}, "values": [["1728345600123456789", "x", {"level": "warn"}]]}]});
    let expected = json!({"level": "30", "lvl": "77", "level_extracted": "warn"});
    assert_eq!(
        of_json(&push.to_string()).records[0]["attributes"],
        expected
    );
}

#[test]
fn metadata_of_a_labels_name_is_shown_under_the_name_that_loki_shows_it_under() {
    let push = json!({"streams": [{
        "stream": {"app": "a", "b_extracted": "b", "b": "b"},
        "values": [["1728345600123456789", "x", {"app": "m", "b": "n", "app_extracted": "o", "tenant": "p"}]],
    }]});
    let taken = taken_by(decode_json, push.to_string().as_bytes(), Some("t")).unwrap();
    let expected = json!({
        "app": "a", "b_extracted": "b", "b": "b", "tenant": "t",
        "app_extracted_": "m", "b_extracted_": "n", "app_extracted": "o", "tenant_extracted": "p",
    });
    assert_eq!(taken.records[0]["attributes"], expected);
    let push = json!({"streams": [{"stream": {"tenant": "mine"}, "values": [["1728345600123456789", "x"]]}]});
    let taken = taken_by(decode_json, push.to_string().as_bytes(), Some("t")).unwrap();
    let expected = json!({"tenant": "mine", "tenant_": "t"});
    assert_eq!(taken.records[0]["attributes"], expected);
}
