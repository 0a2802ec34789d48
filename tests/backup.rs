//! `aggregator backup` beside a service that is being written to, and `aggregator restore`: all that was acknowledged
//! before is there, once, and what is sent again changes nothing.

mod refusals;

use crate::support::mongod;
use crate::support::service::{Builder, Service};
use crate::support::stores::database;
use crate::support::traffic::{Stored, drained, stored};
use crate::support::wait_until;
use serde_json::json;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(60);
const SENDERS: usize = 3;
/// Nobody listens there: what is acknowledged stays in the spool.
const AWAY: &str = "mongodb://127.0.0.1:9/?directConnection=true";

fn on(folder: &Path) -> Builder {
    Service::builder().data_dir(folder)
}

async fn run(folder: &Path, command: &str, of: &Path) -> (ExitStatus, String, String) {
    let command = on(folder).arg(command).arg(of.display().to_string());
    command.start_expecting_exit().await
}

/// What is said of it.
async fn done(folder: &Path, command: &str, of: &Path) -> String {
    let (status, stdout, stderr) = run(folder, command, of).await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    stdout
}

async fn stop(service: &Service) {
    service.terminate();
    let ended = service.wait_exit(PATIENCE).await;
    assert!(ended.success(), "{ended}");
}

/// Batches that are sent one behind another, by several at a time.
struct Load {
    stop: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<String>>>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(service: &Arc<Service>) -> Self {
        let (stop, taken) = (
            Arc::<AtomicBool>::default(),
            Arc::<Mutex<Vec<String>>>::default(),
        );
        let sender = |sender: usize| {
            let (service, stop, taken) =
                (Arc::clone(service), Arc::clone(&stop), Arc::clone(&taken));
            tokio::spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let key = format!("{sender}-{number}");
                    send(&service, &key).await;
                    taken.lock().unwrap().push(key);
                    number += 1;
                }
            })
        };
        Self {
            senders: (0..SENDERS).map(sender).collect(),
            stop,
            taken,
        }
    }

    /// The keys of those that are taken.
    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    async fn wait_for_more(&self, more: usize) {
        let goal = self.taken().len() + more;
        wait_until("more batches to be taken", PATIENCE, async || {
            self.taken().len() >= goal
        })
        .await;
    }

    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders {
            sender.await.unwrap();
        }
        let taken = self.taken.lock().unwrap();
        taken.clone()
    }
}

/// Three records, of which none has a time of its own in every other batch.
async fn send(service: &Service, key: &str) {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let is_dated = key.ends_with(['1', '3', '5', '7', '9']);
    let record = |message: String| match is_dated {
        true => json!({"message": message, "level": "INFO", "timestamp": "2024-10-08T00:00:00Z"}),
        false => json!({"message": message}),
    };
    let records: Vec<_> = messages(key).into_iter().map(record).collect();
    let body = json!(records).to_string();
    let path = "/logs/batch?ack=spooled";
    let reply = service.post_with(path, &headers, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn messages(key: &str) -> Vec<String> {
    (0..3).map(|record| format!("{key}-r{record}")).collect()
}

/// Each of these records once, whatever else there is, of which nothing is there twice.
fn assert_each_once(keys: &[String], stored: &Stored) {
    for message in keys.iter().flat_map(|key| messages(key)) {
        assert_eq!(stored.get(&message), Some(&1), "{message}");
    }
    let doubled = stored.iter().find(|(_, count)| **count > 1);
    assert_eq!(doubled, None);
}

async fn a_service_that_is_written_to(layout: &str) {
    let place = tempfile::tempdir().unwrap();
    let [first, backup, second] = ["first", "backup", "second"].map(|name| place.path().join(name));
    let service = on(&first).env("LAYOUT", layout).start().await;
    let service = Arc::new(service);
    let too_large = json!([{"message": "x".repeat(9 << 20)}]);
    let aside = service.batch(&too_large).await;
    assert_eq!(aside.status, 200, "{}", aside.text());
    let load = Load::start(&service);
    load.wait_for_more(60).await;
    let before = load.taken();
    let told = done(&first, "backup", &backup).await;
    assert!(told.contains(&format!("records in {layout}")), "{told}");
    load.wait_for_more(30).await;
    let all = load.end().await;
    service.kill();

    let told = done(&second, "restore", &backup).await;
    assert!(told.contains("a service may start on it now"), "{told}");
    let restored = on(&second).start().await;
    assert_each_once(&before, &stored(&restored).await);
    let aside = restored.get("/logs/rejected").await.json();
    assert_eq!(aside["total"], 1, "{aside}");
    for key in &all {
        send(&restored, key).await;
    }
    let after = stored(&restored).await;
    assert_each_once(&all, &after);
    assert_eq!(after.len(), 3 * all.len());
    stop(&restored).await;
    for command in ["store", "spool"] {
        let verify = on(&second).arg(command).arg("verify");
        let (status, stdout, stderr) = verify.start_expecting_exit().await;
        assert!(status.success(), "{stdout}{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_service_with_blocks_that_is_written_to_has_all_of_before_once() {
    a_service_that_is_written_to("blocks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_service_with_rows_that_is_written_to_has_all_of_before_once() {
    a_service_that_is_written_to("rows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_backup_has_it_all_again() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = place.path().join("0");
    let service = on(&folder).start().await;
    send(&service, "first").await;
    drained(&service).await;
    stop(&service).await;
    for round in 1..3 {
        let [backup, next] =
            [format!("backup{round}"), round.to_string()].map(|name| place.path().join(name));
        done(&folder, "backup", &backup).await;
        done(&next, "restore", &backup).await;
        folder = next;
    }
    let service = on(&folder).start().await;
    assert_each_once(&["first".to_owned()], &stored(&service).await);
}

#[tokio::test]
async fn with_mongodb_what_waits_is_backed_up_and_it_says_what_mongodump_has_to_do() {
    let place = tempfile::tempdir().unwrap();
    let [first, backup, second] = ["first", "backup", "second"].map(|name| place.path().join(name));
    let service = on(&first).mongodb(AWAY, "logdb").start().await;
    send(&service, "waits").await;
    let told = done(&first, "backup", &backup).await;
    for said in [
        "no embedded store",
        "run mongodump now",
        "--oplog",
        "_receipts",
        "mongorestore first",
    ] {
        assert!(told.contains(said), "{told}");
    }
    service.kill();
    done(&second, "restore", &backup).await;
    let mongod = mongod::shared().await;
    let database = database("backup");
    let service = on(&second).mongodb(&mongod.uri(), &database).start().await;
    assert_each_once(&["waits".to_owned()], &stored(&service).await);
}

#[tokio::test]
async fn a_store_of_before_that_lies_beside_mongodb_is_no_reason_to_leave_mongodump_out() {
    let place = tempfile::tempdir().unwrap();
    let [folder, backup] = ["folder", "backup"].map(|name| place.path().join(name));
    let service = on(&folder).start().await;
    send(&service, "before").await;
    drained(&service).await;
    stop(&service).await;
    let command = on(&folder).mongodb(AWAY, "logdb").arg("backup");
    let command = command.arg(backup.to_str().unwrap());
    let (status, told, stderr) = command.start_expecting_exit().await;
    assert!(status.success(), "{told}{stderr}");
    for said in [
        "records in blocks",
        "MONGODB_URI is set",
        "run mongodump now",
    ] {
        assert!(told.contains(said), "{told}");
    }
}
