//! Who is refused and who operates is told in the log, and counted, without a secret.

use super::{BATCH, PATIENCE, Tokens, ask, asked, bearer, sent};
use crate::access::post;
use crate::support::service::Service;
use crate::support::wait_until;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn every_use_of_operate_and_every_refused_token_is_told_and_counted() {
    let tokens = Tokens::new();
    let operates = tokens.make("ops", "--scope operate").await;
    let others = tokens.make("others", "--scope operate").await;
    let flags = "--scope ingest --bytes-per-second 1 --burst-seconds 1";
    let sends = tokens.make("sends", flags).await;
    let service = tokens.service().start().await;
    for _ in 0..3 {
        asked(&service, "/logs/rejected", &operates).await;
        asked(&service, "/logs/rejected", &sends).await;
        asked(&service, "/logs/rejected", "logs_secret-of-nobody").await;
        sent(&service, "/logs/batch", &sends, BATCH).await;
    }
    asked(&service, "/logs/rejected", &others).await;
    let headers = [("authorization", &*bearer(&operates))];
    let replay = service.url("/logs/rejected/replay");
    assert_eq!(post(&service, replay, &headers, "").await.status, 200);

    let access = asked(&service, "/health", &operates).await.json()["access"].clone();
    assert_eq!(access["operated"], 5, "{access}");
    let refused = json!({ "token_out_of_scope": 3, "unknown_token": 3, "token_over_rate": 2 });
    assert_eq!(access["refused"], refused);

    wait_until("the last line to be there", PATIENCE, async || {
        service
            .log_text()
            .contains("POST /logs/rejected/replay is used")
    })
    .await;
    let log = service.log_text();
    let lines = |parts: &[&str]| {
        let is_it = |line: &&str| parts.iter().all(|part| line.contains(part));
        log.lines().filter(is_it).count()
    };
    for (parts, expected) in [
        (&["GET /logs/rejected is used", "\"ops\""][..], 1),
        (&["GET /logs/rejected is used", "\"others\""], 1),
        (&["POST /logs/rejected/replay is used", "\"ops\""], 1),
        (
            &["a request is refused", "\\\"sends\\\" is not for this"],
            1,
        ),
        (&["a request is refused", "none of those that there are"], 1),
        (&["bytes_per_second", "\"sends\""], 1),
    ] {
        assert_eq!(lines(parts), expected, "{parts:?} in {log}");
    }
    for secret in [&operates, &others, &sends, "logs_secret-of-nobody"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tokens_what_is_of_those_who_run_the_service_is_told_as_well() {
    let service = Service::builder().start().await;
    assert_eq!(service.get("/logs/rejected").await.status, 200);
    let access = service.health().await["access"].clone();
    assert_eq!(access, json!({ "operated": 1, "refused": {} }));
    wait_until("a line in the log", PATIENCE, async || {
        service.log_text().contains("GET /logs/rejected is used")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_place_of_a_requests_id_or_trace_is_not_told() {
    let tokens = Tokens::new();
    let secret = tokens.make("reader", "--scope read").await;
    let service = tokens.service().env("RUST_LOG", "trace").start().await;
    let headers = [("x-request-id", &*secret), ("traceparent", &*secret)];
    let refused = ask(&service, "/logs/retrieve", &headers).await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert_eq!(refused.header("x-request-id").map(str::len), Some(16));
    service.terminate();
    service.wait_exit(PATIENCE).await;
    let log = service.log_text();
    assert!(log.contains("a request is refused"), "{log}");
    assert!(!log.contains(&secret), "{log}");
}
