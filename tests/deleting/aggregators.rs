//! Several aggregators on one MongoDB: a deletion by one of them is about what any has taken.

use super::{PATIENCE, batch, begin, delete, done, post, send, spool, state};
use crate::support::mongod::{self, Mongod};
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::traffic::{found, found_when_stored};
use crate::support::wait_until;
use serde_json::{Value, json};

async fn called(name: &str, mongod: &Mongod, database: &str) -> Service {
    let service = Service::builder().mongodb(&mongod.uri(), database);
    service.env("INSTANCE", name).start().await
}

async fn two(name: &str) -> (Service, Service) {
    let mongod = mongod::shared().await;
    let database = database(name);
    let both = tokio::join!(
        called("logs-1", mongod, &database),
        called("logs-2", mongod, &database)
    );
    // Each is known when it has said that it is there, which a deletion of nothing shows.
    for service in [&both.0, &both.1] {
        wait_until("both to be known", PATIENCE, async || {
            service.health().await["store"]["available"] == true
        })
        .await;
    }
    both
}

/// Whom a deletion waits for, by name.
fn awaited(told: &Value) -> Vec<&str> {
    let waits = told["waitsFor"].as_array().unwrap();
    waits
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_aggregators_spool_is_waited_for_and_named_and_what_it_held_goes() {
    let (one, other) = two("deleting_others").await;
    send(&one, "k", &batch(0..30)).await;
    assert_eq!(post(&other, "/operate/drain/pause").await.status, 200);
    let late = json!([{"message": "late, of alice", "user": "alice", "timestamp": "2024-10-08T00:00:00Z"}]);
    spool(&other, &late).await;
    let id = begin(&one, "attr.user=alice").await;
    wait_until("it to wait for the other alone", PATIENCE, async || {
        awaited(&state(&one, &id).await) == ["logs-2"]
    })
    .await;
    assert_eq!(found(&one, "attr.user=alice").await.len(), 10);
    assert_eq!(post(&other, "/operate/drain/resume").await.status, 200);
    let told = done(&one, &id).await;
    assert_eq!(told["removed"], 11, "{told}");
    for service in [&one, &other] {
        assert_eq!(found_when_stored(service, "attr.user=alice").await.len(), 0);
    }
    // The other one knows as well that they are deleted.
    for key in ["k", "another"] {
        send(&other, key, &batch(0..30)).await;
    }
    assert_eq!(
        found(&other, "attr.user=alice").await.len(),
        10,
        "those under the other key"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_away_is_waited_for_unless_it_is_left_out_which_is_told() {
    let (one, other) = two("deleting_without").await;
    send(&other, "k", &batch(0..30)).await;
    other.kill();
    let id = begin(&one, "attr.user=alice").await;
    wait_until("it to wait for the other alone", PATIENCE, async || {
        awaited(&state(&one, &id).await) == ["logs-2"]
    })
    .await;
    let told = post(&one, &format!("/logs/delete/{id}/cancel"))
        .await
        .json();
    assert_eq!(told["deletion"]["state"], "cancelled", "{told}");
    let told = delete(&one, "attr.user=alice&without=logs-2").await;
    assert_eq!(
        (&told["removed"], &told["without"]),
        (&json!(10), &json!(["logs-2"]))
    );
    let not_reached = told["doesNotReach"].to_string();
    assert!(
        not_reached.contains("logs-2") && not_reached.contains("oplog"),
        "{told}"
    );
    // It comes back, and a client sends to it what it had sent before.
    other.restart().await;
    send(&other, "k", &batch(0..30)).await;
    assert_eq!(found_when_stored(&other, "attr.user=alice").await.len(), 0);
    assert_eq!(found(&other, "").await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_stopped_with_nothing_left_is_waited_for_no_more() {
    let (one, other) = two("deleting_left").await;
    send(&other, "k", &batch(0..30)).await;
    other.terminate();
    assert!(other.wait_exit(PATIENCE).await.success());
    let told = delete(&one, "attr.user=alice").await;
    assert_eq!(told["removed"], 10, "{told}");
}
