//! Records that MongoDB refuses for good are kept, told, and put back; they never stop the others.

use super::{PATIENCE, send};
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use crate::support::wait_until;
use bson::{Document, doc};
use mongodb::Database;
use serde_json::json;

/// A database whose collection takes no record with the message "bad".
async fn picky(mongod: &Mongod) -> Database {
    let database = mongod.client().await.database("logdb");
    let validator = doc! { "message": { "$ne": "bad" } };
    let created = database.create_collection("logs").validator(validator);
    created.await.unwrap();
    database
}

fn on(mongod: &Mongod) -> Builder {
    Service::builder().mongodb(&mongod.uri(), "logdb")
}

async fn messages(service: &Service) -> Vec<String> {
    let found = service.get("/logs/retrieve").await.json();
    let text = |log: &serde_json::Value| log["message"].as_str().unwrap().to_owned();
    found.as_array().unwrap().iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_set_aside_with_its_reason_and_can_be_put_back() {
    let mongod = Mongod::start().await;
    let database = picky(&mongod).await;
    let service = on(&mongod).start().await;
    let batch =
        json!([{"message": "good"}, {"message": "bad", "level": "WARN"}, {"message": "good, too"}]);
    let reply = service.batch(&batch).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["setAside"], 1);
    assert_eq!(messages(&service).await, ["good", "good, too"]);

    // It is still there after a kill.
    service.kill();
    service.restart().await;
    let listed = service.get("/logs/rejected").await.json();
    assert_eq!(listed["total"], 1, "{listed}");
    let refused = &listed["records"][0];
    assert_eq!(refused["record"]["message"], "bad");
    assert_eq!(refused["record"]["level"], "WARN");
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("(code 121)"), "{reason}");
    assert_eq!(service.health().await["rejected"]["records"], 1);

    let loosen = doc! { "collMod": "logs", "validator": {} };
    database.run_command(loosen).await.unwrap();
    let replayed = service
        .post("/logs/rejected/replay", "application/json", "")
        .await;
    assert_eq!(replayed.json()["replayed"], 1, "{}", replayed.text());
    wait_until("the record to be stored", PATIENCE, async || {
        messages(&service).await == ["good", "bad", "good, too"]
    })
    .await;
    assert_eq!(service.get("/logs/rejected").await.json()["total"], 0);
    let logs = database.collection::<Document>("logs");
    assert_eq!(logs.count_documents(doc! {}).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_more_can_be_set_aside_draining_stops_and_says_so_and_nothing_is_dropped() {
    let mongod = Mongod::start().await;
    let database = picky(&mongod).await;
    let service = on(&mongod).env("REJECTED_MAX_BYTES", "100").start().await;
    // The first is the last that has room.
    for _ in 0..2 {
        assert_eq!(send(&service, "bad").await.status, 200);
        wait_until("it to be refused", PATIENCE, async || {
            service.health().await["rejected"]["records"] == 1
        })
        .await;
    }
    wait_until("/health to say so", PATIENCE, async || {
        let health = service.health().await;
        let problem = health["problem"].as_str().unwrap_or_default();
        problem.contains("cannot be set aside")
    })
    .await;
    assert_eq!(send(&service, "good").await.status, 200);
    let loosen = doc! { "collMod": "logs", "validator": {} };
    database.run_command(loosen).await.unwrap();
    wait_until("what waits to be stored", PATIENCE, async || {
        service.health().await["records"]["waiting"] == 0
    })
    .await;
    assert_eq!(messages(&service).await.len(), 2);
}
