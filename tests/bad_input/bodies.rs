//! Bodies that are too large, too slow, or broken on their way: the sender sees the answer, not a reset.

use std::time::Duration;

use tokio::time::Instant;

use super::{error_body, refused, serves_and_holds_nothing, started};
use crate::support::compressed::ENCODERS;
use crate::support::raw::{RawClient, RawReply};
use crate::support::service::Service;
use crate::support::traffic::post_head;

const PATIENCE: Duration = Duration::from_secs(30);
const LIMIT: usize = 100_000;
const MIB: usize = 1024 * 1024;
/// More than the system's buffers on both sides hold together.
const MUCH: usize = 16 * MIB;
const CHUNKED: &str = "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

async fn small() -> Service {
    let limit = LIMIT.to_string();
    Service::builder()
        .env("MAX_BODY_BYTES", limit)
        .start()
        .await
}

fn raw_refused(reply: &RawReply, status: u16, code: &str) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.complete, "the answer was cut: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("connection"), Some("close"));
    let told = error_body(&reply.body, code);
    told["message"].as_str().unwrap().to_owned()
}

fn chunk(size: usize) -> Vec<u8> {
    let mut bytes = format!("{size:x}\r\n").into_bytes();
    bytes.resize(bytes.len() + size, b' ');
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Sends what is left of a refused body; a reset would make that fail.
async fn send_on(client: &mut RawClient, piece: &[u8]) {
    for _ in 0..MUCH / piece.len() {
        client.send(piece).await.expect("no reset");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_announced_as_too_large_is_refused_before_it_is_sent() {
    let service = small().await;
    let mut client = RawClient::connect(service.address()).await;
    client.send(post_head(MUCH)).await.unwrap();
    let reply = client.read_response(PATIENCE).await;
    let message = raw_refused(&reply, 413, "body_too_large");
    assert!(message.contains(&LIMIT.to_string()), "{message}");
    // A sender that looks for the answer only behind the body finds it there.
    let mut client = RawClient::connect(service.address()).await;
    client.send(post_head(MUCH)).await.unwrap();
    send_on(&mut client, &vec![b' '; MIB]).await;
    raw_refused(&client.read_response(PATIENCE).await, 413, "body_too_large");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_just_the_largest_size_is_taken_and_one_byte_more_is_not() {
    let service = small().await;
    let padded = |size: usize| {
        let mut body = br#"[{"message":"m"}]"#.to_vec();
        body.resize(size, b' ');
        body
    };
    for (size, status) in [(LIMIT + 1, 413), (LIMIT, 200)] {
        let reply = service
            .post("/logs/batch", "application/json", padded(size))
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    assert_eq!(super::messages(&service).await, ["m"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_grows_too_large_is_refused_while_it_is_still_being_sent() {
    let service = small().await;
    let mut client = RawClient::connect(service.address()).await;
    client.send(CHUNKED).await.unwrap();
    client.send(chunk(LIMIT)).await.unwrap();
    assert!(!client.answered_within(Duration::from_millis(100)).await);
    client.send(chunk(1)).await.unwrap();
    raw_refused(&client.read_response(PATIENCE).await, 413, "body_too_large");
    send_on(&mut client, &chunk(MIB)).await;
    // A sender that looks for the answer only behind the body finds it there.
    let mut client = RawClient::connect(service.address()).await;
    client.send(CHUNKED).await.unwrap();
    send_on(&mut client, &chunk(MIB)).await;
    raw_refused(&client.read_response(PATIENCE).await, 413, "body_too_large");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_never_ends_is_cut_off_in_the_end() {
    let service = small().await;
    let mut client = RawClient::connect(service.address()).await;
    client.send(CHUNKED).await.unwrap();
    let piece = chunk(MIB);
    let mut sent = 0;
    while client.send(&piece).await.is_ok() {
        sent += 1;
        assert!(sent < 1024, "a GiB was read after the refusal");
    }
    serves_and_holds_nothing(&service).await;
}

async fn post_encoded(
    service: &Service,
    encoding: &str,
    body: Vec<u8>,
) -> crate::support::http::Reply {
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", encoding),
    ];
    service.post_with("/logs/batch", &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_body_that_unpacks_to_a_huge_one_is_refused_within_bounded_memory() {
    const BOMB: usize = 256 * MIB;
    let service = Service::builder()
        .env("MAX_DECODED_BYTES", "4MiB")
        .start()
        .await;
    let before = service.peak_rss_kib();
    let blanks = vec![b' '; BOMB];
    for (encoding, encode) in ENCODERS {
        let bomb = encode(&blanks);
        println!("{encoding}: {} bytes unpack to {BOMB}", bomb.len());
        assert!(bomb.len() < BOMB / 50, "{encoding}: {}", bomb.len());
        let told = refused(
            &post_encoded(&service, encoding, bomb).await,
            413,
            "decoded_body_too_large",
        );
        assert!(
            told["message"].as_str().unwrap().contains("4194304"),
            "{told}"
        );
    }
    let grown = service.peak_rss_kib() - before;
    println!("the service grew by {grown} KiB");
    assert!(grown < 64 * 1024, "the service grew by {grown} KiB");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_that_is_broken_is_refused_as_such() {
    let service = started().await;
    let records = br#"[{"message":"one"},{"message":"two"},{"message":"three"}]"#;
    for (encoding, encode) in ENCODERS {
        let whole = encode(records);
        let cut = whole[..whole.len() - 6].to_vec();
        let mut spoilt = whole.clone();
        spoilt[whole.len() / 2] ^= 0xff;
        for body in [cut, spoilt, records.to_vec(), b"\x1f\x8b".to_vec()] {
            let reply = post_encoded(&service, encoding, body).await;
            refused(&reply, 400, "invalid_compression");
        }
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_in_is_refused_when_its_time_is_over() {
    let service = Service::builder().env("BODY_TIMEOUT", "1s").start().await;
    let mut client = RawClient::connect(service.address()).await;
    let began = Instant::now();
    client.send(post_head(LIMIT)).await.unwrap();
    // Bytes go on coming: it is the whole body that has a time, not a byte of it.
    while !client.answered_within(Duration::from_millis(50)).await {
        assert!(began.elapsed() < PATIENCE, "no answer");
        client.send(" ").await.unwrap();
    }
    let waited = began.elapsed();
    let message = raw_refused(&client.read_response(PATIENCE).await, 408, "body_timeout");
    assert!(message.contains("1 s"), "{message}");
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_not_stored() {
    let service = started().await;
    let records = r#"[{"message":"one"}]"#;
    // Shorter than announced: all that came is a whole array.
    let mut client = RawClient::connect(service.address()).await;
    client
        .send(post_head(records.len() + 1) + records)
        .await
        .unwrap();
    client.shutdown_write().await;
    if let Some(reply) = client.try_read_response(PATIENCE).await {
        raw_refused(&reply, 400, "broken_body");
    }
    // Framed wrongly.
    let mut client = RawClient::connect(service.address()).await;
    let framed = format!("{CHUNKED}{:x}\r\n{records}\r\nno size\r\n", records.len());
    client.send(framed).await.unwrap();
    raw_refused(&client.read_response(PATIENCE).await, 400, "broken_body");
    serves_and_holds_nothing(&service).await;
}
