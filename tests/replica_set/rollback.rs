//! A write that one server has and no majority is undone after a failover. It was never called
//! stored, so it is sent again.

use std::time::Duration;

use bson::{Document, doc};
use serde_json::json;

use super::settings;
use crate::support::load::number;
use crate::support::mongod::Mongod;
use crate::support::replica_set::ReplicaSet;
use crate::support::service::Service;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

async fn send(service: &Service, message: &str) -> (u16, String) {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", message),
    ];
    let body = json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": message }]);
    let sent = service
        .try_post_with("/logs/batch?ack=stored", &headers, body.to_string())
        .await;
    let reply = sent.expect("an answer");
    let durability = reply.json()["durability"].to_string();
    (reply.status, durability)
}

/// How many documents with this message a member has of its own, whatever the others have; `None`
/// while it does not say.
async fn on_member(mongod: &Mongod, message: &str) -> Option<u64> {
    let logs = mongod.client().await.database("logdb");
    let logs = logs.collection::<Document>("logs");
    let found = logs.count_documents(doc! { "message": message });
    found.await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_rolled_back_was_never_called_stored_and_is_sent_again() {
    const LOST: &str = "only-one-server-has-this";
    let set = ReplicaSet::start().await;
    let service = settings(&set).start().await;
    let first = send(&service, "all-servers-have-this").await;
    assert_eq!(first, (200, "\"stored\"".to_owned()));

    let old = set.primary().await;
    set.stop_replication_to_others(old).await;
    let second = send(&service, LOST).await;
    assert_eq!(second, (202, "\"spooled\"".to_owned()));
    assert_eq!(on_member(set.member(old), LOST).await, Some(1));
    let mut health = service.health().await;
    wait_until("the reason to be told", PATIENCE, async || {
        health = service.health().await;
        health["problem"]
            .to_string()
            .contains("not durable on a majority")
    })
    .await;
    assert_eq!(number(&health, "/records/stored"), 1, "{health}");
    assert_eq!(number(&health, "/records/alreadyStored"), 0, "{health}");
    assert_eq!(number(&health, "/records/waiting"), 1, "{health}");

    set.member(old).kill();
    for other in set.all_but(old) {
        let there = on_member(set.member(other), LOST).await;
        assert_eq!(there, Some(0), "more than one server has it");
    }
    set.resume_replication_to_others(old).await;
    let new = set.primary().await;
    assert_ne!(new, old);
    wait_until("the batch to be stored", PATIENCE, async || {
        number(&service.health().await, "/records/waiting") == 0
    })
    .await;

    let undone = || {
        set.member(old)
            .log_text()
            .contains(r#""newState":"ROLLBACK""#)
    };
    assert!(!undone());
    set.member(old).restart().await;
    wait_until("the old primary to undo it", PATIENCE, async || undone()).await;
    set.all_are_there().await;
    for member in [new, old] {
        let what = "the record to be there once";
        wait_until(what, PATIENCE, async || {
            on_member(set.member(member), LOST).await == Some(1)
        })
        .await;
    }
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().expect("an array").len(), 2, "{all}");
}
