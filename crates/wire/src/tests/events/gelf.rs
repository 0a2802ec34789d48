//! GELF's objects.

use super::*;

#[test]
fn a_gelf_object_becomes_the_record_that_its_sender_means() {
    for (body, expected) in [
        // The example of the specification, with the number of its level.
        (
            r#"{"version":"1.1","host":"example.org","short_message":"A short message","full_message":"Backtrace here\n\nmore stuff","timestamp":1385053862.3072,"level":1,"_user_id":9001,"_some_info":"foo","_some_env_var":"bar"}"#,
            json!(["2013-11-21T17:11:02.307200Z", "ERROR", "A short message", {"host": "example.org", "full_message": "Backtrace here\n\nmore stuff", "level": 1, "user_id": 9001, "some_info": "foo", "some_env_var": "bar"}]),
        ),
        // pygelf's; its full message says the same, in another spelling.
        (
            "{\"version\": \"1.1\", \"short_message\": \"h\u{e9}\", \"full_message\": \"h\\u00e9\", \"timestamp\": 1700000001.25, \"level\": 6, \"host\": \"h\", \"_logger_name\": \"x\"}\0",
            json!(["2023-11-14T22:13:21.250Z", "INFO", "h\u{e9}", {"level": 6, "host": "h", "logger_name": "x"}]),
        ),
        // An additional field is an attribute whatever its name says.
        (
            r#"{"short_message":"m","_time":1700000001,"_level":"WARN","_message":"x","_msg":"y","_attributes":{"a":1}}"#,
            json!([null, null, "m", {"time": 1_700_000_001, "level": "WARN", "message": "x", "msg": "y", "attributes": {"a": 1}}]),
        ),
        // One whose name another field has keeps its underscore.
        (
            r#"{"host":"a","_host":"b","__host":"c","level":4,"_level":"x","short_message":"m","_":1}"#,
            json!([null, "WARN", "m", {"host": "a", "level": 4, "_host": "b", "__host": "c", "_level": "x", "_": 1}]),
        ),
        // What is missing, and what is odd.
        (
            r#"{"full_message":"all","level":"3","timestamp":"1700000001.5"}"#,
            json!(["2023-11-14T22:13:21.500Z", "ERROR", "all", {"level": "3"}]),
        ),
        (
            r#"{"version":"2.0","message":"other","short_message":"m","level":77,"timestamp":"yesterday"}"#,
            json!([null, null, "m", {"version": "2.0", "message": "other", "level": 77, "timestamp": "yesterday"}]),
        ),
        ("plain text", json!([null, null, "plain text", null])),
    ] {
        assert_eq!(one(of_gelf(body)), expected, "{body}");
    }
}

#[test]
fn several_gelf_objects_are_several_records_and_a_broken_one_is_none() {
    for body in [
        r#"{"short_message":"a"}{"short_message":"b"}"#,
        "{\"short_message\":\"a\"}\n{\"short_message\":\"b\"}\n",
        r#"[{"short_message":"a"},{"short_message":"b"}]"#,
    ] {
        let records = shown(&of_gelf(body).unwrap().batch);
        let messages: Vec<_> = records.iter().map(|record| &record["message"]).collect();
        assert_eq!(messages, ["a", "b"], "{body}");
    }
    let broken = of_gelf(r#"{"short_message":"a"#).unwrap_err();
    assert_eq!(broken.code(), "invalid_json");
}
