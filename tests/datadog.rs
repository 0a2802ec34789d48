//! Datadog's logs: what an agent sends is stored, and no answer makes it drop anything.

use crate::support::compressed::{ENCODERS, gzip};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found_when_stored, seconds_to_wait};
use serde_json::json;

const LOGS: &str = "/api/v2/logs";
const PATHS: [&str; 2] = [LOGS, "/v1/input"];
/// What an agent sends of two lines.
const TWO: &str = r#"[{"message":"a","status":"info","timestamp":1700000001500,"hostname":"h","service":"s","ddsource":"x","ddtags":"env:prod,team:a"},{"message":"{\"msg\":\"b\",\"level\":\"warn\"}","status":"info","timestamp":1700000001600,"hostname":"h","service":"s","ddsource":"x","ddtags":"env:prod"}]"#;

async fn send(service: &Service, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    let headers = [("content-type", "application/json"), ("dd-api-key", "k")];
    service.post_with(path, &headers, body).await
}

async fn taken(service: &Service, path: &str, body: impl Into<Vec<u8>>) {
    let reply = send(service, path, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.text(), "{}");
}

on_each_store!(
    a_payload_is_stored_once_however_often_it_is_sent_and_after_a_kill,
    async |service| {
        for kill in [false, false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            for path in PATHS {
                taken(&service, path, TWO).await;
            }
        }
        let records = found_when_stored(&service, "").await;
        let parts: Vec<_> = records
            .iter()
            .map(|record| {
                let names = ["timestamp", "level", "message", "attributes"];
                names.map(|name| record[name].clone())
            })
            .collect();
        let expected = [
            [
                json!("2023-11-14T22:13:21.500Z"),
                json!("info"),
                json!("a"),
                json!({"hostname": "h", "service": "s", "ddsource": "x", "env": "prod", "team": "a"}),
            ],
            [
                json!("2023-11-14T22:13:21.600Z"),
                json!("warn"),
                json!("b"),
                json!({"status": "info", "hostname": "h", "service": "s", "ddsource": "x", "env": "prod"}),
            ],
        ];
        assert_eq!(parts, expected);
    }
);

on_each_store!(
    honest_payloads_that_look_alike_are_stored_each,
    async |service| {
        for query in ["", "?service=a", "?service=b", "?ddtags=service:a"] {
            for _ in 0..2 {
                taken(&service, &format!("{LOGS}{query}"), TWO).await;
            }
        }
        let alive = r#"[{"message":"alive"}]"#;
        for _ in 0..2 {
            taken(&service, LOGS, alive).await;
        }
        assert_eq!(found_when_stored(&service, "").await.len(), 10);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_checks_are_answered_and_are_no_records() {
    let service = Service::builder().start().await;
    taken(&service, LOGS, "{}").await;
    let valid = service.get("/api/v1/validate").await;
    assert_eq!((valid.status, valid.json()), (200, json!({"valid": true})));
    assert!(found_when_stored(&service, "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_five_megabytes_is_taken_in_any_packing() {
    let service = Service::builder().start().await;
    let record = |number: usize| json!({"message": format!("{number} {}", "x".repeat(200)), "status": "info", "timestamp": 1_700_000_000_000_usize + number});
    let records: Vec<_> = (0..20_000).map(record).collect();
    let body = json!(records).to_string().into_bytes();
    assert!(body.len() > 5_000_000, "{}", body.len());
    for (encoding, encode) in ENCODERS {
        let reply = service
            .post_with(LOGS, &[("content-encoding", encoding)], encode(&body))
            .await;
        assert_eq!(reply.status, 202, "{encoding}: {}", reply.text());
    }
    drained(&service).await;
    let stored = service.health().await["records"]["stored"].clone();
    assert_eq!(stored, 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_answered_with_what_an_agent_does_not_drop() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "64KiB");
    let service = settings.env("MAX_DECODED_BYTES", "128KiB").start().await;
    let zipped = [("content-encoding", "gzip")];
    for (headers, body) in [
        (&[][..], vec![b' '; 65 * 1024]),
        (&zipped, gzip(&vec![b' '; 129 * 1024])),
        (&zipped, b"no gzip".to_vec()),
    ] {
        let refused = service.post_with(LOGS, headers, body).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(seconds_to_wait(&refused) >= 1);
        assert_eq!(refused.json()["errors"][0]["status"], "503");
    }
    // What is broken is stored as it is.
    taken(&service, LOGS, r#"[{"message":"cut"#).await;
    assert_eq!(
        found_when_stored(&service, "").await[0]["message"],
        r#"[{"message":"cut"#
    );

    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let refused = send(&settings.start().await, LOGS, TWO).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(seconds_to_wait(&refused) >= 1);
}
