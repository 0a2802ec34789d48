//! Senders that never give up a batch, many records at once, and what is stored in the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::http::Reply;
use super::service::Service;
use super::wait_until;

const RECORDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);
/// After an answer that names no time, and after none at all.
const SHORT_REST: Duration = Duration::from_millis(50);

/// How often each message is stored.
pub(crate) type Stored = BTreeMap<String, usize>;

/// Senders of keyed batches, each of which is sent until it is acknowledged.
pub(crate) struct Senders {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<usize>>,
}

impl Senders {
    /// Starts `count` of them.
    pub(crate) fn start(service: &Arc<Service>, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let sender = |number: usize| {
            let (service, stop) = (Arc::clone(service), Arc::clone(&stop));
            let acknowledged = Arc::clone(&acknowledged);
            tokio::spawn(async move {
                let mut sent = 0;
                while !stop.load(Ordering::Relaxed) {
                    send_until_taken(&service, &format!("s{number}-b{sent}"), sent).await;
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    sent += 1;
                }
                sent
            })
        };
        Self {
            tasks: (0..count).map(sender).collect(),
            stop,
            acknowledged,
        }
    }

    /// Batches acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until so many more are acknowledged.
    pub(crate) async fn wait_for_more(&self, more: usize) {
        let goal = self.acknowledged() + more;
        let what = format!("{more} more batches to be acknowledged");
        wait_until(&what, PATIENCE, async || self.acknowledged() >= goal).await;
    }

    /// Lets each sender finish its last batch: everything that was acknowledged, once each.
    pub(crate) async fn finish(self) -> Stored {
        self.stop.store(true, Ordering::Relaxed);
        let mut expected = Stored::new();
        for (number, task) in self.tasks.into_iter().enumerate() {
            let sent = tokio::time::timeout(PATIENCE, task).await;
            let sent = sent.expect("the last batch is taken").expect("no panic");
            let messages = (0..sent).flat_map(|batch| messages(&format!("s{number}-b{batch}")));
            expected.extend(messages.map(|message| (message, 1)));
        }
        expected
    }
}

fn messages(key: &str) -> Vec<String> {
    (0..RECORDS)
        .map(|record| format!("{key}-r{record}"))
        .collect()
}

/// Every third batch has no times: the service gives them one, and the same to each repetition.
fn body(key: &str, batch: usize) -> String {
    let record = |message: String| match batch % 3 {
        0 => json!({ "message": message }),
        _ => json!({ "message": message, "level": "INFO", "timestamp": "2024-10-08T00:00:00Z" }),
    };
    messages(key)
        .into_iter()
        .map(record)
        .collect::<Value>()
        .to_string()
}

async fn send_until_taken(service: &Service, key: &str, batch: usize) {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let body = body(key, batch);
    loop {
        // No answer at all: the service is being restarted.
        match service
            .try_post_with("/logs/batch?ack=spooled", &headers, body.clone())
            .await
        {
            Ok(reply) if reply.status == 200 => return,
            Ok(reply) if reply.status == 503 => rest(retry_after(&reply)).await,
            Ok(reply) => panic!("{key}: {} {}", reply.status, reply.text()),
            Err(_) => rest(SHORT_REST).await,
        }
    }
}

/// When a refused caller is asked to come again.
pub(crate) fn retry_after(reply: &Reply) -> Duration {
    let told = reply.json()["retryAfterMs"].as_u64();
    told.map_or(SHORT_REST, Duration::from_millis)
}

/// When to come again, in seconds, as the head of an answer in any form says it.
pub(crate) fn seconds_to_wait(reply: &Reply) -> u64 {
    let told = reply.header("retry-after");
    told.and_then(|told| told.parse().ok()).unwrap_or(0)
}

/// Keeps still for so long, as a client does that was told when to come again. Not a way to wait
/// for something to happen: that is `wait_until`.
pub(crate) async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Every record that came is stored, set aside, refused or waits, at this moment.
pub(crate) fn is_balanced(health: &Value) {
    let records = &health["records"];
    let count = |name: &str| records[name].as_u64().unwrap();
    let rejected = records["rejected"].as_object().unwrap().values();
    let rejected: u64 = rejected.map(|count| count.as_u64().unwrap()).sum();
    let ended = count("stored") + count("alreadyStored") + rejected + count("waiting");
    assert_eq!(count("received") + count("recovered"), ended, "{health}");
}

/// Waits until everything that was acknowledged is stored.
pub(crate) async fn drained(service: &Service) {
    wait_until("the spool to be empty", PATIENCE, async || {
        service.health().await["spool"]["batches"] == 0
    })
    .await;
}

/// How often each message is stored, once everything that was acknowledged is.
pub(crate) async fn stored(service: &Service) -> Stored {
    drained(service).await;
    let mut answer = None;
    wait_until("an answer with records", PATIENCE, async || {
        let reply = service.get("/logs/retrieve").await;
        answer = (reply.status == 200).then(|| reply.json());
        answer.is_some()
    })
    .await;
    let answer = answer.expect("just seen");
    let mut stored = Stored::new();
    for record in answer.as_array().expect("an array") {
        let message = record["message"].as_str().expect("a message").to_owned();
        *stored.entry(message).or_default() += 1;
    }
    stored
}

/// The records that a search finds; none when the answer is 404.
pub(crate) async fn found(service: &Service, query: &str) -> Vec<Value> {
    let reply = service.get(&format!("/logs/retrieve?{query}")).await;
    if reply.status == 404 {
        return Vec::new();
    }
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    match reply.json() {
        Value::Array(records) => records,
        other => panic!("{query}: no array: {other}"),
    }
}

/// The same, once everything that was acknowledged is stored.
pub(crate) async fn found_when_stored(service: &Service, query: &str) -> Vec<Value> {
    drained(service).await;
    found(service, query).await
}

/// Stores `count` thousands of records of about 1 KiB each.
pub(crate) async fn fill(service: &Service, count: usize) {
    let padding = "x".repeat(1000);
    for thousand in 0..count {
        let record = |number: usize| {
            let number = thousand * 1000 + number;
            let (second, nanos) = (number / 1000, number % 1000);
            let timestamp = format!(
                "2024-10-08T00:{:02}:{:02}.{nanos:03}Z",
                second / 60,
                second % 60
            );
            json!({ "timestamp": timestamp, "level": "INFO", "message": format!("{number} {padding}") })
        };
        let reply = service
            .batch(&(0..1000).map(record).collect::<Value>())
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

/// The bytes of a whole GET.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// The head of a POST whose body has so many bytes.
pub(crate) fn post_head(length: usize) -> String {
    post_head_to("/logs/batch?ack=stored", length)
}

/// The same to this address.
pub(crate) fn post_head_to(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// The bytes of a whole POST.
pub(crate) fn post(body: &str) -> String {
    format!("{}{body}", post_head(body.len()))
}
