//! The load of the kill loop: a producer for each life, and a sender of records without a time.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::contents::UNDATED;
use crate::support::producer::Producer;
use crate::support::recorder::Recorder;
use crate::support::traffic::rest;

/// Keys of batches without times begin so.
pub(super) const UNDATED_KEY: &str = "undated-";
/// For one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Each life has logs of its own: another seed, and times of another hour. Every other one compresses.
pub(super) fn producer(recorder: &Recorder, spool: &TempDir, life: u64, more: &[&str]) -> Producer {
    let (seed, url) = (life.to_string(), recorder.url());
    let start = logs::Timestamp::parse("2024-01-01T00:00:00Z").unwrap();
    let hours = i64::try_from(life).unwrap() * 3_600_000_000_000;
    let start = logs::Timestamp::from_nanos(start.nanos() + hours).to_string();
    let gzip = (life % 2 == 1).to_string();
    let fixed = [
        "--url",
        &url,
        "--spool",
        spool.path().to_str().unwrap(),
        "--seed",
        &seed,
        "--start-time",
        &start,
        "--gzip",
        &gzip,
        "--rate",
        "2000",
        "--batch-size",
        "10",
        "--timeout",
        "10s",
        "--grace",
        "60s",
        "--output",
        "json",
    ];
    Producer::start(&[&fixed, more].concat())
}

/// How long ago a batch was acknowledged that is sent once more: so many batches at most.
const LONGEST_MEMORY: u64 = 200;

/// Sends records without a time until it is told to stop, each batch until it is acknowledged. Between
/// them it sends earlier ones once more: a service that was killed meanwhile has forgotten their keys.
pub(super) fn undated_load(url: String, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    let client = crate::support::http::client_builder().timeout(PATIENCE);
    let client = client.build().unwrap();
    tokio::spawn(async move {
        for number in 0_u64.. {
            send_until_taken(&client, &url, number).await;
            let earlier = number.saturating_sub(rand::random_range(0..LONGEST_MEMORY));
            send_until_taken(&client, &url, earlier).await;
            if *stop.borrow() {
                return;
            }
            rest(Duration::from_millis(5)).await;
        }
    })
}

async fn send_until_taken(client: &reqwest::Client, url: &str, number: u64) {
    let record = |place: char| json!({ "message": format!("{UNDATED}{number} {place}") });
    let body = json!([record('a'), record('b'), record('b')]).to_string();
    loop {
        let request = client.post(url).header("content-type", "application/json");
        let request = request.header("idempotency-key", format!("{UNDATED_KEY}{number}"));
        match request.body(body.clone()).send().await {
            Ok(answer) if answer.status() == 200 => return,
            Ok(answer) if !answer.status().is_server_error() => panic!("{number}: {answer:?}"),
            _ => rest(Duration::from_millis(20)).await,
        }
    }
}
