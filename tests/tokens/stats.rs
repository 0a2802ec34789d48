//! What `GET /stats` tells of tokens, and to whom.

use super::{PATIENCE, Tokens, bearer};
use crate::stats::sender;
use crate::support::wait_until;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn each_token_is_told_by_its_name_and_whoever_may_not_operate_is_told_nothing() {
    let tokens = Tokens::new();
    let orders = tokens.make("orders", "--scope ingest").await;
    let shop = tokens.make("shop", "--scope ingest,read").await;
    let operates = tokens.make("ops", "--scope operate").await;
    let service = tokens.service().start().await;
    let stats = async |secret: &str| {
        let request = service.http().get(service.url("/stats"));
        let reply = request.header("authorization", bearer(secret)).send().await;
        reply.unwrap()
    };
    for (secret, body) in [
        (&orders, "[1]"),
        (&shop, r#"[{"message":"a"},{"message":"b"}]"#),
    ] {
        let given = bearer(secret);
        let headers = [
            ("content-type", "application/json"),
            ("authorization", &*given),
        ];
        service
            .post_with("/logs/batch?strict=true", &headers, body)
            .await;
        assert_eq!(stats(secret).await.status(), 403);
    }
    wait_until("both to be told", PATIENCE, async || {
        let stats: Value = stats(&operates).await.json().await.unwrap();
        let (orders, shop) = (
            sender(&stats, "native", Some("orders")),
            sender(&stats, "native", Some("shop")),
        );
        orders["refused"] == json!({ "invalid_records": 1 })
            && (&orders["records"], &shop["records"]) == (&json!(0), &json!(2))
            // All records are for those who operate.
            && stats["store"]["records"] == 2
    })
    .await;
}
