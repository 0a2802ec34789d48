//! `aggregator store` as an operator runs it: on a folder at rest, beside a running service, and on one that is damaged.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::binaries;
use crate::support::query::Ended;
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::{Senders, drained};

const PATIENCE: Duration = Duration::from_secs(60);
const PAGE: usize = 8_192;

async fn store(data_dir: &Path, args: &[&str]) -> Ended {
    let mut command = Service::builder().data_dir(data_dir).arg("store");
    for arg in args {
        command = command.arg(*arg);
    }
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    Ended {
        code: status.code().expect("it ends by itself"),
        stdout,
        stderr,
    }
}

/// The objects that a command wrote, one a line.
fn objects(ended: &Ended) -> Vec<Value> {
    let lines = ended.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// A day's records, under a key.
async fn send(service: &Service, day: u8, count: usize) {
    let record = |number: usize| json!({"timestamp": format!("2024-10-{day:02}T00:00:00Z"), "level": "INFO", "message": format!("day {day}, {number}")});
    let body: Value = (0..count).map(record).collect();
    let key = format!("day {day}").replace(' ', "-");
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", &key),
    ];
    let reply = service
        .post_with("/logs/batch", &headers, body.to_string())
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// A service that has stopped, with ten records of each of three days.
async fn stopped(backend: Backend) -> Service {
    let service = backend.start("store_command").await;
    for day in 7..10 {
        send(&service, day, 10).await;
    }
    drained(&service).await;
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_at_rest_is_sound_and_counted() {
    for (backend, layout) in [(Backend::Blocks, "blocks"), (Backend::Sqlite, "rows")] {
        let service = stopped(backend).await;
        let verified = store(service.data_dir(), &["verify"]).await;
        assert_eq!((verified.code, verified.stderr.as_str()), (0, ""));
        let said = "from 2024-10-07T00:00:00Z to 2024-10-09T00:00:00Z";
        assert!(
            verified.stdout.contains("30 records") && verified.stdout.contains(said),
            "{verified:?}"
        );
        assert!(verified.stdout.ends_with("\nsound\n"), "{verified:?}");
        let counted = store(service.data_dir(), &["stats", "-o", "json"]).await;
        assert_eq!(counted.code, 0, "{counted:?}");
        let counted = &objects(&counted)[0];
        assert_eq!(
            (&counted["layout"], &counted["records"]),
            (&json!(layout), &json!(30))
        );
        let days: Vec<_> = counted["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| {
                (
                    day["day"].as_str().unwrap(),
                    day["records"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            days,
            [("2024-10-07", 10), ("2024-10-08", 10), ("2024-10-09", 10)]
        );
        let lines = store(service.data_dir(), &["stats"]).await;
        assert!(
            lines.stdout.starts_with(&format!("store     {layout} in ")),
            "{lines:?}"
        );
        assert!(
            lines.stdout.contains("records   30 records from"),
            "{lines:?}"
        );
        if backend == Backend::Blocks {
            assert_eq!(counted["ledger"]["ownKeys"], 3, "{counted}");
        }
        // What was looked at is served as before.
        service.restart().await;
        let all = service.get("/logs/retrieve?format=ndjson").await;
        assert_eq!(all.text().lines().count(), 30);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_services_store_is_looked_at_with_what_its_log_has() {
    let service = Backend::Blocks.start("store_killed").await;
    send(&service, 7, 10).await;
    drained(&service).await;
    service.kill();
    let verified = store(service.data_dir(), &["verify", "-o", "json"]).await;
    assert_eq!(verified.code, 0, "{verified:?}");
    assert_eq!(objects(&verified)[0]["records"], 10, "{verified:?}");
    service.restart().await;
    send(&service, 8, 10).await;
    drained(&service).await;
    let all = service.get("/logs/retrieve?format=ndjson").await;
    assert_eq!(all.text().lines().count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_service_that_stores_and_merges_all_is_sound() {
    for backend in [Backend::Blocks, Backend::Sqlite] {
        let service = Arc::new(backend.start("store_beside").await);
        let senders = Senders::start(&service, 4);
        let mut before = 0;
        for _ in 0..5 {
            senders.wait_for_more(40).await;
            let verified = store(service.data_dir(), &["verify", "-o", "json"]).await;
            assert_eq!(verified.code, 0, "{verified:?}");
            let records = objects(&verified)[0]["records"].as_u64().unwrap();
            assert!(records >= before, "{records} after {before}");
            before = records;
            let counted = store(service.data_dir(), &["stats", "-o", "json"]).await;
            let counted = objects(&counted)[0]["records"].as_u64().unwrap();
            assert!(counted >= before, "{counted} after {before}");
        }
        senders.finish().await;
        drained(&service).await;
        assert!(before > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_block_is_told_with_the_records_that_it_held() {
    let service = stopped(Backend::Blocks).await;
    let file = service.data_dir().join("blocks.sqlite3");
    let connection = Connection::open(&file).unwrap();
    // Merged or not, the first of them has day 7.
    let sql = "UPDATE blocks SET filter = zeroblob(length(filter)) WHERE number = (SELECT number FROM summaries ORDER BY day LIMIT 1)";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    drop(connection);
    let verified = store(service.data_dir(), &["verify"]).await;
    assert_eq!(
        (verified.code, verified.stderr.as_str()),
        (1, ""),
        "{verified:?}"
    );
    for said in [
        "damaged: block ",
        ": the filter: the checksum of a block's filter does not fit\n",
        "\n  10 records of 2024-10-07T00:00:00Z\n",
        ": 10 records at 0-9 of 2024-10-07T00:00:00Z\n",
        ": 20 records in 2 blocks from 2024-10-08T00:00:00Z",
        "\n10 records in what is damaged\ndamaged\n",
    ] {
        assert!(
            verified.stdout.contains(said),
            "{said}: {}",
            verified.stdout
        );
    }
    let verified = store(service.data_dir(), &["verify", "-o", "json"]).await;
    let told = objects(&verified);
    assert_eq!(told.len(), 2, "{told:?}");
    let batch = &told[0]["records"]["batches"][0];
    assert_eq!(
        (&batch["records"], &batch["positions"]),
        (&json!(10), &json!("0-9"))
    );
    // It is the batch that the service tells of.
    service.restart().await;
    let path = format!("/logs/batches/{}", batch["batchId"].as_str().unwrap());
    send(&service, 7, 10).await;
    let status = service.get(&path).await;
    assert_eq!(
        (status.status, &status.json()["alreadyStored"]),
        (200, &json!(10))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_overwritten_are_told_and_what_is_left_is_looked_at() {
    let service = stopped(Backend::Blocks).await;
    let file = service.data_dir().join("blocks.sqlite3");
    let whole = fs::read(&file).unwrap();
    for page in 0..whole.len() / PAGE {
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xff);
        fs::write(&file, &bytes).unwrap();
        let verified = store(service.data_dir(), &["verify"]).await;
        // Never a panic, which is 101.
        assert_eq!(
            (verified.code, verified.stderr.as_str()),
            (1, ""),
            "page {page}: {verified:?}"
        );
        assert!(
            verified.stdout.starts_with("damaged: "),
            "page {page}: {verified:?}"
        );
        assert!(
            verified.stdout.ends_with("\ndamaged\n"),
            "page {page}: {verified:?}"
        );
    }
    fs::write(&file, b"no database at all, but long enough to be one").unwrap();
    let verified = store(service.data_dir(), &["verify"]).await;
    assert_eq!(verified.code, 1, "{verified:?}");
    assert!(
        verified.stdout.contains("file is not a database"),
        "{verified:?}"
    );
    let counted = store(service.data_dir(), &["stats"]).await;
    assert_eq!((counted.code, counted.stdout.as_str()), (1, ""));
    assert!(
        counted
            .stderr
            .contains("`aggregator store verify` tells more"),
        "{counted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_a_store_is_told_and_flags_are_taken_before_the_command() {
    let empty = tempfile::tempdir().unwrap();
    for what in ["verify", "stats"] {
        let missing = store(empty.path(), &[what]).await;
        assert_eq!((missing.code, missing.stdout.as_str()), (1, ""));
        let said = "error: there is no embedded store in the data folder ";
        assert!(missing.stderr.starts_with(said), "{missing:?}");
    }
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
    let service = stopped(Backend::Blocks).await;
    let folder = service.data_dir().to_str().unwrap();
    let command = Service::builder()
        .data_dir(empty.path())
        .arg("--data-dir")
        .arg(folder);
    let (status, stdout, _) = command
        .arg("store")
        .arg("verify")
        .start_expecting_exit()
        .await;
    assert_eq!(status.code(), Some(0), "{stdout}");
    assert!(stdout.ends_with("sound\n"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_what_verify_says_is_not_told_that_all_is_sound() {
    let service = stopped(Backend::Blocks).await;
    for (what, code) in [("verify", 1), ("stats", 0)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(binaries::aggregator());
        command
            .args(["store", what, "--data-dir"])
            .arg(service.data_dir())
            .stdout(writer);
        let ended = tokio::task::spawn_blocking(move || command.output().unwrap());
        let ended = ended.await.unwrap();
        assert_eq!(ended.status.code(), Some(code), "{what}: {ended:?}");
    }
}
