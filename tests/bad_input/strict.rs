//! Strict senders: what is told of others is refused, and with it the whole batch.

use serde_json::{Value, json};

use super::{messages, refused, serves_and_holds_nothing, started};
use crate::support::http::Reply;
use crate::support::service::Service;

const ARRAY: &str = r#"[{"timestamp":1700000001,"message":"one"},{"message":2},{"timestamp":1700000003,"message":"three"},"four"]"#;
const LINES: &str = "{\"timestamp\":1700000001,\"message\":\"one\"}\n{\"message\":2}\n{\"timestamp\":1700000003,\"message\":\"three\"}\n{\"mess\n";

async fn post(service: &Service, path: &str, content_type: &str, body: &str) -> Reply {
    service.post(path, content_type, body).await
}

fn assert_refused_whole(reply: &Reply) {
    let told = refused(reply, 400, "invalid_records");
    assert_eq!(told["rejected"], 2, "{told}");
    let message = told["message"].as_str().unwrap();
    assert!(message.ends_with("?strict=false takes all of it"), "{told}");
    let errors = told["errors"].as_array().unwrap();
    let places: Vec<_> = errors.iter().map(|error| error["index"].as_u64()).collect();
    assert_eq!(places, [Some(1), Some(3)], "{told}");
    assert!(
        errors.iter().all(|error| error["reason"].is_string()),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_sender_gets_all_or_nothing_and_every_other_one_all() {
    for (content_type, body) in [
        ("application/json", ARRAY),
        ("application/x-ndjson", LINES),
        ("application/json", LINES),
    ] {
        let service = started().await;
        for query in ["strict=true", "strict", "strict=1", "partial=false"] {
            let path = format!("/logs/batch?{query}");
            assert_refused_whole(&post(&service, &path, content_type, body).await);
        }
        assert_eq!(messages(&service).await, Vec::<String>::new());
        let reply = post(&service, "/logs/batch", content_type, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["accepted"], 4, "{}", reply.text());
        assert_eq!(reply.json().get("rejected"), None, "{}", reply.text());
        assert_eq!(messages(&service).await.len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_can_be_strict_and_a_sender_can_say_otherwise() {
    for (name, value) in [("STRICT_BATCHES", "true"), ("PARTIAL_BATCHES", "false")] {
        let service = Service::builder().env(name, value).start().await;
        let path = "/logs/batch";
        assert_refused_whole(&post(&service, path, "application/json", ARRAY).await);
        let path = "/logs/batch?strict=false";
        let reply = post(&service, path, "application/json", ARRAY).await;
        assert_eq!(reply.json()["accepted"], 4, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asked_for_parts_of_batches_is_told_to_have_no_effect() {
    let service = Service::builder()
        .env("PARTIAL_BATCHES", "true")
        .start()
        .await;
    let path = "/logs/batch?partial=true";
    let reply = post(&service, path, "application/json", ARRAY).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json();
    assert_eq!(
        (&told["accepted"], &told["warningCount"]),
        (&json!(4), &json!(1))
    );
    let warning = told["warnings"][0].as_object().unwrap();
    let reason = warning["reason"].as_str().unwrap();
    assert!(reason.contains("partial=true has no effect"), "{told}");
    assert!(!warning.contains_key("index"), "{told}");
    let log = service.log_text();
    assert!(log.contains("PARTIAL_BATCHES=true has no effect"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_that_is_no_json_is_refused_in_every_mode() {
    let service = started().await;
    let cut = r#"[{"message":"one"},{"message":"two"#;
    for path in ["/logs/batch", "/logs/batch?strict=true"] {
        let reply = post(&service, path, "application/json", cut).await;
        refused(&reply, 400, "invalid_json");
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_a_good_record_names_the_first_and_counts_all() {
    let service = started().await;
    let batch: Value = (0..150)
        .map(|number| json!({ "message": number }))
        .collect();
    let path = "/logs/batch?strict=true";
    let reply = post(&service, path, "application/json", &batch.to_string()).await;
    let told = refused(&reply, 400, "invalid_records");
    assert_eq!(told["rejected"], 150, "{told}");
    assert_eq!(told["errors"].as_array().map(Vec::len), Some(100), "{told}");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_that_is_neither_true_nor_false_is_refused_by_name() {
    let service = started().await;
    for name in ["strict", "partial"] {
        let path = format!("/logs/batch?{name}=maybe");
        let reply = post(&service, &path, "application/json", ARRAY).await;
        let told = refused(&reply, 400, "invalid_parameter");
        assert!(told["message"].as_str().unwrap().contains(name), "{told}");
    }
    serves_and_holds_nothing(&service).await;
}
