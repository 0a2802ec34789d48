//! What a sender is told, in Loki's own form, and what its health check is.

use super::push::{entry, snappy, stream};
use super::{JSON, PROTOBUF, TIME, count, line, send};
use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::is_balanced;
use crate::support::wait_until;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A refusal is one sentence of plain text.
fn refused(reply: &Reply, status: u16, said: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let kind = reply.header("content-type");
    assert_eq!(kind, Some("text/plain; charset=utf-8"));
    assert!(reply.text().contains(said), "{}", reply.text());
    assert!(reply.text().ends_with('\n') && !reply.text().starts_with('{'));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_push_of_which_nothing_can_be_used_is_refused_and_in_a_sentence() {
    let service = Service::builder().start().await;
    for (headers, body, status, said) in [
        (
            vec![JSON],
            b"{\"streams\":[{".to_vec(),
            400,
            "line 1 column",
        ),
        (
            vec![JSON],
            b"{\"message\":\"x\"}".to_vec(),
            400,
            "\"streams\"",
        ),
        (vec![PROTOBUF], b"no block".to_vec(), 400, "snappy"),
        (vec![PROTOBUF], snappy(b"\x0bno push"), 400, "protobuf"),
        (vec![PROTOBUF], line(TIME, "x").into_bytes(), 400, "snappy"),
        (
            vec![("content-type", "text/csv")],
            Vec::new(),
            415,
            "application/x-protobuf",
        ),
        (
            vec![JSON, ("content-encoding", "br")],
            Vec::new(),
            415,
            "br",
        ),
    ] {
        let reply = send(&service, &headers, body).await;
        refused(&reply, status, said);
    }
    for (headers, body) in [
        (JSON, Vec::new()),
        (JSON, b"{\"streams\":[]}".to_vec()),
        (PROTOBUF, Vec::new()),
    ] {
        let reply = send(&service, &[headers], body).await;
        assert_eq!((reply.status, reply.text().as_str()), (204, ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_behind_a_line_is_counted_and_the_line_is_taken() {
    let service = Service::builder().start().await;
    let whole = line(TIME, "x");
    let reply = send(&service, &[JSON], &whole.as_bytes()[..whole.len() - 5]).await;
    assert_eq!(
        (reply.status, reply.header("x-rejected-count")),
        (400, None)
    );
    let two = format!("{}{}", whole.trim_end_matches("]}]}"), ",[\"17");
    let reply = send(&service, &[JSON], two).await;
    assert_eq!(
        (reply.status, reply.header("x-rejected-count")),
        (204, Some("1"))
    );
    let broken = [stream("{}", &[entry(TIME, "y", &[]), vec![0x12, 0x7f]])].concat();
    let reply = send(&service, &[PROTOBUF], snappy(&broken)).await;
    assert_eq!(
        (reply.status, reply.header("x-rejected-count")),
        (204, Some("1"))
    );
    assert_eq!(count(&service).await, 2);
    let health = service.health().await;
    is_balanced(&health);
    assert_eq!(health["records"]["rejected"]["invalid"], 2, "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_bounded_as_every_body_is() {
    const LIMIT: usize = 1024 * 1024;
    let settings = Service::builder().env("MAX_BODY_BYTES", "1MiB");
    let service = settings.env("MAX_DECODED_BYTES", "1MiB").start().await;
    let long = line(TIME, &"x".repeat(LIMIT));
    refused(&send(&service, &[JSON], long).await, 413, "larger than");
    let long = snappy(&stream("{}", &[entry(TIME, &"x".repeat(LIMIT), &[])]));
    assert!(long.len() < LIMIT / 10);
    refused(
        &send(&service, &[PROTOBUF], long).await,
        413,
        "once decompressed",
    );
    // Labels stand once, and in each of the records.
    let labels = format!("{{a=\"{}\"}}", "x".repeat(LIMIT / 4));
    let entries = vec![entry(TIME, "x", &[]); 100];
    let many = snappy(&stream(&labels, &entries));
    refused(
        &send(&service, &[PROTOBUF], many).await,
        413,
        "too large once encoded",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_taken_senders_are_told_when_to_come_again() {
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let service = settings.env("SPOOL_MAX_BYTES", "1MiB").start().await;
    let ready = service.get("/ready").await;
    assert_eq!((ready.status, ready.text().as_str()), (200, "ready\n"));
    mongod.freeze();
    let long = "x".repeat(200_000);
    let mut time = TIME;
    wait_until("the spool to be full", PATIENCE, async || {
        time += 1;
        let reply = send(&service, &[JSON], line(time, &long)).await;
        if reply.status == 204 {
            return false;
        }
        refused(&reply, 503, "spool");
        let wait = reply.header("retry-after").unwrap();
        assert!(wait.parse::<u64>().unwrap() >= 1);
        true
    })
    .await;
    mongod.thaw();
    wait_until("a push to be taken again", PATIENCE, async || {
        let reply = send(&service, &[JSON], line(time, &long)).await;
        reply.status == 204
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_nothing_is_not_ready() {
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let service = settings.start().await;
    refused(&send(&service, &[JSON], line(TIME, "x")).await, 503, "disk");
    let ready = service.get("/ready").await;
    refused(&ready, 503, "disk");
    assert!(ready.header("retry-after").is_some());
}
