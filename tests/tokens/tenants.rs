//! Tenants do not meet: what one sends is no repetition of what another has sent.

use super::{JSON, Tokens, asked, bearer, sent, until};
use crate::access::post;
use crate::access::senders::SENDERS;
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use serde_json::json;

/// Three tokens that may send: two of one tenant, and one of another; and one that reads.
struct Two {
    tokens: Tokens,
    of_shop: [String; 2],
    of_bank: String,
    reads: String,
}

impl Two {
    async fn new() -> Self {
        let tokens = Tokens::new();
        let first = tokens.make("shop-1", "--scope ingest --tenant shop").await;
        let second = tokens.make("shop-2", "--scope ingest --tenant shop").await;
        let of_bank = tokens.make("bank", "--scope ingest").await;
        let reads = tokens.make("reads", "--scope read").await;
        Self {
            of_shop: [first, second],
            of_bank,
            reads,
            tokens,
        }
    }

    async fn until(&self, service: &Service, records: u64) {
        until(service, &self.reads, records).await;
    }
}

/// Sends with a key; whether it was known.
async fn keyed(service: &Service, secret: &str, body: &str) -> (u16, bool) {
    let token = bearer(secret);
    let headers = [JSON, ("authorization", &*token), ("idempotency-key", "k")];
    let url = service.url("/logs/batch?ack=stored");
    let reply = post(service, url, &headers, body).await;
    let replayed = reply.header("idempotent-replayed") == Some("true");
    (reply.status, replayed)
}

async fn equal_keys_are_two(settings: Builder, two: &Two) {
    let body = r#"[{"message":"a","timestamp":"2024-10-08T00:00:00Z"}]"#;
    let service = settings.start().await;
    for secret in [&two.of_shop[0], &two.of_bank] {
        assert_eq!(keyed(&service, secret, body).await, (200, false));
    }
    for secret in [&two.of_shop[1], &two.of_shop[0], &two.of_bank] {
        assert_eq!(keyed(&service, secret, body).await, (200, true));
    }
    two.until(&service, 2).await;
    // A key that stands for another body is a conflict among one's own, also after a restart.
    let other = r#"[{"message":"b","timestamp":"2024-10-08T00:00:00Z"}]"#;
    assert_eq!(keyed(&service, &two.of_bank, other).await.0, 422);
    service.restart().await;
    for secret in [&two.of_shop[1], &two.of_bank] {
        assert_eq!(keyed(&service, secret, body).await, (200, true));
    }
    two.until(&service, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_keys_of_two_tenants_are_two_batches_and_of_two_tokens_of_one_tenant_one() {
    let two = Two::new().await;
    equal_keys_are_two(two.tokens.service(), &two).await;
    let mongod = Mongod::start().await;
    let settings = two.tokens.service().mongodb(&mongod.uri(), "logdb");
    equal_keys_are_two(settings, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_by_its_content_its_id_or_its_place_is_known_within_a_tenant() {
    let two = Two::new().await;
    let service = two.tokens.service().start().await;
    let by_id = "{\"create\":{\"_id\":\"1\"}}\n{\"message\":\"a\",\"@timestamp\":\"2024-10-08T00:00:00Z\"}\n";
    let of = |path| SENDERS.iter().find(|sender| sender.path == path).unwrap();
    let (loki, journal) = (of("/loki/api/v1/push"), of("/upload"));
    let bodies = [
        ("/app/_bulk", "application/x-ndjson", by_id),
        (loki.path, loki.content_type, loki.body),
        (journal.path, journal.content_type, journal.body),
    ];
    let mut expected = 0;
    for (path, content_type, body) in bodies {
        for (secret, is_new) in [
            (&two.of_shop[0], true),
            (&two.of_bank, true),
            (&two.of_shop[1], false),
            (&two.of_bank, false),
        ] {
            let token = bearer(secret);
            let headers = [("content-type", content_type), ("authorization", &*token)];
            let reply = post(&service, service.url(path), &headers, body).await;
            assert_eq!(reply.status / 100, 2, "{path}: {}", reply.text());
            expected += u64::from(is_new);
        }
    }
    two.until(&service, expected).await;
    service.restart().await;
    two.until(&service, expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_batch_is_told_to_its_tenant_and_to_those_who_may_read_with_its_token() {
    let two = Two::new().await;
    let both = two.tokens.make("both", "--scope ingest,read").await;
    let service = two.tokens.service().start().await;
    let body = json!([{"message": "a"}]).to_string();
    let taken = sent(&service, "/logs/batch", &two.of_shop[0], &body).await;
    let path = format!(
        "/logs/batches/{}",
        taken.json()["batchId"].as_str().unwrap()
    );
    for secret in [&two.of_shop[0], &two.of_shop[1], &both] {
        let status = asked(&service, &path, secret).await.json();
        assert_eq!(status["token"], "shop-1", "{status}");
    }
    let other = asked(&service, &path, &two.of_bank).await;
    let unknown = asked(&service, "/logs/batches/0123456789abcdef", &two.of_bank).await;
    assert_eq!((other.status, unknown.status), (404, 404));
    let without_id = |reply: &crate::support::http::Reply, id: &str| reply.text().replace(id, "");
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(
        without_id(&other, id),
        without_id(&unknown, "0123456789abcdef")
    );
}
