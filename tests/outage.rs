//! MongoDB goes away and comes back: callers are told at once and truly, and nothing is lost.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::{Senders, fill, rest, retry_after, stored};
use crate::support::wait_until;

/// For what takes seconds on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(120);
/// An answer that needed no call to the store.
const AT_ONCE: Duration = Duration::from_millis(50);

/// What happens to MongoDB.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Its process is gone: connections are refused.
    Killed,
    /// Its process stands still: connections stay open and nobody answers.
    Frozen,
}

impl Fault {
    fn strike(self, mongod: &Mongod) {
        match self {
            Self::Killed => mongod.kill(),
            Self::Frozen => mongod.freeze(),
        }
    }

    async fn heal(self, mongod: &Mongod) {
        match self {
            Self::Killed => mongod.restart().await,
            Self::Frozen => mongod.thaw(),
        }
    }
}

async fn service_on(mongod: &Mongod, request_timeout: &str) -> Service {
    Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .env("REQUEST_TIMEOUT", request_timeout)
        .start()
        .await
}

fn one_log() -> Value {
    json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": "one" }])
}

/// Asks for records, and for nothing else, until told to stop.
async fn read_on(service: Arc<Service>) {
    loop {
        let reply = service.get("/logs/retrieve?logLevel=FATAL").await;
        assert!(matches!(reply.status, 404 | 503), "{}", reply.text());
        rest(Duration::from_millis(10)).await;
    }
}

async fn both_breakers_open(service: &Service) {
    wait_until("both breakers to open", PATIENCE, async || {
        let health = service.health().await;
        ["write", "read"]
            .iter()
            .all(|lane| health["breakers"][lane]["opened"].as_u64() > Some(0))
    })
    .await;
}

async fn healthy(service: &Service) {
    wait_until("/health to say ok", PATIENCE, async || {
        service.health().await["status"] == "ok"
    })
    .await;
}

fn assert_refused(reply: &Reply, codes: &[&str]) {
    let told = reply.json();
    assert_eq!(reply.status, 503, "{told}");
    assert!(codes.iter().any(|code| told["code"] == *code), "{told}");
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    let millis = told["retryAfterMs"].as_u64().unwrap();
    assert_eq!(seconds, millis.div_ceil(1000).max(1), "{told}");
}

/// 20 batches are taken, and 20 retrieves refused, without a call to the store that is away. Some
/// retrieves may be the breaker's probe; the others are answered at once.
async fn assert_served_without_the_store(service: &Service) {
    for path in ["/logs/batch?ack=spooled", "/logs/retrieve"] {
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            if path == "/logs/retrieve" {
                let reply = service.get(path).await;
                times.push(began.elapsed());
                assert_refused(&reply, &["store_unavailable", "store_timeout"]);
            } else {
                let body = one_log().to_string();
                let reply = service.post(path, "application/json", body).await;
                times.push(began.elapsed());
                assert_eq!(reply.status, 200, "{}", reply.text());
                assert_eq!(reply.json()["durability"], "spooled");
            }
            let health = service.get("/health").await;
            assert_eq!(health.status, 200, "{}", health.text());
            assert_eq!(health.json()["status"], "degraded");
            assert!(health.json()["problem"].is_string(), "{}", health.text());
        }
        times.sort();
        println!("{path}: {:?} (median), {:?} (most)", times[10], times[19]);
        assert!(times[10] < AT_ONCE, "{path}: {times:?}");
    }
}

