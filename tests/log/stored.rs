//! `LOG_TO_STORE`: what the service says is found like what others say, and one line never leads to another for ever.

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::wait_until;
use bson::doc;
use serde_json::{Map, Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const OWN: &str = "/logs/retrieve?attr.service=aggregator";
const RESUMED: &str = "the drain is resumed by an operator";
/// What is said of records that the store did not take.
const UNSTORED: &str = "aggregator::deliver::unstored";

async fn operate(service: &Service, path: &str) -> Reply {
    let reply = service.post(path, "application/json", "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

/// Lines on standard error.
fn said(service: &Service) -> Vec<Map<String, Value>> {
    let log = service.log_text();
    let lines = log.lines().map(serde_json::from_str);
    lines.map(Result::unwrap).collect()
}

/// Those that are for the store, as a record has them: level, message and attributes.
fn for_store(service: &Service) -> Vec<Value> {
    let is_for_store = |line: &Map<String, Value>| {
        ["INFO", "WARN", "ERROR"]
            .map(Value::from)
            .contains(&line["level"])
            && line["target"] != UNSTORED
    };
    let lines = said(service).into_iter().filter(is_for_store);
    let records = lines.map(|mut line| {
        line.remove("timestamp");
        let [level, message] = ["level", "message"].map(|name| line.remove(name).unwrap());
        for (name, value) in [("service", "aggregator"), ("instance", "logs-1")] {
            line.insert(name.to_owned(), value.into());
        }
        json!([level, message, line])
    });
    records.collect()
}

/// Records of its own log that are stored, in the same form.
async fn stored(service: &Service) -> Vec<Value> {
    let reply = service.get(OWN).await;
    if reply.status == 404 {
        return Vec::new();
    }
    assert_eq!(reply.status, 200, "{}", reply.text());
    let records = reply.json();
    let records = records.as_array().unwrap().iter();
    records
        .map(|record| json!([record["level"], record["message"], record["attributes"]]))
        .collect()
}

/// Waits until this is stored.
async fn wait_for(service: &Service, message: &str) {
    wait_until(message, PATIENCE, async || {
        let stored = stored(service).await;
        stored.iter().any(|record| record[1] == message)
    })
    .await;
}

async fn each_line_is_stored_once_and_leads_to_no_other(backend: Backend, name: &str) {
    let settings = backend.builder(name).await.env("LOG_TO_STORE", "true");
    let settings = settings.env("INSTANCE", "logs-1");
    let service = settings.env("RUST_LOG", "debug").start().await;
    // Each is stored before the next is said, so that a line of a line would be there as well.
    let paused = "the drain is paused by an operator: batches wait in the spool";
    wait_for(&service, "listening").await;
    operate(&service, "/operate/drain/pause").await;
    operate(&service, "/operate/drain/resume").await;
    wait_for(&service, RESUMED).await;
    wait_for(&service, paused).await;
    let refused = service.post("/v1/logs", "application/json", "[").await;
    assert_eq!(refused.status, 400);
    operate(&service, "/operate/drain/pause").await;
    operate(&service, "/operate/drain/resume").await;
    let times = |records: &[Value]| records.iter().filter(|record| record[1] == RESUMED).count();
    wait_until("all to be stored", PATIENCE, async || {
        times(&stored(&service).await) == 2
    })
    .await;
    wait_until("all to be said", PATIENCE, async || {
        times(&for_store(&service)) == 2
    })
    .await;
    let (mut stored, mut said) = (stored(&service).await, for_store(&service));
    for records in [&mut stored, &mut said] {
        records.sort_by_key(Value::to_string);
    }
    assert_eq!(stored, said);
    let ids = stored
        .iter()
        .filter(|record| record[2]["request_id"].is_string());
    assert!(ids.count() >= 2, "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_stored_once_and_leads_to_no_other_in_blocks() {
    each_line_is_stored_once_and_leads_to_no_other(Backend::Blocks, "own_log_blocks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_stored_once_and_leads_to_no_other_in_mongodb() {
    each_line_is_stored_once_and_leads_to_no_other(Backend::MongoDb, "own_log_mongodb").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_until_its_stop_is_there_after_the_next_start_also_of_a_log_for_people() {
    let settings = Service::builder()
        .env("LOG_TO_STORE", "true")
        .env("INSTANCE", "logs-1");
    let service = settings.env("LOG_FORMAT", "text").start().await;
    let ask = service.http().get(service.url("/no/such/page"));
    assert_eq!(ask.send().await.unwrap().status(), 404);
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    service.restart().await;
    let stopping = "stopping: finishing what was accepted (a second signal ends at once)";
    wait_for(&service, stopping).await;
    let stored = stored(&service).await;
    let starts = stored.iter().filter(|record| record[1] == "starting");
    assert!(starts.count() >= 1, "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_line_of_the_log_does_not_make_it_say_so_for_ever() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let picky = doc! { "attributes.service": { "$ne": "aggregator" } };
    let created = database.create_collection("logs").validator(picky);
    created.await.unwrap();
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let settings = settings.env("INSTANCE", "logs-1");
    let service = settings.env("LOG_TO_STORE", "true").start().await;
    let refused = async || {
        let listed = service.get("/logs/rejected").await.json();
        listed["total"].as_u64().unwrap()
    };
    for round in 1..=3 {
        operate(&service, "/operate/drain/pause").await;
        operate(&service, "/operate/drain/resume").await;
        wait_until("what was said to be refused", PATIENCE, async || {
            let said = for_store(&service);
            let rounds = said.iter().filter(|line| line[1] == RESUMED).count();
            rounds == round && refused().await == said.len() as u64
        })
        .await;
    }
    let told = said(&service).into_iter();
    let told = told.filter(|line| line["target"] == UNSTORED).count();
    assert!((1..=8).contains(&told), "{told}");
}
