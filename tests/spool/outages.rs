//! The store is away, and the service is killed or stopped meanwhile.

use super::{PATIENCE, SPOOLED, record, send, spool, waiting};
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
