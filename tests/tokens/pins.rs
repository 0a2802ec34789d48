//! What a token pins is what its records have, whatever their sender says, and no part of what they are known by.

use super::{JSON, Tokens, asked, bearer, change, found, sent, until};
use crate::access::post;
use crate::access::senders::SENDERS;
use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use serde_json::json;

const PINNED: &str = "--scope ingest --pin service=orders --pin app.name=shop";

/// Senders that call themselves what they are not, each in its own way.
#[rustfmt::skip]
const PRETENDING: [(&str, &str, &str); 12] = [
    ("/logs/batch", "application/json", r#"[{"message":"p","service":"payments"},{"message":"p","attributes":{"service":"payments","app.name":"payments"}}]"#),
    ("/logs/batch", "application/json", r#"[{"message":"p","app":{"name":"payments","kept":1}},{"message":"p","app":[{"name":"payments"}],"service":["payments"]}]"#),
    ("/logs/batch", "application/json", r#"[{"message":"p","s\u0065rvice":"payments","app":{"n\u0061me":"payments"}}]"#),
    ("/logs/batch", "application/x-ndjson", "{\"message\":\"p\",\"service\":\"payments\",\"service\":\"payments\"}\n"),
    ("/v1/logs", "application/json", r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"p"},"attributes":[{"key":"service","value":{"stringValue":"payments"}},{"key":"app","value":{"kvlistValue":{"values":[{"key":"name","value":{"stringValue":"payments"}}]}}}]}]}]}]}"#),
    ("/loki/api/v1/push", "application/json", r#"{"streams":[{"stream":{"service":"payments"},"values":[["1728345600123456790","p",{"service":"payments","app.name":"payments"}]]}]}"#),
    ("/app/_bulk", "application/x-ndjson", "{\"create\":{\"_id\":\"7\"}}\n{\"message\":\"p\",\"service\":\"payments\",\"app\":{\"name\":\"payments\"}}\n"),
    ("/services/collector", "application/json", r#"{"event":{"message":"p","service":"payments"},"fields":{"service":"payments","app.name":"payments"}}"#),
    ("/services/collector/raw?source=payments", "text/plain", "p"),
    ("/api/v2/logs?service=payments", "application/json", r#"[{"message":"p","service":"payments","app":{"name":"payments"}}]"#),
    ("/gelf", "application/json", r#"{"version":"1.1","host":"h","short_message":"p","_service":"payments","_app.name":"payments"}"#),
    ("/upload", "application/vnd.fdo.journal", "__CURSOR=s=9b2f;i=7;b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=p\nservice=payments\napp.name=payments\n\n"),
];

async fn send(
    service: &Service,
    secret: &str,
    path: &str,
    content_type: &str,
    body: &str,
) -> Reply {
    let token = bearer(secret);
    let headers = [("content-type", content_type), ("authorization", &*token)];
    let reply = post(service, service.url(path), &headers, body).await;
    assert_eq!(reply.status / 100, 2, "{path}: {}", reply.text());
    reply
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_sender_says_in_whatever_protocol_its_records_have_what_is_pinned() {
    let tokens = Tokens::new();
    let secret = tokens.make("in", PINNED).await;
    let free = tokens.make("free", "--scope ingest").await;
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    for sender in &SENDERS {
        let content_type = sender.content_type;
        send(&service, &secret, sender.path, content_type, sender.body).await;
    }
    for (path, content_type, body) in PRETENDING {
        send(&service, &secret, path, content_type, body).await;
    }
    let expected = SENDERS.len() + PRETENDING.len() + 2;
    until(&service, &read, expected as u64).await;
    for record in found(&service, &read, "").await {
        let attributes = &record["attributes"];
        assert_eq!(attributes["service"], "orders", "{record}");
        assert_eq!(attributes["app.name"], "shop", "{record}");
    }
    for (query, expected) in [
        ("attr.service=payments", 0),
        ("attr.app.name=payments", 0),
        ("attr.service=orders&attr.app.name=shop", expected),
        ("attr.app.kept=1", 1),
    ] {
        assert_eq!(
            found(&service, &read, query).await.len(),
            expected,
            "{query}"
        );
    }
    // They are another's to give.
    let (path, content_type, body) = PRETENDING[0];
    send(&service, &free, path, content_type, body).await;
    until(&service, &read, expected as u64 + 2).await;
    let found = found(&service, &read, "attr.service=payments").await;
    assert_eq!(found.len(), 2);
}

/// Sends what is known again by a key, its content, an id and a place.
async fn send_all(service: &Service, secret: &str) {
    let timed = r#"[{"message":"a","timestamp":"2024-10-08T00:00:00.123456789Z"}]"#;
    let token = bearer(secret);
    let headers = [JSON, ("authorization", &*token), ("idempotency-key", "k")];
    let reply = post(service, service.url("/logs/batch"), &headers, timed).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for (path, content_type, body) in [
        ("/logs/batch?key=content", JSON.1, timed),
        (
            "/app/_bulk",
            "application/x-ndjson",
            "{\"create\":{\"_id\":\"1\"}}\n{\"message\":\"a\",\"@timestamp\":\"2024-10-08T00:00:00Z\"}\n",
        ),
    ] {
        send(service, secret, path, content_type, body).await;
    }
    for path in ["/loki/api/v1/push", "/upload"] {
        let sender = SENDERS.iter().find(|sender| sender.path == path).unwrap();
        send(service, secret, path, sender.content_type, sender.body).await;
    }
}

async fn stays_one(settings: Builder, tokens: &Tokens, secret: &str, read: &str) {
    let service = settings.start().await;
    send_all(&service, secret).await;
    until(&service, read, 5).await;
    change(&service, tokens, "\"orders\"", "\"payments\"").await;
    send_all(&service, secret).await;
    sent(&service, "/logs/batch", secret, r#"[{"message":"new"}]"#).await;
    until(&service, read, 6).await;
    service.restart().await;
    send_all(&service, secret).await;
    sent(&service, "/logs/batch", secret, r#"[{"message":"new"}]"#).await;
    until(&service, read, 7).await;
    let orders = found(&service, read, "attr.service=orders").await;
    let payments = found(&service, read, "attr.service=payments").await;
    assert_eq!((orders.len(), payments.len()), (5, 2));
    change(&service, tokens, "\"payments\"", "\"orders\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_under_other_pins_is_what_was_sent_before() {
    let tokens = Tokens::new();
    let secret = tokens
        .make("in", "--scope ingest --pin service=orders")
        .await;
    let read = tokens.make("out", "--scope read").await;
    stays_one(tokens.service(), &tokens, &secret, &read).await;
    let mongod = Mongod::start().await;
    let settings = tokens.service().mongodb(&mongod.uri(), "logdb");
    stays_one(settings, &tokens, &secret, &read).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_aside_has_what_is_pinned() {
    let tokens = Tokens::new();
    let secret = tokens.make("in", PINNED).await;
    let operates = tokens.make("ops", "--scope operate").await;
    let service = tokens.service().start().await;
    let text = "x".repeat(9 * 1024 * 1024);
    let body = json!([{ "message": text, "service": "payments" }]).to_string();
    let reply = sent(&service, "/logs/batch", &secret, &body).await;
    assert_eq!(reply.json()["setAside"], 1, "{}", reply.text());
    let listed = asked(&service, "/logs/rejected", &operates).await.json();
    let attributes = &listed["records"][0]["record"]["attributes"];
    assert_eq!(
        attributes,
        &json!({"service": "orders", "app.name": "shop"})
    );
}
