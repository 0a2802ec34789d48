//! How soon a record can be read, in blocks: what comes after a pause at once, what follows within a quarter of a second.

#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(30);
/// Blocks take no more than one portion in so long that is not full.
const LINGER: Duration = Duration::from_millis(250);
/// The quickest counts: this machine may be busy with other things.
const TRIES: usize = 12;

async fn send(service: &Service, path: &str, message: &str) {
    let body = json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": message }]);
    let reply = service.post(path, "application/json", body.to_string());
    assert_eq!(reply.await.status, 200);
}

/// Sends a record; how long it takes from its acknowledgement until it can be read.
async fn until_read(service: &Service, number: usize) -> Duration {
    let message = format!("record {number}");
    send(service, "/logs/batch", &message).await;
    let started = Instant::now();
    let address = format!("/logs/retrieve?q={number}&fields=message&format=csv");
    wait_until("the record to be read", PATIENCE, async || {
        service.get(&address).await.text().contains(&message)
    })
    .await;
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_quiet_service_can_be_read_within_half_a_second() {
    let service = Backend::Blocks.start("quiet").await;
    let mut took = Vec::new();
    for number in 0..TRIES {
        took.push(until_read(&service, number).await);
    }
    assert!(took.iter().min() < Some(&(2 * LINGER)), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_a_pause_can_be_read_at_once() {
    let service = Backend::Blocks.start("pauses").await;
    let mut took = Vec::new();
    for number in 0..TRIES {
        let paused = Instant::now();
        wait_until("a pause", PATIENCE, async || paused.elapsed() > LINGER).await;
        took.push(until_read(&service, number).await);
    }
    assert!(took.iter().min() < Some(&(LINGER / 2)), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_store_does_not_wait_for_more_to_come() {
    let service = Backend::Blocks.start("waited_for").await;
    let mut took = Vec::new();
    for number in 0..TRIES {
        let started = Instant::now();
        let message = format!("record {number}");
        send(&service, "/logs/batch?ack=stored", &message).await;
        took.push(started.elapsed());
    }
    assert!(took.iter().min() < Some(&LINGER), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_more_either_and_leaves_nothing_in_the_spool() {
    let service = Backend::Blocks.start("stopped").await;
    send(&service, "/logs/batch", "one").await;
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let log = service.log_text();
    assert!(
        log.contains("everything that was accepted is stored"),
        "{log}"
    );
}
