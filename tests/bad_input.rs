//! What the service says to input it cannot take: an error that names the fault, and nothing stored.

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};

mod bodies;
mod members;
mod queries;
mod records;
mod strict;

async fn started() -> Service {
    Backend::Sqlite.start("bad_input").await
}

/// Checks the form that every error has, and gives its content.
fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    error_body(&reply.body, code)
}

fn error_body(body: &[u8], code: &str) -> Value {
    let text = String::from_utf8_lossy(body).into_owned();
    let told: Value =
        serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(told["status"], "error", "{told}");
    assert_eq!(told["code"], code, "{told}");
    let message = told["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty() && !message.contains('\n'), "{told}");
    told
}

/// The messages of all records, in time order.
async fn messages(service: &Service) -> Vec<String> {
    let reply = service.get("/logs/retrieve").await;
    if reply.status == 404 {
        assert_eq!(reply.json()["message"], "No logs found");
        return Vec::new();
    }
    assert_eq!(reply.status, 200, "{}", reply.text());
    let records = reply.json();
    let text = |record: &Value| record["message"].as_str().unwrap().to_owned();
    records.as_array().unwrap().iter().map(text).collect()
}

/// Nothing of what came before was stored, and a good batch is taken and given back.
async fn serves_and_holds_nothing(service: &Service) {
    assert_eq!(messages(service).await, Vec::<String>::new());
    let good = json!([{ "message": "good" }]);
    let reply = service.batch(&good).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(messages(service).await, ["good"]);
    assert_eq!(service.get("/health").await.status, 200);
}

on_each_store!(nothing_of_a_refused_batch_is_stored, async |service| {
    let batch = json!([
        { "message": "first" },
        { "message": 5 },
        { "message": "third" },
    ]);
    let path = "/logs/batch?strict=true";
    let reply = service.post(path, "application/json", batch.to_string());
    let told = refused(&reply.await, 400, "invalid_records");
    assert_eq!(told["rejected"], 1);
    let reason = "message must be text, not a number";
    assert_eq!(told["errors"], json!([{ "index": 1, "reason": reason }]));
    // The fault is in the last byte: everything before it was read already.
    let cut = r#"[{"message":"first"},{"message":"second"}"#;
    let reply = service.post("/logs/batch", "application/json", cut).await;
    refused(&reply, 400, "invalid_json");
    serves_and_holds_nothing(&service).await;
});
