//! Tails of those who have tokens.

use super::{JSON, Tokens, asked, bearer};
use crate::access::post;
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::tail::Tail;
use serde_json::{Value, json};

fn records(name: &str, count: usize) -> Value {
    let services = ["orders", "shop", "bank"];
    let record = |number: usize| json!({"message": format!("{name} {number}"), "service": services[number % 3]});
    (0..count).map(record).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_sees_its_own_records_and_its_tails_end_when_it_is_revoked() {
    let tokens = Tokens::new();
    let sends = tokens.make("sends", "--scope ingest").await;
    let all = tokens.make("all", "--scope read").await;
    let filter = "--scope read --filter attr.service=orders";
    let orders = tokens.make("orders", filter).await;
    let settings = Backend::Blocks.builder("tail_tokens").await;
    let settings = settings.env("TAIL_HEARTBEAT", "1s");
    let service = settings
        .env("TOKENS_FILE", tokens.file().to_str().unwrap())
        .start()
        .await;
    let of = async |secret: &str, query: &str| {
        Tail::open_with(&service, query, &[("authorization", &*bearer(secret))]).await
    };
    let send = async |service: &Service, records: Value| {
        let headers = [JSON, ("authorization", &*bearer(&sends))];
        let url = service.url("/logs/batch?ack=stored");
        assert_eq!(
            post(service, url, &headers, records.to_string())
                .await
                .status,
            200
        );
    };
    let (mut every, mut own) = (of(&all, "").await, of(&orders, "").await);
    send(&service, records("one", 30)).await;
    let expected: Vec<_> = (0..10)
        .map(|number| format!("one {}", 3 * number))
        .collect();
    assert_eq!(own.messages(10).await, expected);
    assert_eq!(every.messages(30).await.len(), 30);
    // The id of one who reads all is none of one who does not.
    let id = every.last.clone().unwrap();
    let reply = asked(&service, &format!("/logs/tail?after={id}"), &orders).await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (400, &json!("invalid_event_id"))
    );
    let id = own.last.clone().unwrap();
    let mut again = of(&orders, &format!("after={id}")).await;
    send(&service, records("two", 3)).await;
    assert_eq!(again.messages(1).await, ["two 0"]);
    assert_eq!(own.messages(1).await, ["two 0"]);
    let (code, _, stderr) = tokens.command("revoke orders").await;
    assert_eq!(code, Some(0), "{stderr}");
    service.signal("HUP");
    while own.next().await.is_some() {}
    while again.next().await.is_some() {}
    send(&service, records("three", 3)).await;
    assert_eq!(every.messages(6).await.len(), 6, "the others go on");
}
