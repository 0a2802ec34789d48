//! What a strict sender is refused: what is told of others, and what is no record by itself.

use super::*;

fn strictly(terms: Terms, body: &str) -> Result<Built, DecodeError> {
    let mut batch = builder(body.as_bytes()).strict(true);
    values::read(body.as_bytes(), terms, &mut batch)?;
    Ok(super::built(batch))
}

fn faults(rejects: &Rejects) -> Vec<(u32, String)> {
    let listed = rejects.listed.iter();
    listed
        .map(|reject| (reject.index, reject.fault.to_string()))
        .collect()
}

fn fault(body: &str) -> String {
    let built = strictly(UNTYPED, body).expect("a readable body");
    assert_eq!(told(&built), [], "{body}");
    assert_eq!(built.rejects.count, 1, "{body}");
    built.rejects.listed[0].fault.to_string()
}

#[test]
fn nesting_is_taken_up_to_its_bound_and_refused_beyond() {
    let nested = |depth| {
        let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
        format!(r#"{{"message":"m","n":{open}1{close}}}"#)
    };
    assert_eq!(records(&nested(32)).len(), 1);
    assert_eq!(
        fault(&nested(33)),
        "attributes are nested more than 32 deep"
    );
    assert_eq!(
        fault(&nested(5000)),
        "attributes are nested more than 32 deep"
    );
}

#[test]
fn what_is_wrong_with_a_record_is_said() {
    for (record, reason) in [
        ("5", "a record must be a JSON object, not a number"),
        ("[{}]", "a record must be a JSON object, not an array"),
        ("null", "a record must be a JSON object, not null"),
        (
            r#"{"level":"INFO"}"#,
            "there is no message: expected text in one of message, _msg, msg, log, body, short_message, event, text, @m, @mt, RenderedMessage, MessageTemplate",
        ),
        (
            r#"{"message":null}"#,
            "there is no message: expected text in one of message, _msg, msg, log, body, short_message, event, text, @m, @mt, RenderedMessage, MessageTemplate",
        ),
        (r#"{"message":5}"#, "message must be text, not a number"),
        (
            r#"{"message":"m","level":3}"#,
            "level must be text, not a number",
        ),
        (
            r#"{"message":"m","timestamp":"yesterday"}"#,
            "timestamp is not a time: expected for example 2024-10-08T00:00:00Z (RFC 3339), or a number of s, ms, µs or ns since 1970",
        ),
        (
            r#"{"message":"m","timestamp":true}"#,
            "timestamp is not a time: expected for example 2024-10-08T00:00:00Z (RFC 3339), or a number of s, ms, µs or ns since 1970",
        ),
        (
            r#"{"message":"m","time":"2500-01-01T00:00:00Z"}"#,
            "time is not a time: outside 1677-09-21 to 2262-04-11",
        ),
        (r#"{"message":"\ud800"}"#, "half of a surrogate pair"),
        (
            r#"{"message":"m","a":{"b\u0000":1}}"#,
            "a field name holds U+0000, which cannot be stored",
        ),
        (
            r#"{"message":"m","a":1e999}"#,
            "the number 1e999 is too large",
        ),
    ] {
        assert_eq!(fault(&format!("[{record}]")), reason, "{record}");
    }
    assert_eq!(records(r#"{"message":""}"#)[0]["message"], "");
    assert_eq!(records(r#"{"message":"\u0000"}"#)[0]["message"], "\0");
}

#[test]
fn what_stands_around_records_is_refused_of_each_of_them() {
    let body = r#"{"logs":[{"message":"a"},{"message":"b"}],"a\u0000b":1}"#;
    let built = strictly(JSON, body).unwrap();
    let reason = "a field name holds U+0000, which cannot be stored".to_owned();
    assert_eq!(faults(&built.rejects), [(0, reason.clone()), (1, reason)]);
}

#[test]
fn a_body_that_cannot_be_read_says_where_it_is_wrong() {
    let error = |body: &str| {
        let error = strictly(JSON, body).unwrap_err();
        assert_eq!(strictly(UNTYPED, body).unwrap_err(), error, "{body}");
        error
    };
    assert_eq!(error("5").code(), "not_records");
    assert_eq!(error("\"text\"").code(), "not_records");
    for (body, line, column) in [
        ("[{\"message\":\"a\"},\n{\"message\":}]", 2, 12),
        ("[{\"message\":\"a\"}", 1, 16),
        ("{\"message\":\"a\"", 1, 14),
    ] {
        match error(body) {
            DecodeError::Syntax {
                line: at,
                column: place,
                ..
            } => {
                assert_eq!((at, place), (line, column), "{body}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let body = b"[{\"message\":\"\xff\"}]";
    let read = values::read(body, JSON, &mut builder(body).strict(true));
    assert_eq!(read, Err(DecodeError::NotUtf8 { offset: 13 }));
}

#[test]
fn a_broken_line_is_refused_alone_with_its_line() {
    let body = "{\"message\":\"a\"}\n\n{\"message\":\n5\n{\"message\":\"b\"} trailing\n{\"message\":\"c\"}\n";
    for terms in [LINES, UNTYPED] {
        let built = strictly(terms, body).unwrap();
        assert_eq!(built.batch.documents.len(), 3);
        assert_eq!(
            faults(&built.rejects),
            [
                (
                    1,
                    "not valid JSON: EOF while parsing a value at line 3 column 11".to_owned()
                ),
                (2, "a record must be a JSON object, not a number".to_owned()),
                (
                    4,
                    "not valid JSON: expected ident at line 5 column 19".to_owned()
                ),
            ]
        );
    }
}

#[test]
fn what_was_taken_before_is_taken_from_a_strict_sender_and_so_is_nothing_at_all() {
    for (body, count) in [
        ("", 0),
        (" \n", 0),
        ("[]", 0),
        (r#"{"message":"m","severity":3,"level":"debug"}"#, 1),
        (r#"{"message":"m","level":null,"ts":0}"#, 1),
        (
            r#"[{"message":"a"},{"msg":"b","n":18446744073709551616}]"#,
            2,
        ),
    ] {
        let built = strictly(JSON, body).unwrap();
        assert_eq!(built.batch.documents.len(), count, "{body}");
        assert_eq!(built.rejects.count, 0, "{body}");
    }
}
