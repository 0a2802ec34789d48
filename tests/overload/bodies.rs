//! Memory of bodies: they take what has come of them, never more than they may, and wait for nobody.

use std::sync::Arc;
use std::time::Duration;

use super::PATIENCE;
use crate::support::raw::{RawClient, RawReply};
use crate::support::service::Service;
use crate::support::traffic::{post_head, retry_after};
use crate::support::wait_until;
use serde_json::json;

const KIB: usize = 1024;
/// The head of a POST that does not say how long its body is.
const CHUNKED: &str = "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const LAST_CHUNK: &str = "0\r\n\r\n";

fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

async fn reserved(service: &Service) -> usize {
    let health = service.health().await;
    let bytes = health["memory"]["reservedBytes"].as_u64().unwrap();
    usize::try_from(bytes).unwrap()
}

async fn reserved_at_least(service: &Service, bytes: usize) {
    wait_until("the bodies to be read", PATIENCE, async || {
        reserved(service).await >= bytes
    })
    .await;
}

async fn all_room_is_free(service: &Service) {
    wait_until("the room to be free", PATIENCE, async || {
        reserved(service).await == 0
    })
    .await;
}

/// A service in which four bodies of the largest size have room, and no more.
async fn small() -> Service {
    let settings = Service::builder().env("MAX_BODY_BYTES", "1MiB");
    let settings = settings.env("MAX_DECODED_BYTES", "1MiB");
    settings.env("MAX_INFLIGHT_BYTES", "4MiB").start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_take_no_more_memory_than_they_may() {
    const BODY: usize = 700 * KIB;
    let service = small().await;
    let mut holders = Vec::new();
    for _ in 0..5 {
        let mut holder = RawClient::connect(service.address()).await;
        let begun = "x".repeat(BODY - 1);
        holder
            .send(format!("{}{begun}", post_head(BODY)))
            .await
            .unwrap();
        holders.push(holder);
    }
    reserved_at_least(&service, 5 * (BODY - 1)).await;
    // With a length it is refused before it is sent.
    let mut announced = RawClient::connect(service.address()).await;
    announced.send(post_head(BODY)).await.unwrap();
    let refused = announced.read_response(PATIENCE).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    let body = json!([{"message": "x".repeat(BODY)}]);
    let refused = service.batch(&body).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "overloaded", "{}", refused.text());
    assert!(retry_after(&refused) >= Duration::from_secs(1));
    drop(holders);
    all_room_is_free(&service).await;
    assert_eq!(service.batch(&body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_have_hardly_begun_refuse_nobody() {
    let service = Service::builder().start().await;
    let mut holders = Vec::new();
    for number in 0..64 {
        let mut holder = RawClient::connect(service.address()).await;
        // The largest body that may be announced, or one of any length.
        let head = match number % 2 {
            0 => format!("{CHUNKED}1\r\n[\r\n"),
            _ => format!("{}[", post_head(16 * KIB * KIB)),
        };
        holder.send(head).await.unwrap();
        holders.push(holder);
    }
    wait_until("the heads to be read", PATIENCE, async || {
        service.health().await["connections"].as_u64() >= Some(64)
    })
    .await;
    reserved_at_least(&service, 64).await;
    let body = vec![json!({"message": "x".repeat(1000 * KIB)}); 8];
    let taken = service.batch(&json!(body)).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert!(reserved(&service).await <= 64 * 64 * KIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_without_a_length_do_not_refuse_one_another() {
    const SENDERS: usize = 17;
    let service = Service::builder().start().await;
    let half = "x".repeat(300 * KIB);
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let mut sender = RawClient::connect(service.address()).await;
        let begun = chunk(&format!(r#"[{{"message":"{half}"#));
        sender.send(format!("{CHUNKED}{begun}")).await.unwrap();
        senders.push(sender);
    }
    reserved_at_least(&service, SENDERS * half.len()).await;
    for sender in &mut senders {
        let rest = chunk(&format!(r#"{half}"}}]"#));
        sender.send(format!("{rest}{LAST_CHUNK}")).await.unwrap();
    }
    for sender in &mut senders {
        let reply = sender.read_response(PATIENCE).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    all_room_is_free(&service).await;
}

/// All hold a part and none could go on: those that find no room give theirs back to the others.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_outgrow_the_memory_together_do_not_wait_for_one_another() {
    let service = small().await;
    let part = "x".repeat(500 * KIB);
    let mut senders = Vec::new();
    for _ in 0..6 {
        let mut sender = RawClient::connect(service.address()).await;
        let begun = chunk(&format!(r#"[{{"message":"{part}"#));
        sender.send(format!("{CHUNKED}{begun}")).await.unwrap();
        senders.push(sender);
    }
    reserved_at_least(&service, 6 * part.len()).await;
    let mut replies: Vec<RawReply> = Vec::new();
    for sender in &mut senders {
        // Fails for those that are refused in the middle of it.
        drop(sender.send(chunk(&part[..450 * KIB])).await);
    }
    for sender in &mut senders {
        let end = format!("{}{LAST_CHUNK}", chunk(r#""}]"#));
        drop(sender.send(end).await);
        replies.push(sender.read_response(PATIENCE).await);
    }
    let taken = replies.iter().filter(|reply| reply.status == 200).count();
    assert!((1..6).contains(&taken), "{taken} of 6 were taken");
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert!(reply.text().contains("\"overloaded\""), "{}", reply.text());
        assert!(reply.header("retry-after").is_some());
    }
    all_room_is_free(&service).await;
}

/// Short records become documents several times their size.
#[tokio::test(flavor = "multi_thread")]
async fn short_records_take_no_more_memory_than_they_may() {
    const LIMIT_MIB: u64 = 56;
    /// Code, stacks and what the allocator keeps.
    const SLACK_MIB: u64 = 24;
    let settings = Service::builder().env("MAX_DECODED_BYTES", "13MiB");
    let limit = format!("{LIMIT_MIB}MiB");
    let service = Arc::new(settings.env("MAX_INFLIGHT_BYTES", limit).start().await);
    let before = service.peak_rss_kib();
    let body = format!("[{}]", vec![r#"{"log":"a"}"#; 250_000].join(","));
    let headers = [("content-type", "application/json")];
    let sent: Vec<_> = (0..10)
        .map(|_| {
            let (service, body) = (Arc::clone(&service), body.clone());
            tokio::spawn(async move { service.post_with("/logs/batch", &headers, body).await })
        })
        .collect();
    let mut taken = 0;
    for reply in sent {
        match reply.await.unwrap() {
            reply if reply.status == 200 => taken += 1,
            reply => assert_eq!(reply.json()["code"], "overloaded", "{}", reply.text()),
        }
    }
    let grown = (service.peak_rss_kib() - before) / 1024;
    println!("{taken} of 10 taken, grown by {grown} MiB");
    assert!(taken > 0);
    assert!(grown < LIMIT_MIB + SLACK_MIB, "grown by {grown} MiB");
}
