//! `aggregator migrate`: a folder with rows becomes one with blocks, and all that was told of it before holds.

mod killed;
mod letters;
mod reading;
mod refusals;

use crate::support::http::Reply;
use crate::support::service::{Builder, Service};
use crate::support::traffic::{drained, stored};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody listens there: what is acknowledged stays in the spool.
const AWAY: &str = "mongodb://127.0.0.1:9/?directConnection=true";

fn on(folder: &Path) -> Builder {
    Service::builder().data_dir(folder)
}

/// With rows in a new folder.
fn rows(folder: &Path) -> Builder {
    on(folder).env("LAYOUT", "rows")
}

async fn migrate(settings: Builder) -> (ExitStatus, String, String) {
    settings.arg("migrate").start_expecting_exit().await
}

/// Moves the rows of a folder; what is said of it.
async fn moved(folder: &Path) -> String {
    let (status, stdout, stderr) = migrate(on(folder)).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_eq!(stderr, "", "nobody looks at it");
    stdout
}

async fn send(service: &Service, path: &str, key: Option<&str>, body: &Value) -> Reply {
    let json = ("content-type", "application/json");
    let keyed = key.map(|key| ("idempotency-key", key));
    let headers: Vec<_> = [json].into_iter().chain(keyed).collect();
    let reply = service.post_with(path, &headers, body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

async fn stop(service: Service) {
    service.terminate();
    let ended = service.wait_exit(PATIENCE).await;
    assert!(ended.success(), "{ended}");
}

fn dated(of: &str) -> Value {
    let attributes = json!({"n": [1, 2.5, null], "text": "ä\n\"", "deep": {"a.b": true}});
    json!([
        {"timestamp": "2024-10-08T00:00:00.000000001Z", "level": "INFO", "message": format!("first {of}")},
        {"timestamp": "2024-10-09T00:00:00Z", "level": "ERROR", "message": format!("second {of}"), "attributes": attributes},
        {"timestamp": "2024-10-10T00:00:00Z", "message": format!("third {of}")},
    ])
}

fn undated(of: &str) -> Value {
    json!([{"message": format!("undated {of}")}, {"level": "WARN", "message": format!("undated, too {of}")}])
}

/// What is in the spool only, of a folder with rows.
async fn left_in_the_spool(folder: &Path) {
    let away = on(folder).mongodb(AWAY, "logdb").start().await;
    let spooled = "/logs/batch?ack=spooled";
    send(&away, spooled, Some("waits"), &undated("in the spool")).await;
    let later = json!([{"timestamp": "2025-01-01T00:00:00Z", "message": "dated in the spool"}]);
    send(&away, spooled, None, &later).await;
    away.kill();
}

/// The answer to a page, and the address of the next.
async fn page(service: &Service, address: &str) -> (Value, Option<String>) {
    let reply = service.get(address).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let next = reply.header("x-next-cursor");
    let next = next.map(|cursor| format!("/logs/retrieve?limit=3&startTime=0&cursor={cursor}"));
    (reply.json(), next)
}

/// How many records were stored already, of all that was sent since the start.
async fn known(service: &Service) -> u64 {
    drained(service).await;
    let health = service.health().await;
    assert_eq!(health["records"]["stored"], 0, "{health}");
    health["records"]["alreadyStored"].as_u64().unwrap()
}

const STORED: &str = "/logs/batch?ack=stored";

/// A service that has rows of batches with keys and without.
async fn with_rows(folder: &Path) -> Service {
    let service = rows(folder).start().await;
    send(&service, STORED, Some("dated"), &dated("keyed")).await;
    send(&service, STORED, Some("undated"), &undated("keyed")).await;
    for _ in 0..2 {
        send(&service, STORED, None, &dated("without a key")).await;
    }
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_links_and_cursors_of_before_are_good_and_records_are_what_they_were() {
    let place = tempfile::tempdir().unwrap();
    let service = with_rows(place.path()).await;
    let whole = service.get("/logs/retrieve").await.json();
    let (_, after_first) = page(&service, "/logs/retrieve?limit=3&startTime=0").await;
    let after_first = after_first.unwrap();
    let (second, after_second) = page(&service, &after_first).await;
    let after_second = after_second.unwrap();
    let (third, _) = page(&service, &after_second).await;
    stop(service).await;

    let told = moved(place.path()).await;
    let said = "moved to blocks, and read back there: 11 records of ";
    assert!(told.starts_with(said), "{told}");
    let service = on(place.path()).start().await;
    assert_eq!(service.health().await["store"]["kind"], "blocks");
    assert_eq!(service.get("/logs/retrieve").await.json(), whole);
    for record in whole.as_array().unwrap() {
        let id = record["id"].as_str().unwrap();
        assert_eq!(service.get(&format!("/logs/{id}")).await.json(), *record);
    }
    assert_eq!(page(&service, &after_first).await.0, second);
    assert_eq!(page(&service, &after_second).await.0, third);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_spool_holds_is_moved_as_well_and_what_comes_again_is_stored_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    stop(with_rows(folder).await).await;
    left_in_the_spool(folder).await;
    let told = moved(folder).await;
    assert!(told.contains(": 14 records of "), "{told}");
    let mut service = on(folder).start().await;
    let mut expected = stored(&service).await;
    assert_eq!(expected.values().sum::<usize>(), 14);
    assert_eq!(expected["undated in the spool"], 1);
    for _ in 0..2 {
        let before = service.get("/logs/retrieve").await.json();
        send(&service, STORED, Some("dated"), &dated("keyed")).await;
        send(&service, STORED, Some("undated"), &undated("keyed")).await;
        send(&service, STORED, Some("waits"), &undated("in the spool")).await;
        assert_eq!(known(&service).await, 7);
        assert_eq!(service.get("/logs/retrieve").await.json(), before);
        stop(service).await;
        service = on(folder).start().await;
    }
    // What is new is taken.
    send(&service, STORED, Some("dated"), &dated("of another body")).await;
    let new = ["first", "second", "third"].map(|n| (format!("{n} of another body"), 1));
    expected.extend(new);
    assert_eq!(stored(&service).await, expected);
    stop(service).await;
    let again = moved(folder).await;
    assert!(
        again.contains("are in blocks: there is nothing to move"),
        "{again}"
    );
}
