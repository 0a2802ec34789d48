//! Partial batches: the good records are stored, and the others are named.

use serde_json::{Value, json};

use super::{messages, refused, serves_and_holds_nothing, started};
use crate::support::http::Reply;
use crate::support::service::Service;

const ARRAY: &str =
    r#"[{"timestamp":1,"message":"one"},{"message":2},{"timestamp":3,"message":"three"},"four"]"#;
const LINES: &str = "{\"timestamp\":1,\"message\":\"one\"}\n{\"message\":2}\n{\"timestamp\":3,\"message\":\"three\"}\n{\"mess\n";

async fn post(service: &Service, path: &str, content_type: &str, body: &str) -> Reply {
    service.post(path, content_type, body).await
}

fn assert_partly_taken(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json();
    assert_eq!(told["status"], "success", "{told}");
    assert_eq!(told["accepted"], 2, "{told}");
    assert_eq!(told["rejected"], 2, "{told}");
    let errors = told["errors"].as_array().unwrap();
    let places: Vec<_> = errors.iter().map(|error| error["index"].as_u64()).collect();
    assert_eq!(places, [Some(1), Some(3)], "{told}");
    assert!(
        errors.iter().all(|error| error["reason"].is_string()),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_taken_in_part_when_the_sender_asks_for_it() {
    let service = started().await;
    let reply = post(
        &service,
        "/logs/batch?partial=true",
        "application/json",
        ARRAY,
    )
    .await;
    assert_partly_taken(&reply);
    assert_eq!(messages(&service).await, ["one", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_taken_in_part_when_the_server_is_set_so_unless_the_sender_objects() {
    let service = Service::builder()
        .env("PARTIAL_BATCHES", "true")
        .start()
        .await;
    let path = "/logs/batch?partial=false";
    let reply = post(&service, path, "application/json", ARRAY).await;
    refused(&reply, 400, "invalid_records");
    assert_eq!(messages(&service).await, Vec::<String>::new());
    assert_partly_taken(&post(&service, "/logs/batch", "application/json", ARRAY).await);
    assert_eq!(messages(&service).await, ["one", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_taken_in_part_unless_the_sender_objects() {
    // The second type says nothing of lines: the body itself does.
    for content_type in ["application/x-ndjson", "application/json"] {
        let service = started().await;
        let path = "/logs/batch?partial=false";
        let body = LINES;
        let told = refused(
            &post(&service, path, content_type, body).await,
            400,
            "invalid_records",
        );
        assert_eq!(told["rejected"], 2, "{told}");
        assert_eq!(messages(&service).await, Vec::<String>::new());
        assert_partly_taken(&post(&service, "/logs/batch", content_type, body).await);
        assert_eq!(messages(&service).await, ["one", "three"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_a_good_record_is_refused_in_every_mode() {
    let service = started().await;
    let batch: Value = (0..150)
        .map(|number| json!({ "message": number }))
        .collect();
    let path = "/logs/batch?partial=true";
    let reply = post(&service, path, "application/json", &batch.to_string()).await;
    let told = refused(&reply, 400, "invalid_records");
    assert_eq!(told["rejected"], 150, "{told}");
    assert_eq!(told["errors"].as_array().map(Vec::len), Some(100), "{told}");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_that_is_no_json_is_refused_in_every_mode() {
    let service = started().await;
    let cut = r#"[{"message":"one"},{"message":"two"#;
    let reply = post(
        &service,
        "/logs/batch?partial=true",
        "application/json",
        cut,
    )
    .await;
    refused(&reply, 400, "invalid_json");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_bad_records_than_are_listed_are_all_counted_in_a_partial_batch() {
    let service = started().await;
    let bad = (0..150).map(|number| json!({ "message": number }));
    let batch: Value = bad.chain([json!({ "message": "good" })]).collect();
    let path = "/logs/batch?partial=true";
    let reply = post(&service, path, "application/json", &batch.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let told = reply.json();
    assert_eq!(json!([told["accepted"], told["rejected"]]), json!([1, 150]));
    assert_eq!(told["errors"].as_array().map(Vec::len), Some(100));
    assert_eq!(messages(&service).await, ["good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_that_is_neither_true_nor_false_is_refused_by_name() {
    let service = started().await;
    let path = "/logs/batch?partial=maybe";
    let reply = post(&service, path, "application/json", ARRAY).await;
    let told = refused(&reply, 400, "invalid_parameter");
    assert!(
        told["message"].as_str().unwrap().contains("partial"),
        "{told}"
    );
    serves_and_holds_nothing(&service).await;
}
