//! Every series moves: with what is done to the service, or with what it is set to.

use super::PATIENCE;
use super::scrape::Scrape;
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::{Builder, Service};
use crate::support::stores::Backend;
use crate::support::traffic::post_head;
use crate::support::wait_until;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};

/// What no test can move: the version, and what says that records were lost.
const FIXED: [&str; 2] = ["aggregator_build_info", "aggregator_records_unaccounted"];

/// What was seen of each name in any service, at any time.
#[derive(Default)]
struct Seen(BTreeMap<String, BTreeSet<String>>);

impl Seen {
    async fn look(&mut self, service: &Service) -> Scrape {
        let scrape = Scrape::of(service).await;
        for (name, family) in &scrape.0 {
            let told = format!("{:?}", family.samples);
            self.0.entry(name.clone()).or_default().insert(told);
        }
        scrape
    }

    /// Names that were always told alike.
    fn still(&self) -> Vec<&str> {
        let still = self.0.iter().filter(|(_, told)| told.len() < 2);
        still.map(|(name, _)| name.as_str()).collect()
    }
}

/// On blocks: records of all fates, refusals, and searches.
async fn on_blocks(seen: &mut Seen) {
    let settings = Backend::Blocks.builder("moving").await;
    let settings = settings
        .env("REJECTED_MAX_BYTES", "40MiB")
        .env("WORKERS", "2");
    let settings = settings
        .env("MAX_INFLIGHT_BYTES", "300MiB")
        .env("QUEUE_CAPACITY", "8")
        .env("BLOCK_CACHE_BYTES", "32MiB");
    let settings = settings
        .env("TOKIO_WORKER_THREADS", "3")
        .max_open_files(2_000);
    let service = settings.env("MAX_READ_BYTES", "100MiB").start().await;
    seen.look(&service).await;
    let batch = json!([{ "message": "one" }, { "timestamp": "yesterday", "message": "two" }]);
    assert_eq!(service.batch(&batch).await.status, 200);
    let large = json!([{ "message": "x".repeat(9 * 1024 * 1024) }]);
    assert_eq!(service.batch(&large).await.status, 200);
    for _ in 0..16 {
        assert_eq!(service.batch(&batch).await.status, 200);
    }
    wait_until("small blocks to be merged", PATIENCE, async || {
        seen.look(&service).await.value("aggregator_merges_total") > 0.0
    })
    .await;
    for _ in 0..2 {
        assert_eq!(service.get("/logs/retrieve?q=one").await.status, 200);
    }
    assert_eq!(service.get("/logs/rejected").await.status, 200);
    let asked = service
        .http()
        .get(service.url("/"))
        .header("host", "odd.example");
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 421);
    let mut sender = RawClient::connect(service.address()).await;
    sender
        .send(format!("{}[", post_head(100_000)))
        .await
        .unwrap();
    wait_until("the head to be read", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_memory_reserved_bytes{of=\"requests\"}") > 0.0
    })
    .await;
    drop(sender);
    // Of what is set aside, a file that is not what was written.
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let folder = service.data_dir().join("rejected");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    fs::write(file.path(), "LOGSREJ2, and then nothing of the kind").unwrap();
    service.restart().await;
    wait_until("the damaged file to be told", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_set_aside_damaged_files") > 0.0
    })
    .await;
}

/// As it is set by itself; and in rows, a key whose batch has no time of its own.
async fn on_rows(seen: &mut Seen) {
    let service = Service::builder().start().await;
    seen.look(&service).await;
    let service = Backend::Sqlite.start("moving_rows").await;
    seen.look(&service).await;
    let keyed = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let taken = service.post_with("/logs/batch?ack=stored", &keyed, r#"[{"message":"one"}]"#);
    assert_eq!(taken.await.status, 200);
    assert_eq!(service.get("/logs/retrieve?q=two").await.status, 404);
    wait_until("the key to be counted", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_store_receipts") > 0.0
    })
    .await;
    let paused = service.post("/operate/drain/pause", "application/json", "");
    assert_eq!(paused.await.status, 200);
    let backup = File::open(service.data_dir().join("backup.lock")).unwrap();
    backup.lock().unwrap();
    let told = seen.look(&service).await;
    for name in ["aggregator_drain_paused", "aggregator_backup_under_way"] {
        assert_eq!(told.value(name), 1.0, "{name}");
    }
}

