//! Every series moves: what counts with what is done to the service, and the rest with that or with what it is set to.

use super::PATIENCE;
use super::scrape::{Family, Scrape, labels};
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::{Builder, Service};
use crate::support::stores::Backend;
use crate::support::tail::Tail;
use crate::support::traffic::post_head;
use crate::support::wait_until;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use tokio::task::JoinSet;

/// What no test can move: the version, and what says that records were lost.
const FIXED: [&str; 2] = ["aggregator_build_info", "aggregator_records_unaccounted"];

/// What only a fault makes count, of the service or in what a store holds, or a moment that nobody can choose from outside:
/// a job whose caller leaves while it waits, a tail that is left behind. The tests of what counts them (`breaker::calls`,
/// `worker`, `search::tail`) have each.
const BY_FAULTS: [&str; 12] = [
    "aggregator_lane_jobs_total{outcome=\"panicked\"}",
    "aggregator_lane_jobs_total{outcome=\"skipped\"}",
    "aggregator_store_call_errors_total{error=\"damaged\"}",
    "aggregator_store_call_errors_total{error=\"newer_format\"}",
    "aggregator_store_call_errors_total{error=\"panicked\"}",
    "aggregator_store_call_errors_total{error=\"query_too_slow\"}",
    "aggregator_store_call_errors_total{error=\"record_too_slow\"}",
    "aggregator_store_call_errors_total{error=\"rejected\"}",
    "aggregator_store_call_errors_total{error=\"unsuitable\"}",
    "aggregator_tail_dropped_records_total",
    "aggregator_tail_drops_total",
    "aggregator_tail_gaps_total",
];

/// A label by which it does not matter what moves: any operation fails alike.
const ALIKE: (&str, &str) = ("aggregator_store_call_errors_total", "operation");

/// What was seen in any service, at any time.
#[derive(Default)]
struct Seen {
    /// Of what goes up and down, by its name: it is told otherwise at another time, or by a service that is set
    /// otherwise.
    gauges: BTreeMap<String, BTreeSet<String>>,
    /// Of what only grows, by its name and by each value of each label: whether any such series has counted anything.
    counters: BTreeMap<String, bool>,
}

impl Seen {
    async fn look(&mut self, service: &Service) -> Scrape {
        let scrape = Scrape::of(service).await;
        for (name, family) in &scrape.0 {
            if family.kind == "gauge" {
                let told = format!("{:?}", family.samples);
                self.gauges.entry(name.clone()).or_default().insert(told);
                continue;
            }
            for (series, count) in counts(family) {
                let values = labels(series).into_iter();
                let values = values.filter(|(label, _)| (name.as_str(), *label) != ALIKE);
                let parts = values.map(|(label, value)| format!("{name}{{{label}=\"{value}\"}}"));
                for part in parts.chain([name.clone()]) {
                    *self.counters.entry(part).or_default() |= count > 0.0;
                }
            }
        }
        scrape
    }

    /// What was always told alike, and what has never counted anything.
    fn still(&self) -> [Vec<&str>; 2] {
        let gauges = self.gauges.iter().filter(|(_, told)| told.len() < 2);
        let counters = self.counters.iter().filter(|(_, has_moved)| !**has_moved);
        [
            gauges.map(|(name, _)| name.as_str()).collect(),
            counters.map(|(part, _)| part.as_str()).collect(),
        ]
    }
}

/// The series that only grow, by whole numbers if it is a histogram.
fn counts(family: &Family) -> impl Iterator<Item = (&str, f64)> {
    let is_histogram = family.kind == "histogram";
    let samples = family.samples.iter();
    let counts = samples.filter(move |(series, _)| {
        let name = series.split('{').next().unwrap_or_default();
        !is_histogram || name.ends_with("_count")
    });
    counts.map(|(series, count)| (series.as_str(), *count))
}

