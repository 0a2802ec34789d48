//! How much a token may send: what is more is refused for a while, in the form of its protocol, and has no effect.

use super::{JSON, PATIENCE, Tokens, asked, bearer, change, count, sent, until};
use crate::access::post;
use crate::access::senders::{SENDERS, sentence};
use crate::support::http::Reply;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::{is_balanced, rest, seconds_to_wait};
use crate::support::wait_until;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

/// So many records, none of them like another.
fn batch(records: usize) -> String {
    let one = |number| json!({ "message": format!("record {number}") });
    (0..records).map(one).collect::<Value>().to_string()
}

async fn send(service: &Service, secret: &str, records: usize) -> Reply {
    sent(service, "/logs/batch", secret, &batch(records)).await
}

fn is_over(reply: &Reply) {
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert_eq!(reply.json()["code"], "token_over_rate");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sender_that_has_sent_too_much_is_told_in_its_own_form_when_to_come_again() {
    let tokens = Tokens::new();
    let read = tokens.make("out", "--scope read").await;
    let mut secrets = Vec::new();
    for number in 0..SENDERS.len() {
        // Each first request leaves some bytes to be paid back.
        let flags = "--scope ingest --bytes-per-second 1 --burst-seconds 1";
        secrets.push(tokens.make(&format!("in{number}"), flags).await);
    }
    let service = tokens.service().start().await;
    for (sender, secret) in SENDERS.iter().zip(&secrets) {
        let token = bearer(secret);
        let headers = [
            ("content-type", sender.content_type),
            ("authorization", &*token),
        ];
        let again = async || post(&service, service.url(sender.path), &headers, sender.body).await;
        assert_eq!(again().await.status, sender.taken, "{}", sender.path);
        let over = again().await;
        assert_eq!(over.status, 429, "{}: {}", sender.path, over.text());
        let told = sentence(sender.path, &over);
        assert!(told.contains("bytes_per_second"), "{}: {told}", sender.path);
        let wait = seconds_to_wait(&over);
        let most = sender.body.len() as u64;
        assert!((1..most).contains(&wait), "{}: {wait}", sender.path);
        match sender.path {
            "/services/collector" => assert_eq!(over.json()["code"], 9),
            "/v1/logs" => assert_eq!(over.json()["code"], 8),
            "/_bulk" => assert_eq!(over.json()["errors"], true),
            _ => {}
        }
    }
    until(&service, &read, SENDERS.len() as u64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_time_that_is_told_the_same_is_taken() {
    let tokens = Tokens::new();
    let flags = "--scope ingest --records-per-second 20 --burst-seconds 1";
    let secret = tokens.make("in", flags).await;
    let other = tokens.make("other", flags).await;
    let service = tokens.service().start().await;
    // Larger than the burst, and taken: eighty are owed then.
    assert_eq!(send(&service, &secret, 100).await.status, 200);
    let over = send(&service, &secret, 1).await;
    is_over(&over);
    let millis = over.json()["retryAfterMs"].as_u64().unwrap();
    assert!((1..=4000).contains(&millis), "{millis}");
    assert_eq!(seconds_to_wait(&over), millis.div_ceil(1000));
    // Another's token is another's.
    assert_eq!(send(&service, &other, 20).await.status, 200);
    rest(Duration::from_millis(millis)).await;
    assert_eq!(send(&service, &secret, 1000).await.status, 200);
    is_over(&send(&service, &secret, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_time_no_more_is_taken_than_is_allowed_and_one_on_credit() {
    let tokens = Tokens::new();
    let flags = "--scope ingest --records-per-second 1 --burst-seconds 1";
    let secret = tokens.make("in", flags).await;
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    let sending = (0..30).map(|_| send(&service, &secret, 100));
    let replies = join_all(sending).await;
    let taken = replies.iter().filter(|reply| reply.status == 200).count();
    let over = replies.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((taken, over), (1, 29));
    until(&service, &read, 100).await;
    let health = asked(&service, "/health", &read).await.json();
    is_balanced(&health);
    assert_eq!(health["access"]["refused"]["token_over_rate"], 29);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_is_not_counted_again_and_what_is_refused_not_at_all() {
    let tokens = Tokens::new();
    let flags = "--scope ingest --records-per-second 1 --burst-seconds 10";
    let secret = tokens.make("in", flags).await;
    let service = tokens.service().start().await;
    let token = bearer(&secret);
    let keyed = async |key: &str, body: &str| {
        let headers = [JSON, ("authorization", &*token), ("idempotency-key", key)];
        post(&service, service.url("/logs/batch"), &headers, body).await
    };
    for again in 0..20 {
        let reply = keyed("a", &batch(5)).await;
        assert_eq!(reply.status, 200, "{again}: {}", reply.text());
        // Neither what cannot be taken, nor another batch under the key.
        let bad = format!("[{}]", vec!["{\"a\":1}"; 50].join(","));
        let strict = sent(&service, "/logs/batch?strict=true", &secret, &bad).await;
        assert_eq!(strict.status, 400, "{}", strict.text());
        assert_eq!(keyed("a", &batch(50)).await.status, 422);
    }
    // By its content, by an id of its own: each counts once.
    let timed = r#"[{"message":"a","timestamp":"2024-10-08T00:00:00.123456789Z"}]"#;
    let by_id = "{\"create\":{\"_id\":\"1\"}}\n{\"message\":\"a\"}\n";
    for _ in 0..20 {
        let known = sent(&service, "/logs/batch?key=content", &secret, timed).await;
        let bulk = sent(&service, "/app/_bulk", &secret, by_id).await;
        assert_eq!((known.status, bulk.status), (200, 200), "{}", known.text());
    }
    assert_eq!(keyed("c", &batch(50)).await.status, 200);
    is_over(&keyed("c", &batch(50)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_change_count_at_once_and_what_was_used_counts_on() {
    let tokens = Tokens::new();
    let secret = tokens
        .make("in", "--scope ingest --records-per-second 1")
        .await;
    let service = tokens.service().start().await;
    assert_eq!(send(&service, &secret, 500).await.status, 200);
    change(&service, &tokens, "[[token]]", "# another\n[[token]]").await;
    is_over(&send(&service, &secret, 1).await);
    let (low, high) = ("records_per_second = 1", "records_per_second = 1000");
    change(&service, &tokens, low, high).await;
    assert_eq!(send(&service, &secret, 10_500).await.status, 200);
    change(&service, &tokens, high, low).await;
    let over = send(&service, &secret, 1).await;
    is_over(&over);
    assert!(seconds_to_wait(&over) > 1000, "{}", over.text());
    // What cannot be used changes nothing.
    let text = std::fs::read_to_string(tokens.file()).unwrap();
    std::fs::write(tokens.file(), text.replace(low, "records_per_second = 0")).unwrap();
    wait_until("the log to tell it", PATIENCE, async || {
        service
            .log_text()
            .contains("the limit records_per_second is 0")
    })
    .await;
    is_over(&send(&service, &secret, 1).await);
}

const UPLOAD: &str =
    "Content-Type: application/vnd.fdo.journal\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Sends a piece of a journal that goes on.
async fn piece(sender: &mut RawClient, records: std::ops::Range<u64>) {
    let record = |number| {
        let time = 1_700_000_000_000_000_u64 + number;
        format!(
            "__CURSOR=s=9b2f;i={number:x};b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP={time}\nMESSAGE={number}\n\n"
        )
    };
    let text: String = records.map(record).collect();
    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
    sender.send(chunk).await.unwrap();
}

async fn upload(service: &Service, secret: &str) -> RawClient {
    let mut sender = RawClient::connect(service.address()).await;
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n{UPLOAD}"
    );
    sender.send(head).await.unwrap();
    sender
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_under_way_is_slowed_down_and_goes_on_as_its_token_changes() {
    let tokens = Tokens::new();
    let flags = "--scope ingest --records-per-second 1 --burst-seconds 1";
    let secret = tokens.make("in", flags).await;
    let read = tokens.make("out", "--scope read").await;
    let builder = tokens.service().env("RUST_LOG", "debug");
    let service = builder.env("BODY_TIMEOUT", "1s").start().await;
    let mut sender = upload(&service, &secret).await;
    piece(&mut sender, 0..300).await;
    until(&service, &read, 300).await;
    piece(&mut sender, 300..400).await;
    wait_until("the upload to be held", PATIENCE, async || {
        service.log_text().contains("an upload is held")
    })
    .await;
    // It is not its sender that is waited for, whose time would be up.
    rest(Duration::from_secs(3)).await;
    assert_eq!(count(&service, &read).await, 300);
    // One that begins is told to come again.
    let mut other = upload(&service, &secret).await;
    let over = other.read_response(PATIENCE).await;
    assert_eq!(over.status, 429, "{}", over.text());
    assert!(over.header("retry-after").is_some());
    let (low, high) = ("records_per_second = 1,", "records_per_second = 1000,");
    change(&service, &tokens, low, high).await;
    sender.send("0\r\n\r\n").await.unwrap();
    let taken = sender.read_response(PATIENCE).await;
    assert_eq!(taken.status, 202, "{}", taken.text());
    until(&service, &read, 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_waits_ends_with_its_token_and_few_of_one_wait() {
    let tokens = Tokens::new();
    let flags = "--scope ingest --records-per-second 1 --burst-seconds 1";
    let secret = tokens.make("in", flags).await;
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(upload(&service, &secret).await);
    }
    piece(&mut all[0], 0..100).await;
    until(&service, &read, 100).await;
    let mut ended = 0;
    for sender in &mut all {
        piece(sender, 200..300).await;
    }
    let answers = all
        .iter_mut()
        .map(|sender| sender.try_read_response(PATIENCE));
    let mut waiting = Box::pin(join_all(answers));
    tokio::select! {
        _ = &mut waiting => panic!("some of them wait for as long as the rate says"),
        () = rest(Duration::from_secs(2)) => {}
    }
    assert_eq!(tokens.command("revoke in").await.0, Some(0));
    for answer in waiting.await.into_iter().flatten() {
        assert!([401, 429].contains(&answer.status), "{}", answer.text());
        ended += u32::from(answer.status == 401);
    }
    assert_eq!(ended, 4);
    assert_eq!(count(&service, &read).await, 100);
}
