//! Too much at once: refused at once and in the open, and what was accepted stays safe.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

mod bodies;
mod memory;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::{Builder, Service};
use crate::support::traffic::{fill, get, rest, retry_after};
use crate::support::wait_until;
use bson::doc;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(30);
/// Far longer than a refusal takes, far shorter than what it is held against.
const AT_ONCE: Duration = Duration::from_secs(2);

fn record(message: &str) -> Value {
    json!([{"timestamp": "2024-10-08T00:00:00Z", "level": "INFO", "message": message}])
}

fn one_worker(mongod: &Mongod) -> Builder {
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    settings.env("WORKERS", "1").env("REQUEST_TIMEOUT", "60s")
}

/// A service that has stored a first record.
async fn begun(settings: Builder) -> Arc<Service> {
    let service = Arc::new(settings.start().await);
    assert_eq!(service.batch(&record("first")).await.status, 200);
    service
}

fn send(service: &Arc<Service>, message: String) -> JoinHandle<(Reply, Duration)> {
    let service = Arc::clone(service);
    tokio::spawn(async move {
        let started = Instant::now();
        (service.batch(&record(&message)).await, started.elapsed())
    })
}

async fn lane(service: &Service, lane: &str, counter: &str, value: u64) {
    wait_until(
        &format!("{lane}.{counter} to be {value}"),
        PATIENCE,
        async || service.health().await["workers"][lane][counter] == value,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_lane_refuses_at_once() {
    let mongod = Mongod::start().await;
    // A quarter as many pages as batches may wait.
    let service = begun(one_worker(&mongod).env("QUEUE_CAPACITY", "8")).await;
    mongod.freeze();
    let asked: Vec<_> = (0..10)
        .map(|_| {
            let service = Arc::clone(&service);
            tokio::spawn(async move {
                let started = Instant::now();
                (service.get("/logs/retrieve").await, started.elapsed())
            })
        })
        .collect();
    lane(&service, "read", "refused", 7).await;
    // One at work and two that wait hold on.
    mongod.thaw();
    let mut served = 0;
    for asked in asked {
        let (reply, time) = asked.await.unwrap();
        if reply.status == 200 {
            served += 1;
        } else {
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert_eq!(reply.json()["code"], "overloaded");
            assert!(retry_after(&reply) >= Duration::from_secs(1));
            assert!(time < AT_ONCE, "refused after {time:?}");
        }
    }
    assert_eq!(served, 3);
}

/// Holds up each command of one kind for so long.
async fn hold_up(mongod: &Mongod, command: &str, time: Duration) {
    let millis = i32::try_from(time.as_millis()).unwrap();
    let fail = doc! {
        "configureFailPoint": "failCommand", "mode": "alwaysOn",
        "data": { "failCommands": [command], "blockConnection": true, "blockTimeMS": millis },
    };
    let admin = mongod.client().await.database("admin");
    admin.run_command(fail).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_that_hang_do_not_hold_up_reads() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let service = begun(one_worker(&mongod)).await;
    hold_up(&mongod, "insert", PATIENCE).await;
    let hanging = send(&service, "hangs".to_owned());
    lane(&service, "write", "busy", 1).await;
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(service.get("/logs/retrieve").await.status, 200);
    }
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    assert!(!hanging.is_finished());
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_hang_do_not_hold_up_writes() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let service = begun(one_worker(&mongod)).await;
    hold_up(&mongod, "find", PATIENCE).await;
    let mut readers = Vec::new();
    for _ in 0..5 {
        let mut reader = RawClient::connect(service.address()).await;
        reader.send(get("/logs/retrieve")).await.unwrap();
        readers.push(reader);
    }
    lane(&service, "read", "queued", 4).await;
    let started = Instant::now();
    for number in 0..10 {
        let reply = service.batch(&record(&format!("m{number}"))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    lane(&service, "read", "queued", 4).await;
}

/// A caller leaves, which costs nothing of what it had asked for: the job of `leaving` never runs.
async fn skipped(leaving: impl AsyncFn(RawClient)) {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let settings = one_worker(&mongod).env("RUST_LOG", "info,aggregator=debug");
    let service = begun(settings).await;
    hold_up(&mongod, "find", Duration::from_secs(8)).await;
    let stays = Arc::clone(&service);
    let first = tokio::spawn(async move { stays.get("/logs/retrieve").await });
    lane(&service, "read", "busy", 1).await;
    let mut leaver = RawClient::connect(service.address()).await;
    leaver.send(get("/logs/retrieve")).await.unwrap();
    lane(&service, "read", "queued", 1).await;
    leaving(leaver).await;
    wait_until("the caller's leaving to be seen", PATIENCE, async || {
        service.log_text().contains("a request was given up")
    })
    .await;
    assert!(!first.is_finished(), "the job had not begun");
    assert_eq!(first.await.unwrap().status, 200);
    lane(&service, "read", "skipped", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_skipped_when_its_caller_has_waited_long_enough_and_left() {
    // One that closes its sending side with its request may still wait for the answer.
    skipped(async |leaver| {
        rest(Duration::from_millis(2500)).await;
        leaver.close();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_skipped_when_its_callers_connection_breaks() {
    skipped(async |leaver| leaver.abort()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_answers_are_under_way_than_may_be() {
    let service = Service::builder().env("MAX_STREAMS", "1").start().await;
    fill(&service, 20).await;
    let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
    reader.send(get("/logs/retrieve")).await.unwrap();
    reader.read_some(100).await;
    let refused = service.get("/logs/retrieve").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(retry_after(&refused) >= Duration::from_secs(1));
    assert_eq!(service.batch(&record("a batch")).await.status, 200);
    reader.close();
    wait_until("the place to be free", PATIENCE, async || {
        service.get("/logs/retrieve?logLevel=WARN").await.status == 404
    })
    .await;
}