async fn send(service: &Service, message: &str) -> u16 {
    let body = json!([{ "message": message }]).to_string();
    let path = "/logs/batch?ack=spooled";
    service.post(path, "application/json", body).await.status
}

/// Questions that MongoDB does not answer, more than there are workers.
fn ask_in_vain(service: &Service) -> Vec<tokio::task::JoinHandle<()>> {
    let ask = |_| {
        let asked = service.http().get(service.url("/logs/retrieve"));
        tokio::spawn(async move { drop(asked.send().await) })
    };
    (0..6).map(ask).collect()
}

/// On MongoDB: an outage, a spool that fills, and a start that finds what waits in it.
async fn on_mongodb(seen: &mut Seen) {
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let settings = settings.env("WORKERS", "1").env("SPOOL_MAX_BYTES", "1MiB");
    let service = settings.env("REQUEST_TIMEOUT", "3s").start().await;
    let keyed = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let taken = service.post_with("/logs/batch?ack=stored", &keyed, r#"[{"message":"one"}]"#);
    assert_eq!(taken.await.status, 200);
    seen.look(&service).await;
    mongod.freeze();
    let questions = ask_in_vain(&service);
    assert_eq!(send(&service, "two").await, 200);
    wait_until("jobs to wait and to run", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_lane_queued{lane=\"read\"}") > 0.0
            && told.value("aggregator_lane_busy{lane=\"write\"}") > 0.0
    })
    .await;
    for question in questions {
        question.await.unwrap();
    }
    wait_until("the spool to be full", PATIENCE, async || {
        send(&service, &"x".repeat(200_000)).await == 503
    })
    .await;
    let told = seen.look(&service).await;
    assert_eq!(told.value("aggregator_ready"), 0.0);
    mongod.kill();
    wait_until(
        "the breaker to open, and the store to be told away",
        PATIENCE,
        async || {
            drop(service.get("/logs/retrieve").await);
            let told = seen.look(&service).await;
            let open = "aggregator_breaker_state{lane=\"read\",state=\"open\"}";
            told.value("aggregator_store_available") == 0.0 && told.value(open) == 1.0
        },
    )
    .await;
    service.kill();
    tear(&service);
    service.restart().await;
    let told = seen.look(&service).await;
    assert!(told.value("aggregator_records_recovered_total") > 1.0);
    mongod.restart().await;
    wait_until("all to be stored", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_records_waiting") == 0.0
    })
    .await;
}

/// Puts behind the newest segment what a write leaves there that was cut off by a crash.
fn tear(service: &Service) {
    let entries = fs::read_dir(service.data_dir().join("spool")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let segments = paths.filter(|path| path.extension().is_some_and(|end| end == "seg"));
    let newest = segments.max().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    bytes.extend_from_slice(b"FRAM");
    fs::write(&newest, bytes).unwrap();
}

/// A log that nobody reads, of a service that says much.
async fn unread(seen: &mut Seen) {
    let settings: Builder = Service::builder().mongodb("mongodb://127.0.0.1:1", "logs");
    let service = settings.env("RUST_LOG", "debug").start().await;
    service.leave_log_unread();
    wait_until("lines to be left out", PATIENCE, async || {
        let questions = (0..100).map(|_| service.get("/logs/retrieve"));
        futures_util::future::join_all(questions).await;
        let told = seen.look(&service).await;
        told.value("aggregator_log_lines_left_out_total") > 0.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_series_moves() {
    let mut seen = Seen::default();
    on_blocks(&mut seen).await;
    on_rows(&mut seen).await;
    on_mongodb(&mut seen).await;
    unread(&mut seen).await;
    assert_eq!(seen.still(), FIXED);
}
