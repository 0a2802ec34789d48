//! A journal of systemd: taken in portions while its request goes on, and each record once.

mod held;

use crate::support::http::Reply;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found, found_when_stored, seconds_to_wait, stored};
use crate::support::wait_until;
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const TYPE: (&str, &str) = ("content-type", "application/vnd.fdo.journal");
const HEAD: &str = "POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/vnd.fdo.journal\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Three records share a microsecond.
fn record(number: u64) -> String {
    let time = 1_700_000_000_000_000 + number / 3;
    format!(
        "__CURSOR=s=9b2f;i={number:x};b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP={time}\nPRIORITY=6\nMESSAGE={number}\n_SYSTEMD_UNIT=a.service\n\n"
    )
}

fn records(numbers: impl Iterator<Item = u64>) -> String {
    numbers.map(record).collect()
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn send(service: &Service, body: impl Into<Vec<u8>>) -> Reply {
    service.post_with("/upload", &[TYPE], body).await
}

async fn taken(service: &Service, body: impl Into<Vec<u8>>) {
    let reply = send(service, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
}

async fn messages(service: &Service) -> Vec<String> {
    let records = found_when_stored(service, "").await;
    let text = |record: &Value| record["message"].as_str().unwrap().to_owned();
    records.iter().map(text).collect()
}

fn numbers(numbers: impl Iterator<Item = u64>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

on_each_store!(
    records_are_taken_while_their_request_goes_on,
    async |service| {
        let mut sender = RawClient::connect(service.address()).await;
        let half = &record(3)[..40];
        let begun = records(0..3) + half;
        sender
            .send(format!("{HEAD}{}", chunk(&begun)))
            .await
            .unwrap();
        wait_until("the first records to be stored", PATIENCE, async || {
            found(&service, "").await.len() == 3
        })
        .await;
        let rest = record(3)[40..].to_owned() + &record(4);
        sender
            .send(format!("{}0\r\n\r\n", chunk(&rest)))
            .await
            .unwrap();
        let answer = sender.read_response(PATIENCE).await;
        assert_eq!((answer.status, answer.text().as_str()), (202, "OK.\n"));
        assert_eq!(messages(&service).await, numbers(0..5));
        let record = &found(&service, "").await[0];
        assert_eq!(record["level"], "INFO");
        assert_eq!(record["timestamp"], "2023-11-14T22:13:20Z");
        assert_eq!(record["attributes"]["_SYSTEMD_UNIT"], "a.service");
    }
);

on_each_store!(
    a_record_is_stored_once_wherever_its_uploads_are_cut_and_after_a_kill,
    async |service| {
        // One of them twice, in one portion.
        taken(&service, records(0..10) + &record(9)).await;
        taken(&service, records(4..12)).await;
        service.kill();
        service.restart().await;
        taken(&service, records(2..9)).await;
        taken(&service, records(11..15)).await;
        assert_eq!(messages(&service).await, numbers(0..15));
        // A page shows records of one id as one: here each counts.
        let day = "startTime=2023-11-14T00:00:00Z&endTime=2023-11-15T00:00:00Z";
        let counted = service.get(&format!("/logs/histogram?{day}")).await;
        assert_eq!(counted.json()["records"], 15, "{}", counted.text());
    }
);

on_each_store!(records_that_look_alike_are_stored_each, async |service| {
    let alike =
        |cursor: &str| format!("{cursor}__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=x\n\n");
    for _ in 0..2 {
        for cursor in ["s=a;i=1", "s=b;i=1", "s=a;i=2", "s=a;i=100000001"] {
            taken(&service, alike(&format!("__CURSOR={cursor}\n"))).await;
        }
    }
    assert_eq!(messages(&service).await.len(), 4);
    // Of one without a cursor nobody knows whether it came before.
    for _ in 0..2 {
        taken(&service, alike("")).await;
    }
    assert_eq!(messages(&service).await.len(), 6);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_larger_than_a_body_may_be_is_taken() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "64KiB");
    let settings = settings.env("MAX_DECODED_BYTES", "512KiB");
    let service = settings.start().await;
    let body = records(0..20_000);
    let mut sender = RawClient::connect(service.address()).await;
    sender.send(HEAD).await.unwrap();
    for piece in body.as_bytes().chunks(10_000) {
        let piece = std::str::from_utf8(piece).unwrap();
        sender.send(chunk(piece)).await.unwrap();
    }
    sender.send("0\r\n\r\n").await.unwrap();
    let answer = sender.read_response(PATIENCE).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    drained(&service).await;
    assert_eq!(service.health().await["records"]["stored"], 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_and_what_came_before_it_stays() {
    let settings = Service::builder().env("BODY_TIMEOUT", "2s");
    let service = settings.start().await;
    taken(&service, "").await;
    let garbage = send(&service, records(0..2) + "no field\n\n\n\n\n\n\n\n\n\n").await;
    assert_eq!(garbage.status, 400, "{}", garbage.text());
    assert_eq!(garbage.json()["code"], "invalid_journal");
    for (headers, code) in [
        (
            &[("content-type", "application/json")][..],
            "unsupported_media_type",
        ),
        (
            &[TYPE, ("content-encoding", "gzip")],
            "unsupported_encoding",
        ),
    ] {
        let refused = service.post_with("/upload", headers, record(9)).await;
        assert_eq!(refused.status, 415, "{}", refused.text());
        assert_eq!(refused.json()["code"], code);
    }
    let mut sender = RawClient::connect(service.address()).await;
    let begun = chunk(&(record(2) + "MESSAGE=half"));
    sender.send(format!("{HEAD}{begun}")).await.unwrap();
    let answer = sender.read_response(PATIENCE).await;
    assert_eq!(answer.status, 408, "{}", answer.text());
    assert_eq!(messages(&service).await, numbers(0..3));

    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let refused = send(&settings.start().await, record(0)).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(seconds_to_wait(&refused) >= 1);
}

/// A record that ends just where there is no more room is none that can be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_fills_all_that_a_body_may_be_is_refused_and_holds_up_nobody() {
    let service = Service::builder().env("MAX_BODY_BYTES", "64KiB");
    let service = service.start().await;
    let mut senders = Vec::new();
    for _ in 0..4 {
        let mut sender = RawClient::connect(service.address()).await;
        let begun = "MESSAGE=".to_owned() + &"x".repeat(64 * 1024 - "MESSAGE=".len());
        sender.send(HEAD).await.unwrap();
        for piece in begun.as_bytes().chunks(16 * 1024) {
            let piece = chunk(std::str::from_utf8(piece).unwrap());
            sender.send(piece).await.unwrap();
        }
        senders.push(sender);
    }
    for mut sender in senders {
        let answer = sender.read_response(PATIENCE).await;
        assert_eq!(answer.status, 413, "{}", answer.text());
    }
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_merged_of_several_takes_no_commit_for_each_record() {
    let service = Service::builder().start().await;
    let record = |number: u64| {
        let (of, place) = (number % 3, number / 3);
        format!(
            "__CURSOR=s=a{of};i={place:x};b=1c\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE={number}\n\n"
        )
    };
    let merged: String = (0..300).map(record).collect();
    let commits = async || service.health().await["spool"]["commits"].as_u64().unwrap();
    let before = commits().await;
    taken(&service, merged.clone()).await;
    let made = commits().await - before;
    // One or a few for each portion that it was read in.
    assert!((1..=12).contains(&made), "{made}");
    taken(&service, merged).await;
    let stored = stored(&service).await;
    assert_eq!(stored.len(), 300);
    assert!(stored.values().all(|times| *times == 1));
}