/// Records of which there is something to tell, one for each reason.
fn told_of() -> String {
    let (deep, many) = ("[".repeat(200) + &"]".repeat(200), "0,".repeat(100_000));
    [
        r#"{"timestamp":"never","message":"a"}"#,
        r#"{"level":7.5,"message":"b"}"#,
        "no JSON",
        r#"{"message":"\ud800"}"#,
        r#"{"message":"c","number":1e400}"#,
        &format!(r#"{{"message":"d","deep":{deep}}}"#),
        &format!(r#"{{"message":"e","many":[{many}0]}}"#),
    ]
    .join("\n")
}

/// A record by every protocol, and some that are not taken.
async fn by_every_protocol(service: &Service) {
    let journal = "__CURSOR=s=9b2f;i=1;b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=one\n\n";
    let otlp =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"one"}}]}]}]}"#;
    let loki = r#"{"streams":[{"stream":{"a":"b"},"values":[["1700000000000000000","one"]]}]}"#;
    let documents = "{\"create\":{\"_id\":\"1\"}}\n{\"message\":\"one\"}\n";
    let json = "application/json";
    for (path, content_type, body) in [
        ("/logs/batch", "application/x-ndjson", &*told_of()),
        ("/v1/logs", json, otlp),
        ("/loki/api/v1/push", json, loki),
        ("/_bulk", json, documents),
        ("/_bulk", json, documents),
        ("/services/collector/raw", "text/plain", "one"),
        ("/api/v2/logs", json, r#"[{"message":"one"}]"#),
        (
            "/gelf",
            json,
            r#"{"version":"1.1","host":"a","short_message":"one"}"#,
        ),
        ("/upload", "application/vnd.fdo.journal", journal),
    ] {
        let reply = service.post(path, content_type, body.to_owned()).await;
        assert!(reply.status < 300, "{path}: {}", reply.text());
    }
    let strict = "/logs/batch?strict=true";
    let refused = service
        .post(strict, json, r#"[{"level":7.5,"message":"b"}]"#)
        .await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let keyed = [("content-type", json), ("idempotency-key", "once")];
    for (body, status) in [("[{\"message\":\"one\"}]", 200), ("[1]", 422)] {
        let reply = service
            .post_with("/logs/batch", &keyed, body.to_owned())
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
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
        .env("BLOCK_CACHE_BYTES", "32MiB")
        .env("RETENTION_DEBUG", "1day")
        .env("MAX_STORE_BYTES", "1GiB");
    let settings = settings
        .env("TOKIO_WORKER_THREADS", "3")
        .max_open_files(2_000);
    let settings = settings.env("MAX_TAILS", "7");
    let service = settings.env("MAX_READ_BYTES", "100MiB").start().await;
    seen.look(&service).await;
    of_two_ages(seen, &service).await;
    let mut tail = Tail::open(&service, "").await;
    let batch = json!([{ "message": "one" }, { "timestamp": "yesterday", "message": "two" }]);
    assert_eq!(service.batch(&batch).await.status, 200);
    let large = json!([{ "message": "x".repeat(9 * 1024 * 1024) }]);
    assert_eq!(tail.messages(2).await, ["one", "two"]);
    seen.look(&service).await;
    drop(tail);
    assert_eq!(service.batch(&large).await.status, 200);
    for _ in 0..16 {
        assert_eq!(service.batch(&batch).await.status, 200);
    }
    wait_until("small blocks to be merged", PATIENCE, async || {
        seen.look(&service).await.value("aggregator_merges_total") > 0.0
    })
    .await;
    by_every_protocol(&service).await;
    for question in ["retrieve", "retrieve", "histogram", "facets"] {
        let reply = service.get(&format!("/logs/{question}?q=one")).await;
        assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    }
    fill_the_ledger(seen, &service).await;
    hold_the_writes(seen, &service).await;
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
    damage_what_is_aside(seen, &service).await;
}

/// One record of two goes, and what both were in is written again.
async fn of_two_ages(seen: &mut Seen, service: &Service) {
    let old = |level: &str| json!({ "timestamp": "2024-10-08T00:00:00Z", "level": level, "message": "old" });
    let batch = json!([old("DEBUG"), old("INFO")]);
    assert_eq!(service.batch(&batch).await.status, 200);
    wait_until("one of them to go", PATIENCE, async || {
        let told = seen.look(service).await;
        told.value("aggregator_retention_rewritten_bytes_total") > 0.0
            && told.value("aggregator_retention_rounds_total") > 0.0
            && told.value("aggregator_retention_expired_records_total") > 0.0
    })
    .await;
}

/// More than the store may hold is in it.
async fn too_many(seen: &mut Seen) {
    let settings = Backend::Sqlite.builder("moving_many").await;
    let service = settings.env("MAX_STORE_BYTES", "1MiB").start().await;
    let record = |number: u32| json!({ "timestamp": "2024-10-08T00:00:00Z", "message": format!("{number} {}", "x".repeat(900)) });
    let batch = json!((0..2_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    wait_until("the oldest to go", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_retention_removed_records_total{cause=\"size\"}") > 0.0
    })
    .await;
}

/// Of what is set aside, a file is not what was written at the next start.
async fn damage_what_is_aside(seen: &mut Seen, service: &Service) {
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let folder = service.data_dir().join("rejected");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    fs::write(file.path(), "LOGSREJ2, and then nothing of the kind").unwrap();
    service.restart().await;
    wait_until("the damaged file to be told", PATIENCE, async || {
        let told = seen.look(service).await;
        told.value("aggregator_set_aside_damaged_files") > 0.0
    })
    .await;
}

/// Sends more batches than one page of the ledger holds.
async fn fill_the_ledger(seen: &mut Seen, service: &Service) {
    let batch = json!([{ "message": "one" }]);
    let ledger = seen.look(service).await.value("aggregator_ledger_bytes");
    let many = (0..400).map(|_| service.batch(&batch));
    for taken in futures_util::future::join_all(many).await {
        assert_eq!(taken.status, 200);
    }
    wait_until("the ledger to grow", PATIENCE, async || {
        seen.look(service).await.value("aggregator_ledger_bytes") > ledger
    })
    .await;
}

/// An operator holds the breaker of the writes open for a while.
async fn hold_the_writes(seen: &mut Seen, service: &Service) {
    let set = async |action: &str| {
        let path = format!("/operate/breakers/write/{action}");
        assert_eq!(service.post(&path, "text/plain", "").await.status, 200);
    };
    set("open").await;
    assert_eq!(send(service, "while it is held").await, 200);
    wait_until("a write to be held back", PATIENCE, async || {
        let told = seen.look(service).await;
        told.value("aggregator_breaker_rejections_total{lane=\"write\"}") > 0.0
    })
    .await;
    set("release").await;
}

/// As it is set by itself; and in rows, a key whose batch has no time of its own.
async fn on_rows(seen: &mut Seen) {
    let service = Service::builder().env("LOG_TO_STORE", "true");
    let service = service.start().await;
    wait_until("its own log to be taken", PATIENCE, async || {
        let told = seen.look(&service).await;
        let taken = &told.0["aggregator_ingest_records_total"].samples;
        let mut own = taken
            .iter()
            .filter(|(series, _)| series.contains("own_log"));
        own.any(|(_, count)| *count > 0.0)
    })
    .await;
    let service = Backend::Sqlite.start("moving_rows").await;
    seen.look(&service).await;
    let keyed = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let taken = service.post_with("/logs/batch?ack=stored", &keyed, r#"[{"message":"one"}]"#);
    assert_eq!(taken.await.status, 200);
    assert_eq!(service.get("/logs/retrieve?q=two").await.status, 404);
    for question in ["histogram", "facets"] {
        let reply = service.get(&format!("/logs/{question}?q=one")).await;
        assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    }
    wait_until("the key to be counted", PATIENCE, async || {
        let told = seen.look(&service).await;
        told.value("aggregator_store_receipts") > 0.0
    })
    .await;
    let paused = service.post("/operate/drain/pause", "application/json", "");
    assert_eq!(paused.await.status, 200);
    let backup = File::open(service.data_dir().join("backup.lock")).unwrap();
    backup.lock().unwrap();
    wait_until("both to be told", PATIENCE, async || {
        let told = seen.look(&service).await;
        let held = ["aggregator_drain_paused", "aggregator_backup_under_way"];
        held.iter().all(|name| told.value(name) == 1.0)
    })
    .await;
}

async fn send(service: &Service, message: &str) -> u16 {
    let body = json!([{ "message": message }]).to_string();
    let path = "/logs/batch?ack=spooled";
    service.post(path, "application/json", body).await.status
}

/// Questions that MongoDB does not answer, more than there are workers and than may wait; each is asked anew once it has
/// ended.
fn ask_in_vain(service: &Service, questions: &mut JoinSet<()>) {
    while questions.try_join_next().is_some() {}
    let paths = ["retrieve", "histogram", "facets"].into_iter().cycle();
    for path in paths.take(6_usize.saturating_sub(questions.len())) {
        let asked = service.http().get(service.url(&format!("/logs/{path}")));
        questions.spawn(async move { drop(asked.send().await) });
    }
}

/// On MongoDB: an outage, a spool that fills, and a start that finds what waits in it.
async fn on_mongodb(seen: &mut Seen) {
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let settings = settings.env("WORKERS", "1").env("SPOOL_MAX_BYTES", "1MiB");
    let settings = settings.env("QUEUE_CAPACITY", "8");
    let service = settings.env("REQUEST_TIMEOUT", "3s").start().await;
    let keyed = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let taken = service.post_with("/logs/batch?ack=stored", &keyed, r#"[{"message":"one"}]"#);
    assert_eq!(taken.await.status, 200);
    seen.look(&service).await;
    mongod.freeze();
    let mut questions = JoinSet::new();
    assert_eq!(send(&service, "two").await, 200);
    wait_until("jobs to wait and to run", PATIENCE, async || {
        ask_in_vain(&service, &mut questions);
        let told = seen.look(&service).await;
        told.value("aggregator_lane_queued{lane=\"read\"}") > 0.0
            && told.value("aggregator_lane_busy{lane=\"write\"}") > 0.0
    })
    .await;
    wait_until("a job to wait for too long", PATIENCE, async || {
        ask_in_vain(&service, &mut questions);
        let told = seen.look(&service).await;
        told.value("aggregator_lane_jobs_total{lane=\"read\",outcome=\"expired\"}") > 0.0
    })
    .await;
    questions.shutdown().await;
    wait_until("the spool to be full", PATIENCE, async || {
        send(&service, &"x".repeat(200_000)).await == 503
    })
    .await;
    let told = seen.look(&service).await;
    assert_eq!(told.value("aggregator_ready"), 0.0);
    fail_and_come_back(seen, &service, &mongod).await;
}

/// MongoDB is killed, then the service, which starts before MongoDB is back.
async fn fail_and_come_back(seen: &mut Seen, service: &Service, mongod: &Mongod) {
    mongod.kill();
    until_away(seen, service).await;
    service.kill();
    tear(service);
    service.restart().await;
    let told = seen.look(service).await;
    assert!(told.value("aggregator_records_recovered_total") > 1.0);
    // One that never opens never comes to be closed.
    until_away(seen, service).await;
    mongod.restart().await;
    wait_until(
        "all to be stored, and the breaker to close",
        PATIENCE,
        async || {
            drop(service.get("/logs/retrieve").await);
            let told = seen.look(service).await;
            let closed = "aggregator_breaker_transitions_total{lane=\"read\",state=\"closed\"}";
            told.value("aggregator_records_waiting") == 0.0 && told.value(closed) > 0.0
        },
    )
    .await;
}

async fn until_away(seen: &mut Seen, service: &Service) {
    wait_until(
        "the breaker to open, and the store to be told away",
        PATIENCE,
        async || {
            drop(service.get("/logs/retrieve").await);
            let told = seen.look(service).await;
            let open = "aggregator_breaker_state{lane=\"read\",state=\"open\"}";
            told.value("aggregator_store_available") == 0.0 && told.value(open) == 1.0
        },
    )
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
    too_many(&mut seen).await;
    on_mongodb(&mut seen).await;
    unread(&mut seen).await;
    assert_eq!(seen.still(), [FIXED.to_vec(), BY_FAULTS.to_vec()]);
}
