//! Readers that take an answer slowly, and the memory of answers.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{drained, get, rest, retry_after};
use crate::support::wait_until;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// For all of many answers.
const WHOLE: Duration = Duration::from_secs(300);
const RECEIVE_BUFFER: u32 = 16 * 1024;
const READERS: usize = 64;
const THOUSANDS: usize = 8;
/// A trickle: so many bytes, so often, with such a pause.
const SIP: usize = 4 * 1024;
const SIPS: usize = 20;
const PAUSE: Duration = Duration::from_millis(200);
/// The default of `BLOCK_CACHE_BYTES`.
const BLOCK_CACHE_KIB: u64 = 64 * 1024;
/// What a slow reader may take, and what else may grow meanwhile: what the allocator keeps, connections of
/// the store.
const READER_KIB: u64 = 1024;
const SLACK_KIB: u64 = 64 * 1024;
/// What may be kept of it once they have left, the connections of the store among it: 25 MiB were, and 62
/// while nothing gave free memory back.
const KEPT_KIB: u64 = 40 * 1024;

/// Records of 1.5 KB that are hard to compress.
async fn fill(service: &Service) {
    let mut number = 1_u64;
    let mut word = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        format!("{number:016x}")
    };
    for thousand in 0..THOUSANDS {
        let mut record = |number: usize| {
            let text: String = (0..90).map(|_| word()).collect();
            let timestamp = format!("2024-10-08T00:00:{thousand:02}.{number:03}Z");
            json!({ "timestamp": timestamp, "level": "INFO", "message": text })
        };
        let records: Value = (0..1000).map(&mut record).collect();
        let reply = service.batch(&records).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    drained(service).await;
}

async fn begin(service: &Service, encoding: &str) -> RawClient {
    let mut reader = RawClient::connect_slow(service.address(), RECEIVE_BUFFER).await;
    let request = format!(
        "GET /logs/retrieve HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {encoding}\r\n\r\n"
    );
    reader.send(request).await.unwrap();
    reader
}

/// Reads the answer to its end, which comes in this encoding: its records.
async fn rows(mut reader: RawClient, head: Vec<u8>, encoding: &str) -> usize {
    reader.unread(head);
    let reply = reader.read_response(WHOLE).await;
    assert_eq!(reply.status, 200);
    assert!(reply.complete, "the answer is cut off");
    let told = reply.header("content-encoding").unwrap_or("identity");
    assert_eq!(told, encoding);
    let body = match encoding {
        "zstd" => zstd::decode_all(&*reply.body).expect("whole"),
        "gzip" => {
            let mut body = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(&*reply.body);
            decoder.read_to_end(&mut body).expect("whole");
            body
        }
        _ => reply.body,
    };
    let rows: Vec<Value> = serde_json::from_slice(&body).expect("whole");
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(
        ids.is_sorted_by(|one, next| one < next),
        "a row is out of place"
    );
    rows.len()
}

on_each_store!(
    slow_readers_of_small_records_take_about_a_mebibyte_each,
    async |service| {
        fill(&service).await;
        // Whoever reads, and however fast: what was read last is kept.
        let cache = match service.health().await["store"]["kind"].as_str() {
            Some("blocks") => BLOCK_CACHE_KIB,
            _ => 0,
        };
        let before = service.rss_kib() + cache;
        let mut readers = Vec::new();
        for number in 0..READERS {
            let encoding = ["identity", "zstd", "gzip"][number % 3];
            readers.push((begin(&service, encoding).await, Vec::new(), encoding));
        }
        let mut most = 0;
        for _ in 0..SIPS {
            for (reader, read, _) in &mut readers {
                read.extend(reader.read_some(SIP).await);
            }
            rest(PAUSE).await;
            most = most.max(service.rss_kib());
        }
        let health = service.health().await;
        let reserved = health["memory"]["reads"]["reservedBytes"].as_u64().unwrap();
        println!(
            "{before} KiB before, at most {most} KiB with {READERS} readers; {reserved} bytes reserved"
        );
        assert!(reserved > 0, "{health}");
        let bound = before + READERS as u64 * READER_KIB + SLACK_KIB;
        assert!(most < bound, "{before} KiB before, {most} KiB then");
        all_end_whole(&service, readers).await;
        wait_until("their memory to come back", PATIENCE, async || {
            service.rss_kib() < before + KEPT_KIB
        })
        .await;
    }
);

/// Each of these, with what was read and its encoding, gets all rows; then their room is free.
async fn all_end_whole(service: &Service, readers: Vec<(RawClient, Vec<u8>, &'static str)>) {
    let rest: Vec<_> = readers
        .into_iter()
        .map(|(reader, read, encoding)| tokio::spawn(rows(reader, read, encoding)))
        .collect();
    for rest in rest {
        assert_eq!(rest.await.unwrap(), THOUSANDS * 1000);
    }
    wait_until("the room to be free", PATIENCE, async || {
        service.health().await["memory"]["reads"]["reservedBytes"] == 0
    })
    .await;
}

async fn bounded(backend: Backend) {
    const LIMIT: u64 = 6 * 1024 * 1024;
    let settings = backend.builder("a_new_answer_is_refused").await;
    let settings = settings.env("MAX_READ_BYTES", LIMIT.to_string());
    let service = Arc::new(settings.start().await);
    fill(&service).await;
    let mut readers = Vec::new();
    let refused = loop {
        let mut reader = begin(&service, "identity").await;
        let head = reader.read_some(200).await;
        if head.starts_with(b"HTTP/1.1 200") {
            readers.push((reader, head, "identity"));
            assert!(readers.len() < READERS, "none is refused");
            continue;
        }
        assert!(head.starts_with(b"HTTP/1.1 503"));
        // What those under way hold while they are quick is given back, and there may be room for one more.
        let refused = service.get("/logs/retrieve").await;
        if refused.status != 200 {
            break refused;
        }
    };
    assert!(readers.len() > 2, "{} were begun", readers.len());
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "overloaded");
    assert!(retry_after(&refused) >= Duration::from_secs(1));
    let health = service.health().await;
    let reads = &health["memory"]["reads"];
    assert_eq!(reads["limitBytes"], LIMIT, "{health}");
    assert!(reads["reservedBytes"].as_u64() <= Some(LIMIT), "{health}");
    println!("{backend:?}: {} answers at once", readers.len());
    all_end_whole(&service, readers).await;
    let mut reader = RawClient::connect(service.address()).await;
    reader.send(get("/logs/retrieve")).await.unwrap();
    assert_eq!(rows(reader, Vec::new(), "identity").await, THOUSANDS * 1000);
}

mod at_the_bound_a_new_answer_is_refused_and_those_under_way_end_whole {
    use super::{Backend, bounded};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        bounded(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        bounded(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        bounded(Backend::MongoDb).await;
    }
}
