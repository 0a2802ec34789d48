//! A service that has much refused of before its start to read serves meanwhile, and keeps nothing twice.

use super::refused::{on, picky};
use super::{PATIENCE, SPOOLED, send};
use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::is_balanced;
use crate::support::wait_until;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// So many that reading them takes longer than the test looks at it.
const FILES: u64 = 20_000;

fn file(service: &Service, number: u64) -> PathBuf {
    let name = format!("rejected/{number:020}.rej");
    service.data_dir().join(name)
}

fn come_again(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.json()["code"], "rejected_unavailable");
    assert_eq!(reply.header("retry-after"), Some("1"));
}

async fn send_keyed(service: &Service, batch: &Value) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "a"),
    ];
    service
        .post_with(SPOOLED, &headers, batch.to_string())
        .await
}

async fn health(service: &Service, is_so: impl Fn(&Value) -> bool) {
    wait_until("/health to say so", PATIENCE, async || {
        let health = service.health().await;
        is_balanced(&health);
        is_so(&health)
    })
    .await;
}

/// Whether refused records wait until it is known which are kept. There may be one more than was sent since
/// the start: a batch that was done just before a kill comes again.
fn waits_to_be_known(health: &Value) -> bool {
    let problem = health["problem"].as_str().unwrap_or_default();
    problem.contains("refused records wait") && problem.contains("still being read")
}

/// A service that has one refused record, with a key, in its first file, and much to read behind it.
async fn with_much_to_read(mongod: &Mongod, refused: &Value) -> Service {
    picky(mongod).await;
    let service = on(mongod).start().await;
    assert_eq!(send_keyed(&service, refused).await.status, 200);
    health(&service, |health| health["rejected"]["records"] == 1).await;
    service.kill();
    for number in 2..=FILES {
        fs::hard_link(file(&service, 1), file(&service, number)).unwrap();
    }
    service.restart().await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_serves_before_it_has_read_what_was_refused_and_keeps_no_record_of_it_twice() {
    let mongod = Mongod::start().await;
    let refused = json!([{"message": "bad", "attributes": {"large": "x".repeat(7_000_000)}}]);
    let service = with_much_to_read(&mongod, &refused).await;
    // Killed in the middle, it goes on as if it had not begun.
    service.restart().await;
    let is_reading = |health: &Value| health["rejected"]["unreadFiles"].as_u64() > Some(0);
    assert!(is_reading(&service.health().await));

    let good = json!([{"message": "good"}]);
    let stored = service.batch(&good).await;
    assert_eq!(stored.json()["durability"], "stored", "{}", stored.text());
    for _ in 0..2 {
        assert_eq!(send_keyed(&service, &refused).await.status, 200);
    }
    assert_eq!(send(&service, "bad").await.status, 200);
    health(&service, |health| {
        health["records"]["waiting"] == 2 && waits_to_be_known(health)
    })
    .await;
    let too_large = json!([{"message": "x".repeat(9_000_000)}, {"message": "beside it"}]);
    let replay = service.post("/logs/rejected/replay", "application/json", "");
    let id = stored.json()["batchId"].as_str().unwrap().to_owned();
    let status = format!("/logs/batches/{id}");
    let (listed, replayed, taken, told) = tokio::join!(
        service.get("/logs/rejected"),
        replay,
        service.batch(&too_large),
        service.get(&status),
    );
    for reply in [&listed, &replayed, &taken, &told] {
        come_again(reply);
    }
    assert!(
        is_reading(&service.health().await),
        "it was too quick for this test"
    );

    for number in 2..=FILES {
        fs::remove_file(file(&service, number)).unwrap();
    }
    health(&service, |health| {
        health["records"]["waiting"] == 0 && !is_reading(health)
    })
    .await;
    assert_eq!(service.health().await["rejected"]["records"], 2);
    assert_eq!(service.get("/logs/rejected").await.json()["total"], 2);
    assert_eq!(service.batch(&too_large).await.status, 200);
    assert_eq!(service.get(&status).await.json()["stored"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_nothing_that_is_still_to_be_read() {
    let mongod = Mongod::start().await;
    let refused = json!([{"message": "bad", "attributes": {"large": "x".repeat(7_000_000)}}]);
    let service = with_much_to_read(&mongod, &refused).await;
    assert_eq!(send(&service, "bad").await.status, 200);
    health(&service, waits_to_be_known).await;
    service.terminate();
    let ended = service.wait_exit(Duration::from_secs(10)).await;
    assert!(ended.success(), "{ended}");
    assert!(
        !service.log_text().contains("in time"),
        "{}",
        service.log_text()
    );
}
