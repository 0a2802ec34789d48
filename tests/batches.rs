//! What became of a batch can be asked for, for as long as it is remembered.

use std::time::Duration;

use bson::doc;
use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

fn three() -> Value {
    json!([{"message": "one"}, {"message": "two"}, {"message": "three"}])
}

async fn send(service: &Service, path: &str) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "key-1"),
    ];
    let reply = service.post_with(path, &headers, three().to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

/// What is told of the batch that an answer names, without its id and time.
async fn fate(service: &Service, reply: &Reply) -> Value {
    let id = reply.json()["batchId"].as_str().unwrap().to_owned();
    let told = service.get(&format!("/logs/batches/{id}")).await;
    assert_eq!(told.status, 200, "{}", told.text());
    let mut told = told.json();
    assert_eq!(told["batchId"], id);
    assert!(told["receivedAt"].as_str().unwrap().ends_with('Z'));
    for known in ["batchId", "instance", "receivedAt"] {
        told.as_object_mut().unwrap().remove(known);
    }
    told
}

fn stored(stored: u64, already_stored: u64) -> Value {
    json!({
        "records": 3, "durability": "stored",
        "stored": stored, "alreadyStored": already_stored, "setAside": 0,
    })
}

on_each_store!(
    a_stored_batch_is_told_with_what_was_new_and_what_was_there,
    async |service| {
        let reply = send(&service, "/logs/batch?ack=stored").await;
        assert_eq!(fate(&service, &reply).await, stored(3, 0));
        send(&service, "/logs/batch?ack=stored").await;
        assert_eq!(fate(&service, &reply).await, stored(3, 0));
        service.restart().await;
        let again = send(&service, "/logs/batch?ack=stored").await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.text(), reply.text());
    }
);

on_each_store!(
    a_batch_that_is_not_remembered_is_404_and_what_is_no_id_400,
    async |service| {
        let unknown = service.get("/logs/batches/0123456789abcdef").await;
        assert_eq!(
            (unknown.status, &unknown.json()["code"]),
            (404, &json!("unknown_batch"))
        );
        for wrong in [
            "0123456789abcde",
            "0123456789abcdefg",
            "x",
            "%2B123456789abcdef",
            "%FF",
        ] {
            let reply = service.get(&format!("/logs/batches/{wrong}")).await;
            assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
            assert_eq!(reply.json()["code"], "invalid_batch_id");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_waits_is_told_as_spooled_also_after_a_kill_until_the_store_has_it() {
    let mongod = Mongod::start().await;
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .start()
        .await;
    mongod.kill();
    let reply = send(&service, "/logs/batch?ack=spooled").await;
    let waits = json!({"records": 3, "durability": "spooled"});
    assert_eq!(fate(&service, &reply).await, waits);
    service.restart().await;
    assert_eq!(fate(&service, &reply).await, waits);
    mongod.restart().await;
    wait_until("the batch to be stored", PATIENCE, async || {
        let told = fate(&service, &reply).await;
        // A try whose answer came late finds its own records there.
        told == stored(3, 0) || told == stored(0, 3)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_the_store_refused_are_named_with_the_reason() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let picky = doc! { "message": { "$ne": "two" } };
    let created = database.create_collection("logs").validator(picky);
    created.await.unwrap();
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .start()
        .await;
    let reply = send(&service, "/logs/batch?ack=stored").await;
    let mut told = fate(&service, &reply).await;
    let errors = told["errors"].take();
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{errors}");
    assert_eq!(errors[0]["index"], 1);
    let reason = errors[0]["reason"].as_str().unwrap();
    assert!(reason.contains("(code 121)"), "{reason}");
    assert_eq!((&told["stored"], &told["setAside"]), (&json!(2), &json!(1)));
}
