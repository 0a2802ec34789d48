//! `GET /health`: what the service says of itself.

use serde_json::{Value, json};

use crate::support::stores::Backend;
use crate::support::wait_until;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
const MIB: u64 = 1024 * 1024;
/// Everything that is told of a service that is well.
const PARTS: [&str; 17] = [
    "access",
    "backupUnderWay",
    "breakers",
    "connections",
    "drain",
    "instance",
    "log",
    "memory",
    "records",
    "rejected",
    "spool",
    "status",
    "store",
    "tail",
    "uptimeSeconds",
    "version",
    "workers",
];

fn lane(capacity: u64, done: u64) -> Value {
    json!({
        "workers": 3, "busy": 0, "queued": 0, "capacity": capacity, "done": done, "failed": 0,
        "refused": 0, "skipped": 0, "expired": 0, "panicked": 0,
    })
}

fn breaker(calls: u64) -> Value {
    json!({
        "state": "closed", "calls": calls, "failed": 0, "slow": 0, "consecutiveFailures": 0,
        "opened": 0, "rejected": 0, "late": 0, "cancelled": 0, "retryAfterMs": null,
    })
}

async fn shown(backend: Backend) {
    let settings = backend.builder("what_health_shows").await;
    let settings = settings.env("WORKERS", "3").env("QUEUE_CAPACITY", "40");
    let settings = settings.env("MAX_INFLIGHT_BYTES", "300MiB");
    let service = settings.env("MAX_READ_BYTES", "100MiB").start().await;
    wait_until("/health to say 200", PATIENCE, async || {
        service.get("/health").await.status == 200
    })
    .await;
    let batch = json!([{ "message": "one" }]);
    assert_eq!(service.batch(&batch).await.status, 200);
    assert_eq!(service.get("/logs/retrieve").await.status, 200);

    wait_until(
        "the answer's memory to be given back",
        PATIENCE,
        async || service.health().await["memory"]["reads"]["reservedBytes"] == 0,
    )
    .await;
    let reply = service.get("/health").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let told = reply.json();
    let parts: Vec<&str> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(parts, PARTS, "{told}");
    assert_eq!(told["status"], "ok", "{told}");
    assert!(told["version"].is_string() && told["uptimeSeconds"].is_u64());
    let kind = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Blocks => "blocks",
        Backend::MongoDb => "mongodb",
    };
    assert_eq!(told["store"]["kind"], kind, "{told}");
    assert_eq!(told["store"]["available"], true, "{told}");
    assert!(told["store"]["location"].is_string(), "{told}");
    // In blocks the ledger knows when a batch was received.
    let receipts = match backend {
        Backend::Blocks => Value::Null,
        _ => json!({ "count": 0, "bytes": 0 }),
    };
    assert_eq!(told["store"]["receipts"], receipts, "{told}");
    let workers = json!({ "write": lane(40, 1), "read": lane(10, 1) });
    assert_eq!(told["workers"], workers, "{told}");
    let breakers = json!({ "write": breaker(1), "read": breaker(1) });
    assert_eq!(told["breakers"], breakers, "{told}");
    assert_eq!(told["drain"], json!({ "paused": false }), "{told}");
    let access = json!({ "operated": 0, "refused": {} });
    assert_eq!(told["access"], access, "{told}");
    let memory = json!({
        "reservedBytes": 0, "limitBytes": 300 * MIB,
        "reads": { "reservedBytes": 0, "limitBytes": 100 * MIB },
    });
    assert_eq!(told["memory"], memory, "{told}");
    let rejected = json!({ "records": 0, "bytes": 0, "maxBytes": 256 * MIB, "damagedFiles": 0, "unreadFiles": 0 });
    assert_eq!(told["rejected"], rejected, "{told}");
    assert_eq!(told["log"], json!({ "leftOut": 0 }), "{told}");
    assert!(told["connections"].as_u64() >= Some(1), "{told}");
}

mod it_shows_store_workers_queues_breakers_and_memory {
    use super::{Backend, shown};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        shown(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        shown(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        shown(Backend::MongoDb).await;
    }
}
