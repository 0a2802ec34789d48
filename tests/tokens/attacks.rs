//! What was tried from outside, and got further than it should.

use super::{PATIENCE, Tokens, asked, bearer, sent};
use crate::support::service::Service;
use crate::support::wait_until;
use reqwest::Method;

async fn told(service: &Service, method: &str, path: &str, secret: Option<&str>) -> u16 {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = service.http().request(method, service.url(path)).body("x");
    if let Some(secret) = secret {
        request = request.header("authorization", bearer(secret));
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn options_opens_no_address_to_strangers_but_what_dockers_driver_asks() {
    let tokens = Tokens::new();
    tokens.make("in", "--scope ingest").await;
    let service = tokens.service().start().await;
    for path in [
        "/logs/batch",
        "/logs/retrieve",
        "/logs/rejected",
        "/_bulk",
        "/_nodes",
        "/_template/x",
        "/elasticsearch/_nodes",
        "/loki/api/v1/push",
        "/v1/logs",
        "/api/v2/logs",
        "/upload",
    ] {
        let status = told(&service, "OPTIONS", path, None).await;
        // As Datadog's agent has it.
        let refused = if path == "/api/v2/logs" { 503 } else { 401 };
        assert_eq!(status, refused, "{path}");
    }
    let open = told(&service, "OPTIONS", "/services/collector/event/1.0", None).await;
    assert_eq!(open, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_methods_and_secrets_in_the_wrong_place_are_not_repeated_in_the_log() {
    let tokens = Tokens::new();
    let operates = tokens.make("ops", "--scope operate").await;
    let service = tokens.service().start().await;
    for number in 0..50 {
        let method = format!("{}{number}", "X".repeat(1_000));
        let status = told(&service, &method, "/logs/rejected", Some(&operates)).await;
        assert_eq!(status, 405);
    }
    let path = format!("/logs/{operates}");
    assert_eq!(told(&service, "GET", &path, None).await, 401);
    wait_until("the last of it to be told", PATIENCE, async || {
        service.log_text().contains("/logs/logs_…")
    })
    .await;
    let log = service.log_text();
    assert_eq!(log.matches("/logs/rejected is used by").count(), 1, "{log}");
    assert!(log.len() < 20_000, "{log}");
    assert!(!log.contains(&operates), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_large_records_leave_room_aside_for_anothers_at_the_same_address() {
    let tokens = Tokens::new();
    let [one, other] = [
        tokens.make("one", "--scope ingest").await,
        tokens.make("other", "--scope ingest").await,
    ];
    let service = tokens.service().env("REJECTED_MAX_BYTES", "80MiB");
    let service = service.env("MAX_BODY_BYTES", "16MiB").start().await;
    // More than a store takes.
    let large = |number: usize| {
        let text = "x".repeat(9 << 20);
        format!(r#"[{{"message":"{number}","a":"{text}"}}]"#)
    };
    let mut number = 0;
    let refused = loop {
        number += 1;
        let reply = sent(&service, "/logs/batch", &one, &large(number)).await;
        if reply.status != 200 {
            break reply;
        }
        assert!(number < 20, "there is no end");
    };
    assert_eq!(
        refused.json()["code"],
        "rejected_full",
        "{}",
        refused.text()
    );
    assert!(number > 1);
    let reply = sent(&service, "/logs/batch", &other, &large(0)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let again = asked(&service, "/health", &one).await;
    assert_eq!(again.status, 200);
}
