//! Where what is too large has no room, its batch alone is refused, and leaves nothing behind.

use super::{MIB, send, too_large};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::traffic::{is_balanced, retry_after};
use serde_json::json;
use std::net::IpAddr;
use std::time::Duration;

fn refused(reply: &Reply, code: &str) {
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.json()["code"], code, "{}", reply.text());
    assert!(retry_after(reply) >= Duration::from_secs(1));
}

async fn nothing_is_aside(service: &Service, not_taken: u64) {
    let health = service.health().await;
    is_balanced(&health);
    assert_eq!(health["rejected"]["records"], 0, "{health}");
    let rejected = &health["records"]["rejected"];
    assert_eq!(rejected["notTaken"], not_taken, "{health}");
    let kept = std::fs::read_dir(service.data_dir().join("rejected")).unwrap();
    assert_eq!(kept.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_a_record_that_finds_no_room_is_refused_and_no_other() {
    let settings = Service::builder().env("REJECTED_MAX_BYTES", "1MiB");
    let service = settings.start().await;
    for (key, not_taken) in [(None, 2), (Some("key"), 4)] {
        let batch = json!([{"message": "good"}, too_large("x")]);
        let reply = send(&service, key, &batch).await;
        refused(&reply, "rejected_full");
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        let advice = "no room before that is raised";
        assert!(message.contains(advice), "{message}");
        nothing_is_aside(&service, not_taken).await;
        let other = send(&service, None, &json!([{"message": "other"}])).await;
        assert_eq!(other.status, 200, "{}", other.text());
    }
    let (log, warning) = (service.log_text(), "REJECTED_MAX_BYTES has no room");
    assert!(log.contains(warning), "{log}");
    let found = service.get("/logs/retrieve").await.json();
    let found = found.as_array().unwrap();
    assert!(found.iter().all(|log| log["message"] == "other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_spool_does_not_take_leaves_nothing_aside_however_often_it_is_sent() {
    // Nothing is there that would take what waits.
    let settings = Service::builder().mongodb("mongodb://127.0.0.1:1", "logdb");
    let service = settings.env("SPOOL_MAX_BYTES", "1MiB").start().await;
    let good = |bytes: usize| json!({"message": "g".repeat(bytes)});
    assert_eq!(send(&service, None, &good(MIB / 2)).await.status, 200);
    let batch = json!([good(MIB * 3 / 4), too_large("x")]);
    for (key, not_taken) in [(None, 2), (Some("key"), 4), (Some("key"), 6)] {
        refused(&send(&service, key, &batch).await, "spool_full");
        nothing_is_aside(&service, not_taken).await;
    }
    // It could never be taken.
    let batch = json!([good(2 * MIB), too_large("x")]);
    let reply = send(&service, None, &batch).await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    nothing_is_aside(&service, 8).await;
}

/// Sends from another address of this machine.
async fn send_from(service: &Service, address: [u8; 4]) -> u16 {
    let client = crate::support::http::client_builder().local_address(Some(IpAddr::from(address)));
    let request = client.build().unwrap().post(service.url("/logs/batch"));
    let reply = request.body(too_large("x").to_string()).send().await;
    reply.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_takes_a_quarter_of_the_room_also_over_a_restart() {
    // A quarter holds one of them.
    let settings = Service::builder().env("REJECTED_MAX_BYTES", "40MiB");
    let service = settings.start().await;
    assert_eq!(send(&service, None, &too_large("x")).await.status, 200);
    for _ in 0..2 {
        let full = send(&service, None, &too_large("x")).await;
        refused(&full, "rejected_full");
        let message = full.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("of this sender"), "{message}");
        service.restart().await;
    }
    for last in 2..5 {
        assert_eq!(send_from(&service, [127, 0, 0, last]).await, 200);
        assert_eq!(send_from(&service, [127, 0, 0, last]).await, 503);
    }
    // Now nobody finds any.
    assert_eq!(send_from(&service, [127, 0, 0, 9]).await, 503);
    let health = service.health().await;
    is_balanced(&health);
    assert_eq!(health["rejected"]["records"], 4, "{health}");
}
