//! The store is away, and the service is killed or stopped meanwhile.

use super::{PATIENCE, SPOOLED, record, send, spool, waiting};
use crate::support::compressed::gzip;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::stored;
use crate::support::wait_until;

async fn service_on(mongod: &Mongod) -> Service {
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let settings = settings.env("REQUEST_TIMEOUT", "2s");
    settings.env("SHUTDOWN_TIMEOUT", "2s").start().await
}

async fn each_is_stored_once(service: &Service, count: usize) {
    let stored = stored(service).await;
    assert_eq!(stored.len(), count);
    assert!(stored.values().all(|times| *times == 1), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_in_an_outage_survives_a_kill_and_is_stored_once() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod).await;
    mongod.kill();
    spool(&service, 200).await;
    service.kill();
    service.restart().await;
    assert_eq!(waiting(&service).await, 200);
    assert_eq!(service.health().await["records"]["recovered"], 200);
    service.kill();
    mongod.restart().await;
    service.restart().await;
    each_is_stored_once(&service, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_waits_for_a_store_that_is_away_is_told_that_the_batch_is_safe() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod).await;
    assert_eq!(service.batch(&record("first")).await.status, 200);
    mongod.freeze();
    let reply = service.batch(&record("second")).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let told = reply.json();
    assert_eq!(
        (&told["status"], &told["durability"]),
        (&"success".into(), &"spooled".into())
    );
    mongod.thaw();
    each_is_stored_once(&service, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_an_outage_says_what_is_left_and_the_next_start_stores_it() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod).await;
    assert_eq!(service.batch(&record("first")).await.status, 200);
    mongod.kill();
    spool(&service, 20).await;
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(
        log.contains("waits in the spool") && log.contains("\"records\":20"),
        "{log}"
    );
    assert!(service.data_dir().join("spool/clean").exists());
    mongod.restart().await;
    service.restart().await;
    assert!(!service.data_dir().join("spool/clean").exists());
    each_is_stored_once(&service, 21).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fresh_batches_and_reads_go_on_while_a_backlog_flows() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod).await;
    mongod.kill();
    let thousand: Vec<_> = (0..1000)
        .map(|number| format!("{{\"message\":\"backlog {number}\"}}"))
        .collect();
    for _ in 0..50 {
        let reply = service.post(SPOOLED, "application/x-ndjson", thousand.join("\n"));
        assert_eq!(reply.await.status, 200);
    }
    mongod.restart().await;
    let mut fresh = 0;
    wait_until("the backlog to be stored", PATIENCE, async || {
        fresh += 1;
        assert_eq!(send(&service, &format!("fresh {fresh}")).await.status, 200);
        let read = service.get("/logs/retrieve?logLevel=FATAL").await;
        assert!(matches!(read.status, 404 | 503), "{}", read.text());
        waiting(&service).await == 0
    })
    .await;
    let stored = stored(&service).await;
    assert_eq!(stored["backlog 7"], 50);
    assert_eq!(stored.len(), 1000 + fresh);
}

/// Of a batch of 32 MiB: deliveries hold one at most, the way from the disk another.
const BATCHES_IN_MEMORY: u64 = 3;
const LARGE_MIB: u64 = 32;
/// Code, stacks, the spool's window and what the allocator keeps.
const SLACK_MIB: u64 = 64;

/// That few of the large batches that wait are in memory, once the store is known to be away.
async fn waits_on_disk(service: &Service) {
    wait_until("the breaker to open", PATIENCE, async || {
        service.health().await["breakers"]["write"]["opened"].as_u64() > Some(0)
    })
    .await;
    let most = (BATCHES_IN_MEMORY * LARGE_MIB + SLACK_MIB) * 1024;
    wait_until("memory to be given back", PATIENCE, async || {
        service.rss_kib() < most
    })
    .await;
    // It stays so, also when the store is asked again.
    let opened = service.health().await["breakers"]["write"]["opened"].clone();
    wait_until("the store to be asked again", PATIENCE, async || {
        let rss = service.rss_kib();
        assert!(rss < most, "{} MiB", rss / 1024);
        service.health().await["breakers"]["write"]["opened"] != opened
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_batches_that_wait_through_an_outage_wait_on_disk_also_after_a_restart() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod).await;
    mongod.kill();
    let text = "x".repeat(1024 * 1024);
    let record = serde_json::json!({ "message": text });
    let records: Vec<_> = (0..LARGE_MIB).map(|_| record.clone()).collect();
    let body = gzip(serde_json::Value::from(records).to_string().as_bytes());
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    for _ in 0..8 {
        let reply = service.post_with(SPOOLED, &headers, body.clone()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    waits_on_disk(&service).await;
    service.kill();
    service.restart().await;
    waits_on_disk(&service).await;
    mongod.restart().await;
    wait_until("everything to be stored", PATIENCE, async || {
        waiting(&service).await == 0
    })
    .await;
    let records = &service.health().await["records"];
    assert_eq!(records["stored"], 8 * LARGE_MIB, "{records}");
}
