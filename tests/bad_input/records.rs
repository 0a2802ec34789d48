//! Bodies that are broken, and what a strict sender is refused: bodies that are no records, and records of
//! which others are told something.

use serde_json::{Value, json};

use super::{messages, refused, serves_and_holds_nothing, started};
use crate::support::service::Service;

async fn post_json(service: &Service, body: impl Into<Vec<u8>>) -> crate::support::http::Reply {
    service.post("/logs/batch", "application/json", body).await
}

async fn post_strictly(service: &Service, body: impl Into<Vec<u8>>) -> crate::support::http::Reply {
    let path = "/logs/batch?strict=true";
    service.post(path, "application/json", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_json_is_refused_with_the_place_of_the_fault() {
    let service = started().await;
    for (body, line, column) in [
        // A colon is missing, a comma is too much, and so on: the place is that of the odd byte.
        (r#"[{"message" "b"}]"#, 1, 13),
        ("[{\"message\":\"a\"},\n {\"message\":\"b\",}]", 2, 17),
        ("[\n\n  {\"message\":\"a\"} {\"message\":\"b\"}]", 3, 19),
        (r#"{"message":tru}"#, 1, 15),
        (r#"[{"message":"a"}"#, 1, 16),
    ] {
        for reply in [
            post_json(&service, body).await,
            post_strictly(&service, body).await,
        ] {
            let told = refused(&reply, 400, "invalid_json");
            let place = json!([told["line"], told["column"]]);
            assert_eq!(place, json!([line, column]), "{body}: {told}");
            let said = format!("at line {line} column {column}");
            assert!(told["message"].as_str().unwrap().ends_with(&said), "{told}");
        }
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_sender_is_told_the_place_of_a_line_that_is_no_json() {
    let service = started().await;
    let body = "{\"message\":\"a\"}\n\n{\"message\":\"b\",}\n{\"message\":\"c\"}\n";
    let reply = service
        .post("/logs/batch?strict=true", "application/x-ndjson", body)
        .await;
    let told = refused(&reply, 400, "invalid_records");
    assert_eq!(told["errors"][0]["index"], 1, "{told}");
    let reason = told["errors"][0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("at line 3 column 16"), "{told}");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_neither_array_nor_object_nor_lines_is_refused_a_strict_sender_by_its_kind() {
    let service = started().await;
    for (body, code, said) in [
        ("\"text\"", "not_records", "not text"),
        ("42", "not_records", "not a number"),
        ("null", "not_records", "not null"),
        ("true", "not_records", "not true or false"),
        ("level=INFO", "not_records", "not something that is no JSON"),
        ("<log/>", "not_records", "not something that is no JSON"),
    ] {
        let told = refused(&post_strictly(&service, body).await, 400, code);
        assert!(told["message"].as_str().unwrap().contains(said), "{told}");
    }
    let told = refused(
        &post_strictly(&service, b"[{\"message\":\"\xff\"}]".to_vec()).await,
        400,
        "invalid_utf8",
    );
    assert!(
        told["message"].as_str().unwrap().contains("byte 13"),
        "{told}"
    );
    serves_and_holds_nothing(&service).await;
}

/// Each bad record, and how the reason begins.
fn bad_records() -> Vec<(Value, &'static str)> {
    let nested = (0..40).fold(json!(1), |inner, _| json!({ "in": inner }));
    vec![
        (json!(1), "a record must be a JSON object, not a number"),
        (json!("text"), "a record must be a JSON object, not text"),
        (json!(null), "a record must be a JSON object, not null"),
        (json!([]), "a record must be a JSON object, not an array"),
        (json!({}), "there is no message"),
        (json!({ "level": "INFO" }), "there is no message"),
        (
            json!({ "message": 1 }),
            "message must be text, not a number",
        ),
        (json!({ "message": null }), "there is no message"),
        (
            json!({ "message": ["a"] }),
            "message must be text, not an array",
        ),
        (
            json!({ "msg": { "a": 1 } }),
            "msg must be text, not an object",
        ),
        (
            json!({ "message": "m", "level": 3 }),
            "level must be text, not a number",
        ),
        (
            json!({ "message": "m", "timestamp": "yesterday" }),
            "timestamp is not a time: expected for example",
        ),
        (
            json!({ "message": "m", "timestamp": "2024-13-01T00:00:00Z" }),
            "timestamp is not a time",
        ),
        (
            json!({ "message": "m", "timestamp": "9999-01-01T00:00:00Z" }),
            "timestamp is not a time: outside",
        ),
        (
            json!({ "message": "m", "timestamp": true }),
            "timestamp is not a time",
        ),
        (json!({ "message": "m", "ts": {} }), "ts is not a time"),
        (
            json!({ "message": "m", "a\u{0}b": 1 }),
            "a field name holds U+0000",
        ),
        (
            json!({ "message": "m", "deep": nested }),
            "attributes are nested more than 32 deep",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_that_a_strict_sender_is_refused_is_named_with_its_place_and_reason() {
    let service = started().await;
    // A good record stands before each bad one, so that their places are the odd numbers.
    let batch: Value = bad_records()
        .into_iter()
        .flat_map(|(record, _)| [json!({ "message": "good" }), record])
        .collect();
    let reply = post_strictly(&service, batch.to_string()).await;
    let told = refused(&reply, 400, "invalid_records");
    let errors = told["errors"].as_array().unwrap();
    assert_eq!(told["rejected"], bad_records().len());
    assert_eq!(errors.len(), bad_records().len(), "{told}");
    for (number, (error, (record, begin))) in errors.iter().zip(bad_records()).enumerate() {
        assert_eq!(error["index"], 2 * number + 1, "{error}");
        let reason = error["reason"].as_str().unwrap();
        assert!(reason.starts_with(begin), "{record}: {reason}");
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_record_alone_is_named_too() {
    let service = started().await;
    for body in [r#"{"level":"INFO"}"#, r#"[{"level":"INFO"}]"#] {
        let told = refused(&post_strictly(&service, body).await, 400, "invalid_records");
        assert_eq!(told["rejected"], 1, "{told}");
        assert_eq!(told["errors"][0]["index"], 0, "{told}");
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_bad_records_are_listed_and_all_are_counted() {
    let service = started().await;
    let record = |number: u32| match number {
        0..50 => json!({ "message": "good" }),
        _ => json!({ "message": number }),
    };
    let batch: Value = (0..300).map(record).collect();
    let reply = post_strictly(&service, batch.to_string()).await;
    let told = refused(&reply, 400, "invalid_records");
    assert_eq!(told["rejected"], 250);
    let listed = told["errors"].as_array().unwrap();
    let places: Vec<_> = listed.iter().map(|error| error["index"].as_u64()).collect();
    let expected: Vec<_> = (50..150).map(Some).collect();
    assert_eq!(places, expected);
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_nested_without_end_breaks_nothing() {
    let service = started().await;
    let deep = 200_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = format!(
            "[{{\"message\":\"deep\",\"x\":{}1{}}}]",
            open.repeat(deep),
            close.repeat(deep)
        );
        let reply = post_strictly(&service, body.clone()).await;
        refused(&reply, 400, "invalid_records");
        let reply = post_json(&service, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["warnings"][0]["index"], 0, "{}", reply.text());
    }
    let reply = post_json(&service, "[".repeat(deep)).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(messages(&service).await, ["deep", "deep"]);
    assert_eq!(service.get("/health").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_idempotency_key_is_refused() {
    let service = started().await;
    let long = "k".repeat(256);
    for key in ["", "two words", long.as_str()] {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let reply = service
            .post_with("/logs/batch", &headers, r#"[{"message":"m"}]"#)
            .await;
        let told = refused(&reply, 400, "invalid_idempotency_key");
        assert!(
            told["message"]
                .as_str()
                .unwrap()
                .contains("Idempotency-Key"),
            "{told}"
        );
    }
    assert_eq!(messages(&service).await, Vec::<String>::new());
}
