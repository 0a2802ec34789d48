//! Histogram and facets while the store is slow or away, and when too many answers are under way.

use std::sync::Arc;
use std::time::Duration;

use crate::support::mongod::{Mongod, TOO_SLOW};
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::{drained, fill, get};
use crate::support::wait_until;
use bson::{Document, doc};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const RECORDS: u64 = 12_000;
const HISTOGRAM: &str =
    "/logs/histogram?startTime=2024-10-08T00:00:00Z&endTime=2024-10-08T00:00:12Z&interval=1s";
const FACETS: &str = "/logs/facets?fields=level";
/// What MongoDB says when it is shutting down.
const SHUTTING_DOWN: i32 = 91;
/// The paths that count, with the command that each of them gives to MongoDB.
const PATHS: [(&str, &str); 2] = [(HISTOGRAM, "aggregate"), (FACETS, "find")];

/// A server whose commands can be made to fail, and a service on it with [`RECORDS`] records.
async fn scene(query_max_time: &str) -> (Mongod, Arc<Service>) {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let service = Service::builder()
        .mongodb(&mongod.uri(), "trouble")
        .env("QUERY_MAX_TIME", query_max_time)
        .start()
        .await;
    fill(&service, 12).await;
    drained(&service).await;
    (mongod, Arc::new(service))
}

fn all_but_the_first() -> Document {
    doc! { "skip": 1 }
}

async fn counted(service: &Service, path: &str) -> Value {
    let reply = service.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_cannot_count_in_time_is_counted_in_smaller_steps() {
    let (mongod, service) = scene("5s").await;
    mongod
        .fail(&["aggregate"], TOO_SLOW, doc! { "times": 1 })
        .await;
    let answer = counted(&service, HISTOGRAM).await;
    assert_eq!(
        (&answer["complete"], &answer["records"]),
        (&json!(true), &json!(RECORDS))
    );
    // Not even the least step: what was counted before stays.
    mongod
        .fail(&["aggregate"], TOO_SLOW, all_but_the_first())
        .await;
    let answer = counted(&service, HISTOGRAM).await;
    assert_eq!(answer["complete"], false, "{answer}");
    assert_eq!(answer["countedUpTo"], "2024-10-08T00:00:01Z");
    assert_eq!(answer["records"], 1_000, "{answer}");
    // Nothing was counted at all.
    mongod.fail(&["aggregate"], TOO_SLOW, "alwaysOn").await;
    for _ in 0..6 {
        let reply = service.get(HISTOGRAM).await;
        assert_eq!(reply.status, 504, "{}", reply.text());
        assert_eq!(reply.json()["code"], "query_too_slow");
    }
    let health = service.health().await;
    assert_eq!(health["breakers"]["read"]["state"], "closed", "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_outlives_a_store_that_is_away_for_a_while() {
    let (mongod, service) = scene("30s").await;
    for (path, command) in PATHS {
        let failed = async || {
            let health = service.health().await;
            health["workers"]["read"]["failed"].as_u64().unwrap()
        };
        let before = failed().await;
        mongod
            .fail(&[command], SHUTTING_DOWN, all_but_the_first())
            .await;
        let asking = Arc::clone(&service);
        let answer = tokio::spawn(async move { counted(&asking, path).await });
        wait_until("the store to be missed", PATIENCE, async || {
            failed().await > before
        })
        .await;
        mongod.fail(&[command], SHUTTING_DOWN, "off").await;
        let answer = answer.await.unwrap();
        assert_eq!(
            (&answer["complete"], &answer["records"]),
            (&json!(true), &json!(RECORDS)),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stays_away_costs_what_is_not_yet_counted_and_is_told() {
    let (mongod, service) = scene("300ms").await;
    for (path, command) in PATHS {
        mongod
            .fail(&[command], SHUTTING_DOWN, all_but_the_first())
            .await;
        let answer = counted(&service, path).await;
        assert_eq!(answer["complete"], false, "{path}");
        assert!(answer["countedUpTo"].is_string(), "{path}");
        let records = answer["records"].as_u64().unwrap();
        assert!((1..RECORDS).contains(&records), "{path}: {records}");
        mongod.fail(&[command], SHUTTING_DOWN, "off").await;
        // Also after that the breaker may be open.
        wait_until("the store to be back", PATIENCE, async || {
            service.get(path).await.json()["complete"] == true
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_store_nothing_is_counted_and_the_breaker_says_so_at_once() {
    let (mongod, service) = scene("5s").await;
    let both = PATHS.map(|(_, command)| command);
    mongod.fail(&both, SHUTTING_DOWN, "alwaysOn").await;
    wait_until("the breaker to open", PATIENCE, async || {
        for (path, _) in PATHS {
            let reply = service.get(path).await;
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert!(reply.header("retry-after").is_some(), "{}", reply.text());
        }
        service.health().await["breakers"]["read"]["opened"].as_u64() > Some(0)
    })
    .await;
    mongod.fail(&both, SHUTTING_DOWN, "off").await;
    wait_until("counting to work again", PATIENCE, async || {
        let [one, other] = PATHS.map(|(path, _)| service.get(path));
        (one.await.status, other.await.status) == (200, 200)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_have_places_among_the_answers_and_give_them_back() {
    let service = Service::builder().env("MAX_STREAMS", "1").start().await;
    fill(&service, 20).await;
    drained(&service).await;
    let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
    reader.send(get("/logs/retrieve")).await.unwrap();
    reader.read_some(100).await;
    for (path, _) in PATHS {
        let refused = service.get(path).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.header("retry-after").is_some());
    }
    reader.close();
    wait_until("the place to be free", PATIENCE, async || {
        service.get(HISTOGRAM).await.status == 200
    })
    .await;
    // One place does for any number of them, one after another.
    for (path, _) in PATHS.repeat(3) {
        assert_eq!(counted(&service, path).await["complete"], true);
    }
    let wrong = service.get("/logs/histogram?interval=1ns").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert_eq!(counted(&service, FACETS).await["complete"], true);
}
