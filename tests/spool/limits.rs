//! The bounds of the spool and of the disk: refused in the open, and it goes on by itself.

use std::process::Command;
use std::time::Duration;

use super::{PATIENCE, SPOOLED, record, send};
use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use crate::support::traffic::{retry_after, stored};
use crate::support::wait_until;
use serde_json::json;

const TEXT_BYTES: usize = 10_000;

/// A batch of one larger record, which has this number.
pub(super) fn filling(number: usize) -> String {
    let padding = "x".repeat(TEXT_BYTES);
    json!([{"message": format!("{number} {padding}")}]).to_string()
}

/// Sends larger records until one is refused: how many were taken, and the refusal.
async fn fill(service: &Service) -> (usize, Reply) {
    for number in 0..10_000 {
        let body = filling(number);
        let reply = service.post(SPOOLED, "application/json", body).await;
        if reply.status != 200 {
            return (number, reply);
        }
    }
    panic!("nothing was refused");
}

fn on(mongod: &Mongod) -> Builder {
    Service::builder().mongodb(&mongod.uri(), "logdb")
}

/// Changes a limit of the running process.
pub(super) fn limit(service: &Service, limit: &str) {
    let changed = Command::new("prlimit")
        .args(["--pid", &service.pid().to_string(), limit])
        .status();
    assert!(
        changed.unwrap().success(),
        "prlimit is a part of util-linux"
    );
}

pub(super) async fn taken_again(service: &Service) {
    wait_until("batches to be taken again", PATIENCE, async || {
        send(service, "again").await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_and_goes_on_by_itself_when_there_is_room() {
    let mongod = Mongod::start().await;
    let service = on(&mongod).env("SPOOL_MAX_BYTES", "1MiB").start().await;
    mongod.freeze();
    let (taken, refused) = fill(&service).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "spool_full");
    assert!(retry_after(&refused) >= Duration::from_secs(1));
    assert!(taken > 90, "{taken} batches of 10 KB in 1 MiB");
    let spool = &service.health().await["spool"];
    assert!(spool["bytes"].as_u64() > Some(1_000_000), "{spool}");
    assert!(service.log_text().contains("four fifths full"));
    mongod.thaw();
    taken_again(&service).await;
    let stored = stored(&service).await;
    assert_eq!(stored.len(), taken + 1);
    assert_eq!(stored["again"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room() {
    let mongod = Mongod::start().await;
    // What a file may hold stands for what the disk may.
    let service = on(&mongod).max_file_kib(256).start().await;
    mongod.freeze();
    let (taken, refused) = fill(&service).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "disk_full");
    assert!(refused.header("retry-after").is_some());
    assert!(taken > 20, "{taken} batches of 10 KB in 256 KiB");
    // A kill at this point: what was written in part is cut off, the rest is there.
    service.kill();
    service.restart().await;
    limit(&service, "--fsize=unlimited:");
    taken_again(&service).await;
    mongod.thaw();
    let stored = stored(&service).await;
    assert_eq!(stored.len(), taken + 1);
    assert!(stored.values().all(|times| *times == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_with_too_little_room_left_takes_nothing() {
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let service = settings.start().await;
    let refused = send(&service, "one").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "disk_full");
    assert_eq!(service.get("/logs/retrieve").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_has_one_process_also_with_mongodb() {
    let mongod = Mongod::start().await;
    let service = on(&mongod).start().await;
    let second = on(&mongod).data_dir(service.data_dir());
    let (status, _, stderr) = second.start_expecting_exit().await;
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("is in use by another aggregator"),
        "{stderr}"
    );
    assert_eq!(service.batch(&record("one")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_it_starts_without_any_room_hands_on_what_waits_and_refuses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mongod = Mongod::start().await;
    let killed = on(&mongod).data_dir(folder.path()).start().await;
    mongod.freeze();
    let (batches, refused) = (20, "not without room");
    super::spool(&killed, batches).await;
    killed.kill();
    mongod.thaw();
    let without_room = on(&mongod).data_dir(folder.path()).max_file_kib(0);
    // The second of these starts owes what the first could not write.
    for _ in 0..2 {
        let service = without_room.clone().start().await;
        let reply = send(&service, refused).await;
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(reply.json()["code"], "disk_full");
        assert_eq!(stored(&service).await.len(), batches);
        service.kill();
    }
    let service = on(&mongod).data_dir(folder.path()).start().await;
    taken_again(&service).await;
    let stored = stored(&service).await;
    assert_eq!(stored.len(), batches + 1, "{stored:?}");
    assert!(!stored.contains_key(refused) && stored.values().all(|times| *times == 1));
}
