//! How many queries a token may have under way: each has its place until its answer has been sent, or its reader has left.

use super::{PATIENCE, Tokens, asked, sent, until};
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::seconds_to_wait;
use crate::support::wait_until;
use serde_json::{Value, json};

const RECEIVE_BUFFER: u32 = 16 * 1024;
const THOUSANDS: u64 = 8;

/// More than what is on its way to a reader who does not read.
async fn fill(service: &Service, secret: &str) {
    let text = "x".repeat(1500);
    let batch: Value = (0..1000)
        .map(|number| json!({ "message": format!("{number} {text}") }))
        .collect();
    let batch = batch.to_string();
    for _ in 0..THOUSANDS {
        let reply = sent(service, "/logs/batch", secret, &batch).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

async fn slow(service: &Service, secret: &str, path: &str) -> RawClient {
    let mut reader = RawClient::connect_slow(service.address(), RECEIVE_BUFFER).await;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n");
    reader.send(request).await.unwrap();
    let begun = reader.read_some(1000).await;
    assert!(begun.starts_with(b"HTTP/1.1 200"));
    reader
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_queries_of_a_token_are_answered_at_a_time_and_anothers_meanwhile() {
    let tokens = Tokens::new();
    let all = tokens.make("all", "--scope ingest,read").await;
    let limited = tokens
        .make("two", "--scope read --concurrent-queries 2")
        .await;
    let service = tokens.service().start().await;
    fill(&service, &all).await;
    until(&service, &all, THOUSANDS * 1000).await;
    let page = asked(&service, "/logs/retrieve?limit=1", &all).await;
    let id = page.json()[0]["id"].as_str().unwrap().to_owned();
    // One after another they have room.
    for _ in 0..10 {
        let page = asked(&service, "/logs/retrieve?limit=1", &limited).await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    let stream = slow(&service, &limited, "/logs/retrieve?format=ndjson").await;
    let array = slow(&service, &limited, "/logs/retrieve").await;
    for path in [
        "/logs/retrieve?limit=1",
        "/logs/retrieve?format=ndjson",
        "/logs/histogram",
        "/logs/facets",
        &format!("/logs/{id}"),
        &format!("/logs/{id}/context"),
    ] {
        let over = asked(&service, path, &limited).await;
        assert_eq!(over.status, 429, "{path}: {}", over.text());
        assert_eq!(over.json()["code"], "token_too_many_queries");
        assert_eq!(seconds_to_wait(&over), 1);
        let other = asked(&service, path, &all).await;
        assert_eq!(other.status, 200, "{path}: {}", other.text());
    }
    // What is no query needs no place.
    assert_eq!(asked(&service, "/health", &limited).await.status, 200);
    // Readers who leave give theirs back.
    let has_place = async || {
        let page = asked(&service, "/logs/retrieve?limit=1", &limited).await;
        page.status == 200
    };
    stream.abort();
    wait_until("a place to be free", PATIENCE, &has_place).await;
    array.abort();
    let first = slow(&service, &limited, "/logs/retrieve?format=csv").await;
    wait_until("another to be free", PATIENCE, &has_place).await;
    let second = slow(&service, &limited, "/logs/retrieve?format=ndjson").await;
    let over = asked(&service, "/logs/facets", &limited).await;
    assert_eq!(over.status, 429, "{}", over.text());
    drop((first, second));
}
