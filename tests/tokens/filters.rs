//! Filters of tokens: whoever has one learns nothing of any other record, by no address and no trick.

mod file;
mod little_time;
mod random;
mod slow;
mod twins;

use super::{JSON, Tokens, asked, bearer, change, found};
use crate::access::{get, post, refused};
use crate::support::http::Reply;
use crate::support::service::{Builder, Service};
use crate::support::stores::Backend;
use serde_json::Value;
use std::path::Path;

/// Of a sender, of a reader of all records, and of one of those of a service.
struct Secrets {
    sends: String,
    all: String,
    orders: String,
}

impl Secrets {
    async fn of(tokens: &Tokens) -> Self {
        let filter = "--scope read --filter attr.service=orders";
        Self {
            sends: tokens.make("sends", "--scope ingest").await,
            all: tokens.make("all", "--scope read").await,
            orders: tokens.make("orders", filter).await,
        }
    }
}

/// A service on this store that asks for the tokens of a file.
async fn builder(backend: Backend, name: &str, tokens: &Path) -> Builder {
    let builder = backend.builder(name).await;
    builder.env("TOKENS_FILE", tokens.to_str().unwrap())
}

/// Sends a batch under a key, so that its records have the same ids everywhere, and waits until they are stored.
async fn store(service: &Service, secret: &str, key: &str, records: &Value) -> String {
    let token = bearer(secret);
    let headers = [JSON, ("authorization", &*token), ("idempotency-key", key)];
    let url = service.url("/logs/batch?ack=stored");
    let reply = post(service, url, &headers, records.to_string()).await;
    assert_eq!(reply.json()["durability"], "stored", "{}", reply.text());
    reply.json()["batchId"].as_str().unwrap().to_owned()
}

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_on_with_the_answer_of_nobody_who_reaches_more_or_less() {
    let tokens = Tokens::new();
    let Secrets { sends, all, orders } = Secrets::of(&tokens).await;
    let same = tokens
        .make("same", "--scope read --filter attr.service=%6frders")
        .await;
    let bank = tokens
        .make("bank", "--scope read --filter attr.service=bank")
        .await;
    let service = tokens.service().start().await;
    let record = |number: usize| {
        let service = ["orders", "bank"][number % 2];
        serde_json::json!({"timestamp": "2024-10-08T00:00:00Z", "message": number.to_string(), "service": service})
    };
    let records: Vec<Value> = (0..20).map(record).collect();
    store(&service, &sends, "k", &records.into()).await;
    let path = "/logs/retrieve?limit=3&attr.service=orders";
    let next = async |secret: &str, path: &str| {
        let reply = asked(&service, path, secret).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let cursor = reply.header("x-next-cursor").unwrap();
        (format!("{path}&cursor={cursor}"), cursor.len())
    };
    let (of_all, shown) = next(&all, path).await;
    let (of_orders, hidden) = next(&orders, path).await;
    // With an id of whatever length, it is as long.
    assert_eq!((shown, hidden), (91, 91));
    for (path, good, bad) in [
        (&of_all, vec![&all], vec![&orders, &same, &bank]),
        (&of_orders, vec![&orders, &same], vec![&all, &bank]),
    ] {
        for secret in good {
            let reply = asked(&service, path, secret).await;
            assert_eq!(reply.json()[0]["message"], "6", "{}", reply.text());
        }
        for secret in bad {
            refused(&asked(&service, path, secret).await, 400, "invalid_cursor");
        }
    }
    // A filter that is changed is another one.
    change(&service, &tokens, "%6frders", "bank").await;
    assert_eq!(found(&service, &same, "attr.service=bank").await.len(), 10);
    refused(
        &asked(&service, &of_orders, &same).await,
        400,
        "invalid_cursor",
    );
    let (of_same, _) = next(&same, "/logs/retrieve?limit=3").await;
    assert_eq!(asked(&service, &of_same, &bank).await.status, 200);
}
