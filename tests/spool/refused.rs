//! Records that MongoDB refuses for good are kept, told, and put back; they never stop the others.

use super::{PATIENCE, send};
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use crate::support::traffic::is_balanced;
use crate::support::wait_until;
use bson::{Document, doc};
use mongodb::Database;
use serde_json::json;
use std::sync::Arc;

/// A database whose collection takes no record with the message "bad".
pub(super) async fn picky(mongod: &Mongod) -> Database {
    let database = mongod.client().await.database("logdb");
    let validator = doc! { "message": { "$ne": "bad" } };
    let created = database.create_collection("logs").validator(validator);
    created.await.unwrap();
    database
}

pub(super) fn on(mongod: &Mongod) -> Builder {
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

const MIB: u64 = 1024 * 1024;
/// Of a spool of one MiB.
const SEGMENT: u64 = MIB / 8;

#[tokio::test(flavor = "multi_thread")]
async fn without_room_for_what_is_refused_everything_else_is_stored_and_no_segment_is_kept() {
    let mongod = Mongod::start().await;
    let database = picky(&mongod).await;
    let settings = on(&mongod).env("REJECTED_MAX_BYTES", "100");
    let service = settings.env("SPOOL_MAX_BYTES", "1MiB").start().await;
    // The first is the last that has room; more than there are deliveries come behind it.
    for number in 0..8 {
        assert_eq!(send(&service, "bad").await.status, 200);
        // Each waits from when it is received on; that it was refused, the problem alone tells.
        let told = format!("{number} refused record");
        wait_until("it to be refused", PATIENCE, async || {
            let health = service.health().await;
            let problem = health["problem"].as_str().unwrap_or_default();
            health["rejected"]["records"] == 1
                && health["records"]["waiting"] == number
                && (number == 0 || problem.starts_with(&told))
        })
        .await;
    }
    let padding = "x".repeat(10_000);
    let mut sent = 0;
    while sent * 10_000 < 3 * MIB {
        for _ in 0..5 {
            assert_eq!(send(&service, &padding).await.status, 200);
            sent += 1;
        }
        wait_until("what is good to be stored", PATIENCE, async || {
            let health = service.health().await;
            is_balanced(&health);
            let problem = health["problem"].as_str().unwrap_or_default();
            assert!(
                problem.starts_with("7 refused records wait in the spool"),
                "{health}"
            );
            health["records"]["stored"] == sent && health["records"]["waiting"] == 7
        })
        .await;
        wait_until("old segments to be removed", PATIENCE, async || {
            service.health().await["spool"]["bytes"].as_u64().unwrap() <= 3 * SEGMENT
        })
        .await;
    }
    service.kill();
    service.restart().await;
    is_balanced(&service.health().await);
    let loosen = doc! { "collMod": "logs", "validator": {} };
    database.run_command(loosen).await.unwrap();
    wait_until("what waits to be stored", PATIENCE, async || {
        let health = service.health().await;
        is_balanced(&health);
        let problem = health["problem"].as_str().unwrap_or_default();
        health["records"]["waiting"] == 0 && !problem.contains("refused")
    })
    .await;
    let logs = database.collection::<Document>("logs");
    assert_eq!(logs.count_documents(doc! {}).await.unwrap(), sent + 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_refused_records_is_told_and_stops_neither_start_nor_listing() {
    let mongod = Mongod::start().await;
    picky(&mongod).await;
    let service = on(&mongod).start().await;
    assert_eq!(
        service.batch(&json!([{"message": "bad"}])).await.status,
        200
    );
    assert_eq!(service.health().await["rejected"]["records"], 1);
    // Not killed: a batch whose end is not on disk yet is rightly refused, and kept, once more.
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let folder = service.data_dir().join("rejected");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), "LOGSREJ2, and then nothing of the kind").unwrap();
    service.restart().await;
    wait_until("/health to say so", PATIENCE, async || {
        let health = service.health().await;
        let problem = health["problem"].as_str().unwrap_or_default();
        health["status"] == "degraded" && problem.contains("damaged")
    })
    .await;
    assert_eq!(service.health().await["rejected"]["damagedFiles"], 1);
    assert!(service.log_text().contains(".damaged"));
    assert_eq!(
        service.batch(&json!([{"message": "bad"}])).await.status,
        200
    );
    let listed = service.get("/logs/rejected").await.json();
    assert_eq!(
        (&listed["total"], &listed["records"][0]["record"]["message"]),
        (&json!(1), &json!("bad"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_while_records_are_put_back_is_always_answered() {
    let mongod = Mongod::start().await;
    picky(&mongod).await;
    let service = Arc::new(on(&mongod).start().await);
    // Files that are not put together, so that one after another goes away.
    let large = "x".repeat(70_000);
    for _ in 0..10 {
        let batch = json!([{"message": "bad", "attributes": {"large": large}}]);
        assert_eq!(service.batch(&batch).await.status, 200);
    }
    let lists = Arc::clone(&service);
    let listing = tokio::spawn(async move {
        for _ in 0..50 {
            let listed = lists.get("/logs/rejected").await;
            assert_eq!(listed.status, 200, "{}", listed.text());
            let listed = listed.json();
            let records = listed["records"].as_array().unwrap().len() as u64;
            assert!(listed["total"].as_u64() >= Some(records), "{listed}");
        }
    });
    for _ in 0..5 {
        let replayed = service
            .post("/logs/rejected/replay", "application/json", "")
            .await;
        assert_eq!(replayed.status, 200, "{}", replayed.text());
    }
    listing.await.unwrap();
    wait_until(
        "what is refused again to be kept again",
        PATIENCE,
        async || {
            let health = service.health().await;
            health["records"]["waiting"] == 0 && health["rejected"]["records"] == 10
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_tells_its_refused_records_by_their_places_as_they_were_sent() {
    let mongod = Mongod::start().await;
    picky(&mongod).await;
    let service = on(&mongod).start().await;
    // The second one is larger than a stored record may be.
    let large = "x".repeat(9 * 1024 * 1024);
    let batch = json!([{"message": "good"}, {"message": large}, {"message": "bad"}]);
    let path = "/logs/batch?ack=stored";
    let reply = service.post(path, "application/json", batch.to_string());
    let reply = reply.await.json();
    assert_eq!(reply["durability"], "stored", "{reply}");
    let id = reply["batchId"].as_str().unwrap().to_owned();
    let told = service.get(&format!("/logs/batches/{id}")).await.json();
    let errors = told["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["index"] == 2), "{told}");
}
