//! What is remembered of keys, and that nothing is stored twice where nothing is remembered.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{SPOOLED, dated, replayed, send, spool};
use crate::support::mongod::{self, Mongod};
use crate::support::service::{Builder, Service};
use crate::support::stores::database;
use crate::support::traffic::stored;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

fn mixed() -> Value {
    json!([
        {"timestamp": "2024-10-08T00:00:00Z", "message": "dated"},
        {"message": "undated"},
        {"message": "undated"},
    ])
}

/// Settings of a service whose MongoDB is away.
async fn without_store() -> (Mongod, Builder) {
    let mongod = Mongod::start().await;
    mongod.kill();
    let builder = Service::builder().mongodb(&mongod.uri(), "logdb");
    (mongod, builder)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_batches_that_wait_are_remembered_through_a_kill() {
    let (_mongod, builder) = without_store().await;
    let service = builder.start().await;
    let first = spool(&service, "key-1", &dated()).await;
    spool(&service, "key-2", &mixed()).await;
    for _ in 0..2 {
        service.restart().await;
        let again = spool(&service, "key-1", &dated()).await;
        assert!(replayed(&again));
        assert_eq!((again.status, again.text()), (200, first.text()));
        let other = spool(&service, "key-2", &dated()).await;
        assert_eq!(other.status, 422, "{}", other.text());
        assert_eq!(service.health().await["spool"]["batches"], 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_old_segments_are_remembered_a_moment_after_the_start() {
    let (_mongod, builder) = without_store().await;
    // Segments of 512 KiB.
    let service = builder.env("SPOOL_MAX_BYTES", "4MiB").start().await;
    let padding = "x".repeat(200 * 1024);
    let body = |number: usize| json!([{ "message": format!("{number} {padding}") }]);
    let mut ids = Vec::new();
    for number in 0..12 {
        let reply = spool(&service, &format!("key-{number}"), &body(number)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        ids.push(reply.json()["batchId"].as_str().unwrap().to_owned());
    }
    service.restart().await;
    for id in ids {
        let path = format!("/logs/batches/{id}");
        wait_until("the batch to be remembered", PATIENCE, async || {
            service.get(&path).await.status == 200
        })
        .await;
    }
    for number in 0..12 {
        let again = spool(&service, &format!("key-{number}"), &body(number)).await;
        assert!(replayed(&again), "{number}: {}", again.text());
    }
    assert_eq!(service.health().await["spool"]["batches"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_through_another_aggregator_on_the_same_mongodb_stores_nothing_twice() {
    let uri = mongod::shared().await.uri();
    let name = database("retry_through_another_aggregator");
    let start = || Service::builder().mongodb(&uri, &name).start();
    let one = start().await;
    let first = send(&one, "key-1", &mixed()).await;
    let before = one.get("/logs/retrieve").await.json();
    let other = start().await;
    let again = send(&other, "key-1", &mixed()).await;
    assert!(replayed(&again));
    assert_eq!(again.text(), first.text());
    assert_eq!(other.health().await["records"]["alreadyStored"], 3);
    // At the same time, too.
    let body = json!([{"message": "together"}]);
    tokio::join!(send(&one, "key-2", &body), send(&other, "key-2", &body));
    let stored = stored(&one).await;
    assert_eq!(
        (stored["dated"], stored["undated"], stored["together"]),
        (1, 2, 1)
    );
    let after = one
        .get("/logs/retrieve?endTime=2024-10-09T00:00:00Z")
        .await
        .json();
    assert_eq!(after[0], before[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_repeats_a_batch_that_waits_is_told_when_it_is_stored_and_nothing_is_written_again()
{
    let (mongod, builder) = without_store().await;
    let service = Arc::new(builder.start().await);
    let first = spool(&service, "key-1", &mixed()).await;
    assert_eq!(first.json()["durability"], "spooled");
    let asking = Arc::clone(&service);
    let repeating = tokio::spawn(async move {
        loop {
            let headers = [("idempotency-key", "key-1")];
            let path = "/logs/batch?ack=stored";
            let reply = asking.post_with(path, &headers, mixed().to_string()).await;
            assert!(replayed(&reply), "{}", reply.text());
            match reply.status {
                200 => return reply,
                // Spooled, and its time was up.
                status => assert_eq!(status, 202, "{}", reply.text()),
            }
        }
    });
    mongod.restart().await;
    let told = repeating.await.unwrap().json();
    assert_eq!(told["durability"], "stored");
    assert_eq!(service.health().await["spool"]["commits"], 1);
    assert_eq!(stored(&service).await["undated"], 2);
}

/// A batch that was refused never was.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_first_batch_was_refused_is_free_for_another() {
    let service = Service::builder().start().await;
    let headers = [("idempotency-key", "key-1")];
    let strict = format!("{SPOOLED}&strict=true");
    let bad = service.post_with(&strict, &headers, "[{}, 7]").await;
    assert_eq!(bad.status, 400, "{}", bad.text());
    assert!(!replayed(&spool(&service, "key-1", &dated()).await));
    assert_eq!(stored(&service).await["one"], 1);
}
