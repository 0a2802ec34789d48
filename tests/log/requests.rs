//! Requests in the log: each has an id, which its answer has, too.

use crate::access::sent;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::wait_until;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The lines of the log that say this.
fn lines(service: &Service, message: &str) -> Vec<Value> {
    let log = service.log_text();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["message"] == message)
        .collect()
}

/// Waits for a line that says this of the request with this id.
async fn line_of(service: &Service, message: &str, id: &str) -> Value {
    let mut found = None;
    wait_until("the line of a request", PATIENCE, async || {
        let mut lines = lines(service, message).into_iter();
        found = lines.find(|line| line["request_id"] == id);
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_of_its_own_and_so_has_every_refusal() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "1KiB");
    let service = settings.start().await;
    let mut ids = BTreeSet::new();
    let (long, json) = (format!("[\"{}\"]", "x".repeat(2000)), "application/json");
    let replies = [
        (200, service.get("/health").await),
        (200, service.post("/logs/batch", json, "[\"taken\"]").await),
        (404, service.get("/nothing/here").await),
        (405, service.get("/logs/batch").await),
        (400, service.get("/logs/retrieve?limit=none").await),
        (400, service.post("/logs/batch", json, "[").await),
        (413, service.post("/logs/batch", json, long).await),
        (400, service.post("/v1/logs", json, "[").await),
    ];
    for (status, reply) in &replies {
        assert_eq!(reply.status, *status, "{}", reply.text());
        let id = reply.header("x-request-id").expect("an id");
        assert_eq!(id.len(), 16, "{id}");
        ids.insert(id.to_owned());
    }
    let mut client = RawClient::connect(service.address()).await;
    let head = "GET /logs/retrieve HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    client.send(head).await.unwrap();
    let refused = client.read_response(PATIENCE).await;
    assert!(refused.status >= 400, "{}", refused.text());
    ids.insert(refused.header("x-request-id").expect("an id").to_owned());
    assert_eq!(ids.len(), replies.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_a_sender_gives_is_in_the_answer_and_in_the_lines_with_its_trace() {
    let nobody = "mongodb://127.0.0.1:1/?directConnection=true";
    let service = Service::builder().mongodb(nobody, "logs").start().await;
    let (request, answer) = ("7f3e/42", "a request failed at the store");
    let trace = format!("00-{TRACE}-b7ad6b7169203331-01");
    let ask = service.http().get(service.url("/logs/retrieve"));
    let reply = sent(ask, &[("x-request-id", request), ("traceparent", &trace)]).await;
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("x-request-id"), Some(request));
    let line = line_of(&service, answer, request).await;
    assert_eq!(line["trace_id"], TRACE, "{line}");
    assert_eq!(line["level"], "WARN", "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_that_repeat_are_one_line_with_the_first_id() {
    let nobody = "mongodb://127.0.0.1:1/?directConnection=true";
    let service = Service::builder().mongodb(nobody, "logs").start().await;
    for _ in 0..20 {
        assert_eq!(service.get("/logs/retrieve").await.status, 503);
    }
    service.terminate();
    service.wait_exit(PATIENCE).await;
    let told = lines(&service, "a request failed at the store");
    assert_eq!(told.len(), 1, "{}", service.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_it_gets_a_line_for_each_request() {
    let filter = "info,aggregator::http::requests=debug";
    let service = Service::builder().env("RUST_LOG", filter).start().await;
    let batch = json!([{"message": "m"}]).to_string();
    let taken = service.post("/logs/batch?secret=1", "application/json", batch);
    let taken = taken.await;
    let id = taken.header("x-request-id").unwrap();
    let line = line_of(&service, "answered", id).await;
    assert_eq!(line["method"], "POST", "{line}");
    assert_eq!(line["route"], "/logs/batch", "{line}");
    assert_eq!(line["status"], 200, "{line}");
    assert_eq!(line["bytes"], taken.body.len(), "{line}");
    assert!(line["took_ms"].is_u64(), "{line}");
    assert_eq!(line["target"], "aggregator::http::requests", "{line}");
    let nothing = service.get("/logs/0123/nothing/here").await;
    let line = line_of(
        &service,
        "answered",
        nothing.header("x-request-id").unwrap(),
    )
    .await;
    assert_eq!(
        (&line["status"], &line["route"]),
        (&json!(404), &Value::Null)
    );
}