async fn outage(fault: Fault) {
    let mongod = Mongod::start().await;
    let service = Arc::new(service_on(&mongod, "2s").await);
    let senders = Senders::start(&service, 4);
    let reader = tokio::spawn(read_on(Arc::clone(&service)));
    senders.wait_for_more(20).await;

    fault.strike(&mongod);
    let struck = Instant::now();
    wait_until("/health to tell of it", PATIENCE, async || {
        service.health().await["status"] == "degraded"
    })
    .await;
    println!("/health told of it after {:?}", struck.elapsed());
    both_breakers_open(&service).await;
    println!("both breakers had opened after {:?}", struck.elapsed());
    assert_served_without_the_store(&service).await;
    senders.wait_for_more(20).await;

    fault.heal(&mongod).await;
    let healed = Instant::now();
    let waiting = async || service.health().await["spool"]["batches"].as_u64().unwrap();
    let backlog = waiting().await;
    wait_until("the backlog to go down", PATIENCE, async || {
        waiting().await < backlog
    })
    .await;
    println!("the backlog went down again after {:?}", healed.elapsed());
    senders.wait_for_more(20).await;
    healthy(&service).await;
    reader.abort();
    let mut expected = senders.finish().await;
    expected.insert("one".to_owned(), 20);
    assert_eq!(stored(&service).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_mongodb_is_told_at_once_and_nothing_is_lost_or_doubled() {
    outage(Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_mongodb_is_told_at_once_and_nothing_is_lost_or_doubled() {
    outage(Fault::Frozen).await;
}

/// Asks until the breaker itself refuses, which it does without a call to the store.
async fn refused_by_the_breaker(service: &Service, lane: &str) -> (Reply, Instant, Instant) {
    let mut refusal = None;
    wait_until("the breaker to refuse", PATIENCE, async || {
        let (asked, before) = (Instant::now(), opened(service, lane).await);
        let reply = call(service).await;
        let state = service.health().await["breakers"][lane].clone();
        let unchanged = state["opened"].as_u64() == Some(before) && state["state"] == "open";
        refusal = unchanged.then(|| (reply, asked, Instant::now()));
        refusal.is_some()
    })
    .await;
    refusal.unwrap()
}

async fn call(service: &Service) -> Reply {
    service.get("/logs/retrieve").await
}

/// How often the breaker has opened: with MongoDB away, once more for each call let through.
async fn opened(service: &Service, lane: &str) -> u64 {
    service.health().await["breakers"][lane]["opened"]
        .as_u64()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_come_again_is_true() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod, "5s").await;
    assert_eq!(service.batch(&one_log()).await.status, 200);
    mongod.kill();
    {
        let lane = "read";
        // Twice: the second time the breaker stays open for longer.
        for _ in 0..2 {
            let (reply, asked, answered) = refused_by_the_breaker(&service, lane).await;
            assert_refused(&reply, &["store_unavailable"]);
            let (before, wait) = (opened(&service, lane).await, retry_after(&reply));
            let mut refused = 0;
            loop {
                let reply = call(&service).await;
                let opened = opened(&service, lane).await;
                // The time was rounded up, by less than 1 ms.
                if Instant::now() >= asked + wait.saturating_sub(Duration::from_millis(1)) {
                    break;
                }
                assert_eq!(opened, before, "let through too early: {}", reply.text());
                refused += 1;
            }
            println!("{lane}: {refused} calls refused for {wait:?}");
            rest(wait.saturating_sub(answered.elapsed())).await;
            call(&service).await;
            assert!(
                opened(&service, lane).await > before,
                "nothing was let through"
            );
        }
    }
}

/// Keeps the store asked until the lane's breaker would stay open for so long.
async fn open_for_long(service: &Arc<Service>, least: Duration) -> Instant {
    let mut until = Instant::now();
    wait_until("a long open time", PATIENCE, async || {
        // Five at once: so many failures in a row open it.
        let asking = (0..5).map(|_| call(service));
        futures_util::future::join_all(asking).await;
        let state = service.health().await["breakers"]["read"].clone();
        let left = Duration::from_millis(state["retryAfterMs"].as_u64().unwrap_or(0));
        until = Instant::now() + left;
        state["state"] == "open" && left >= least
    })
    .await;
    until
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_work_again_when_the_store_is_back_although_nothing_is_written() {
    const SOON: Duration = Duration::from_secs(5);
    let mongod = Mongod::start().await;
    let service = Arc::new(service_on(&mongod, "1s").await);
    assert_eq!(service.batch(&one_log()).await.status, 200);
    wait_until("the store to be reached", PATIENCE, async || {
        call(&service).await.status == 200
    })
    .await;
    mongod.freeze();
    let open_until = open_for_long(&service, 2 * SOON).await;
    mongod.thaw();
    let thawed = Instant::now();
    wait_until("/health to say so", PATIENCE, async || {
        service.health().await["store"]["available"] == true
    })
    .await;
    let available = Instant::now();
    wait_until("a read", PATIENCE, async || {
        call(&service).await.status == 200
    })
    .await;
    println!(
        "available after {:?}, read {:?} after that, {:?} before its time",
        available - thawed,
        available.elapsed(),
        open_until.saturating_duration_since(Instant::now())
    );
    assert!(Instant::now() + SOON / 2 < open_until, "it was waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_without_mongodb_and_works_when_mongodb_comes() {
    let mongod = Mongod::start().await;
    mongod.kill();
    let service = service_on(&mongod, "5s").await;
    wait_until("/health to give the reason", PATIENCE, async || {
        let health = service.get("/health").await;
        assert_eq!(health.status, 200, "{}", health.text());
        let problem = health.json()["problem"].as_str().unwrap().to_owned();
        assert!(!problem.contains("Topology"), "{problem}");
        problem.contains("Connection refused")
    })
    .await;
    let refused = service.get("/logs/retrieve").await;
    assert_refused(&refused, &["store_unavailable"]);
    let spooled = service.post(
        "/logs/batch?ack=spooled",
        "application/json",
        one_log().to_string(),
    );
    assert_eq!(spooled.await.json()["durability"], "spooled");

    mongod.restart().await;
    let restarted = Instant::now();
    healthy(&service).await;
    println!("healthy after {:?}", restarted.elapsed());
    assert_eq!(stored(&service).await["one"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_with_a_host_name_that_nobody_knows() {
    let service = Service::builder()
        .mongodb("mongodb://no-such-host.invalid:27017", "logdb")
        .env("SHUTDOWN_TIMEOUT", "2s")
        .start()
        .await;
    wait_until("/health to give the reason", PATIENCE, async || {
        let health = service.get("/health").await;
        assert_eq!(health.status, 200, "{}", health.text());
        let problem = health.json()["problem"].as_str().unwrap().to_owned();
        problem.contains("no-such-host.invalid")
    })
    .await;
    println!("{}", service.health().await["problem"]);
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
}

/// A long answer of which the first MiB was read, and these bytes.
async fn begun_answer(service: &Service) -> (reqwest::Response, Vec<u8>) {
    fill(service, 30).await;
    let request = service.http().get(service.url("/logs/retrieve"));
    let mut response = request.send().await.unwrap();
    let mut bytes = Vec::new();
    while bytes.len() < 1024 * 1024 {
        bytes.extend(response.chunk().await.unwrap().unwrap());
    }
    (response, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_outlives_a_restart_of_mongodb() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod, "60s").await;
    let (mut response, mut bytes) = begun_answer(&service).await;
    mongod.restart().await;
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend(chunk);
    }
    let records: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
    let number = |record: &Value| {
        let message = record["message"].as_str()?.to_owned();
        message.split(' ').next()?.parse::<usize>().ok()
    };
    let numbers: Vec<_> = records.iter().filter_map(number).collect();
    assert_eq!(numbers, (0..30_000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_that_cannot_go_on_does_not_look_whole() {
    let mongod = Mongod::start().await;
    let service = service_on(&mongod, "1s").await;
    let (mut response, _) = begun_answer(&service).await;
    mongod.kill();
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert!(end.is_err(), "the answer ended as if it were whole");
}
