//! Long answers: flat memory, and readers that are slow, stand still or leave.
//!
//! `cargo test --test system -- a_long_answer_takes_no_memory --nocapture` prints the figures that the
//! guide quotes.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::time::{Duration, Instant};

use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{fill, stored};
use crate::support::wait_until;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);
/// Of the machine's socket buffers a slow reader takes this much.
const RECEIVE_BUFFER: u32 = 16 * 1024;
/// What an answer of any length may add to the memory of the service: some pages and buffers.
const ANSWER_KIB: u64 = 48 * 1024;
const BATCH: usize = 5_000;

/// How many records the long answer has.
fn long_answer() -> usize {
    std::env::var("STREAMED_RECORDS").map_or(2_000_000, |count| {
        count.parse().expect("STREAMED_RECORDS is a number")
    })
}

/// Sends records `first..first + BATCH`, one a millisecond.
async fn send_batch(service: &Service, first: usize) {
    let start = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
    let records: Vec<_> = (first..first + BATCH)
        .map(|number| {
            let time = start + Duration::from_millis(number as u64);
            json!({
                "timestamp": time.to_rfc3339(), "level": "INFO",
                "message": format!("{number} GET /api/orders/{number}/items took {} ms", number % 977),
                "service": "checkout", "host": "node-7",
            })
        })
        .collect();
    let reply = service.batch(&json!(records)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Reads all of `/logs/retrieve` as it comes; every record has to be there, in its place.
/// Returns how many bytes came.
async fn read_whole(service: &Service, count: usize) -> usize {
    let request = service.http().get(service.url("/logs/retrieve"));
    let mut response = request
        .timeout(Duration::from_secs(600))
        .send()
        .await
        .unwrap();
    let (mut line, mut next, mut total) = (Vec::new(), 0, 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        total += chunk.len();
        for &byte in &chunk {
            line.push(byte);
            if byte == b'\n' {
                let text = str::from_utf8(&line).unwrap();
                let message = format!("\"message\":\"{next} GET ");
                assert!(text.contains(&message), "{message} was expected: {text}");
                next += 1;
                line.clear();
            }
        }
    }
    assert_eq!(next, count);
    total
}

/// Memory after the writing is done, and the most that the reading takes.
async fn flat_memory(backend: Backend) {
    let count = long_answer();
    let name = "a_long_answer_takes_no_memory";
    let settings = backend.builder(name).await;
    // What blocks keep of what was read has a bound of its own.
    let settings = settings.env("BLOCK_CACHE_BYTES", "8MiB");
    let service = settings.start().await;
    let started = Instant::now();
    for first in (0..count).step_by(BATCH) {
        send_batch(&service, first).await;
    }
    println!(
        "{backend:?}: {count} records written in {:.1?}",
        started.elapsed()
    );
    let filled = service.rss_kib();
    std::fs::write(format!("/proc/{}/clear_refs", service.pid()), "5").expect("the peak is reset");
    let started = Instant::now();
    let bytes = read_whole(&service, count).await;
    let seconds = started.elapsed().as_secs_f64();
    let peak = service.peak_rss_kib();
    println!(
        "{backend:?}: {count} records, {} MB in {seconds:.1} s, {:.0} records/s; RSS {} MiB before, at most {} MiB",
        bytes / 1_000_000,
        f64::from(u32::try_from(count).unwrap()) / seconds,
        filled / 1024,
        peak / 1024,
    );
    assert!(
        peak < filled + ANSWER_KIB,
        "{filled} KiB before, {peak} KiB while it was read"
    );
}

mod a_long_answer_takes_no_memory {
    use super::{Backend, flat_memory};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        flat_memory(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        flat_memory(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        flat_memory(Backend::MongoDb).await;
    }
}

/// A reader that has asked for everything and read the first bytes of it.
async fn begin_reading(service: &Service) -> RawClient {
    let mut reader = RawClient::connect_slow(service.address(), RECEIVE_BUFFER).await;
    let request = "GET /logs/retrieve HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    reader.send(request).await.unwrap();
    assert!(
        reader
            .read_some(1_000)
            .await
            .starts_with(b"HTTP/1.1 200 OK\r\n")
    );
    reader
}

/// What is left of an answer after which the connection ends, well or badly.
async fn read_to_end(reader: &mut RawClient) -> Vec<u8> {
    const STEP: usize = 64 * 1024;
    let mut rest = Vec::new();
    loop {
        let some = reader.read_some(STEP).await;
        rest.extend_from_slice(&some);
        if some.len() < STEP {
            return rest;
        }
    }
}

/// Whether a chunked answer has its last chunk.
fn looks_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"\r\n0\r\n\r\n")
}

/// A service with a single worker a lane and an answer that no socket buffer holds.
async fn filled(backend: Backend, name: &str, reader_timeout: &str) -> Service {
    let settings = backend.builder(name).await.env("WORKERS", "1");
    let service = settings.env("READER_TIMEOUT", reader_timeout).start().await;
    fill(&service, 20).await;
    service
}

async fn slow_readers(backend: Backend) {
    let service = filled(backend, "slow_readers_hold_up_nobody", "60s").await;
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(begin_reading(&service).await);
    }
    let started = Instant::now();
    for number in 0..20 {
        let record =
            json!([{"timestamp": "2030-01-01T00:00:00Z", "message": format!("late {number}")}]);
        let taken = service.batch(&record).await;
        assert_eq!(taken.status, 200, "{}", taken.text());
        let found = service
            .get("/logs/retrieve?startTime=2030-01-01T00:00:00Z")
            .await;
        assert_eq!(found.json().as_array().map(Vec::len), Some(number + 1));
    }
    let served = started.elapsed();
    println!("{backend:?}: 20 batches and 20 queries beside four slow readers in {served:.1?}");
    assert_eq!(service.health().await["workers"]["read"]["busy"], 0);

    for reader in &mut readers {
        assert!(looks_whole(&read_to_end(reader).await));
    }
}

mod slow_readers_hold_up_nobody {
    use super::{Backend, slow_readers};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        slow_readers(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        slow_readers(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        slow_readers(Backend::MongoDb).await;
    }
}

async fn connections_left(service: &Service, count: u64) {
    wait_until("the connections to end", PATIENCE, async || {
        // The one that asks is a connection, too.
        service.health().await["connections"] == count + 1
    })
    .await;
}

on_each_store!(readers_that_leave_leave_nothing_behind, async |service| {
    fill(&service, 20).await;
    let before = service.threads();
    for _ in 0..20 {
        begin_reading(&service).await.close();
    }
    connections_left(&service, 0).await;
    // A page that was being read when its reader left is read to its end.
    wait_until("the readers' pages to end", PATIENCE, async || {
        service.health().await["workers"]["read"]["busy"] == 0
    })
    .await;
    let health = service.health().await;
    assert_eq!(health["memory"]["reservedBytes"], 0, "{health}");
    assert!(service.threads() <= before + 8, "threads pile up");
    assert_eq!(stored(&service).await.len(), 20_000);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stands_still_is_cut_off_and_its_answer_does_not_look_whole() {
    let service = filled(Backend::Sqlite, "a_reader_that_stands_still", "1s").await;
    let reader = begin_reading(&service).await;
    let mut other = begin_reading(&service).await;
    connections_left(&service, 0).await;
    drop(reader);
    assert!(!looks_whole(&read_to_end(&mut other).await));
}
