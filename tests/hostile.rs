//! Clients that mean harm, each kind many at once: memory stays bounded, and a usual client is served meanwhile.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Mutex;

use crate::support::compressed::{gzip, zlib, zstd};
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::{drained, fill, get, post_head, post_head_to, rest};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Between two bytes of somebody who is slow on purpose: never so long that the connection looks idle.
const TRICKLE: Duration = Duration::from_millis(100);
/// How long harm is done, at least.
const HARM: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(30);
/// What a usual client waits, in the middle: it shares two cores with other tests. Measured alone: 1 to 12 ms, and 35
/// at most.
const SOON: Duration = Duration::from_millis(100);
/// What the service may grow by, beside what it may reserve for bodies and answers.
const BESIDE_KIB: u64 = 96 * 1024;
const INFLIGHT: &str = "64MiB";
const INFLIGHT_KIB: u64 = 64 * 1024;

/// One kind of harm at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn service() -> Arc<Service> {
    let service = Service::builder()
        .env("MAX_BODY_BYTES", "4MiB")
        .env("MAX_DECODED_BYTES", "8MiB")
        .env("MAX_INFLIGHT_BYTES", INFLIGHT);
    Arc::new(service.start().await)
}

/// Sends and reads as usual while harm is done; checks what that cost.
async fn beside(service: &Arc<Service>, harm: impl Future<Output = ()>) {
    let _alone = ALONE.lock().await;
    let before = service.rss_kib();
    let is_over = Arc::new(AtomicBool::new(false));
    let usual = tokio::spawn(usual(Arc::clone(service), Arc::clone(&is_over)));
    let began = Instant::now();
    harm.await;
    rest(HARM.saturating_sub(began.elapsed())).await;
    is_over.store(true, Ordering::Relaxed);
    let mut times = usual.await.unwrap();
    times.sort_unstable();
    let (middle, most) = (times[times.len() / 2], times[times.len() - 1]);
    let grown = service.peak_rss_kib() - before;
    println!(
        "{} requests served, {middle:?} in the middle, {most:?} at most; {grown} KiB more",
        times.len()
    );
    assert!(middle < SOON, "{middle:?} in the middle, {most:?} at most");
    assert!(grown < INFLIGHT_KIB + BESIDE_KIB, "{grown} KiB");
    drained(service).await;
}

async fn usual(service: Arc<Service>, is_over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let sent = service.batch(&json!([{"message": "as usual"}])).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        let read = service.get("/logs/retrieve?limit=1&order=desc").await;
        assert_eq!(read.status, 200, "{}", read.text());
        times.push(began.elapsed() / 2);
        rest(Duration::from_millis(5)).await;
    }
    times
}

/// Does it for as long as harm is done.
async fn again(mut harm: impl AsyncFnMut()) {
    let began = Instant::now();
    while began.elapsed() < HARM {
        harm().await;
    }
}

async fn many(service: &Service, count: usize) -> Vec<RawClient> {
    let address = service.address();
    join_all((0..count).map(|_| RawClient::connect(address))).await
}

/// Each client sends its beginning, and then a byte at a time for as long as harm is done.
async fn trickle(service: &Service, count: usize, beginning: &str) {
    let clients = many(service, count).await;
    let each = clients.into_iter().map(async |mut client| {
        let began = Instant::now();
        let mut sent = client.send(beginning).await;
        while sent.is_ok() && began.elapsed() < HARM {
            rest(TRICKLE).await;
            sent = client.send(b"x").await;
        }
    });
    join_all(each).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_hold_up_nobody() {
    let service = service().await;
    let head = "GET /logs/retrieve HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    beside(&service, trickle(&service, 400, head)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_hold_up_nobody() {
    let service = service().await;
    let begun = post_head(MIB) + "[{\"message\":\"";
    beside(&service, trickle(&service, 400, &begun)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_hold_up_nobody() {
    const CONNECTIONS: usize = 10_000;
    /// For all other tests of this program.
    const OTHERS: u64 = 2_000;
    let wanted = CONNECTIONS as u64 + OTHERS;
    let files = rlimit::increase_nofile_limit(wanted).unwrap();
    assert!(
        files >= wanted,
        "this test needs {wanted} open files, and {files} are allowed: see `ulimit -Hn`"
    );
    let service = service().await;
    let harm = async {
        let mut idle = Vec::new();
        while idle.len() < CONNECTIONS {
            idle.extend(many(&service, 250).await);
            let last = idle.len() - 1;
            // Some have had an answer, so that they are not the first to go.
            drop(idle[last].send(get("/health")).await);
        }
        rest(HARM).await;
        drop(idle);
    };
    beside(&service, harm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_in_every_encoding_hold_up_nobody() {
    const BOMB: usize = 256 * MIB;
    let service = service().await;
    let blanks = vec![b' '; BOMB];
    let snappy = snap::raw::Encoder::new().compress_vec(&blanks).unwrap();
    let bombs = [
        ("/logs/batch", "gzip", gzip(&blanks)),
        ("/logs/batch", "deflate", zlib(&blanks)),
        ("/logs/batch", "zstd", zstd(&blanks)),
        ("/logs/batch", "gzip, gzip", gzip(&gzip(&blanks))),
        ("/loki/api/v1/push", "snappy", snappy),
        ("/v1/logs", "gzip", gzip(&blanks)),
        ("/_bulk", "zstd", zstd(&blanks)),
    ];
    drop(blanks);
    let harm = async {
        again(async || {
            join_all(bombs.iter().map(|bomb| send_bomb(&service, bomb))).await;
        })
        .await;
    };
    beside(&service, harm).await;
}

async fn send_bomb(service: &Service, (path, encoding, bomb): &(&str, &str, Vec<u8>)) {
    let head = post_head_to(path, bomb.len());
    let head = head.replacen("\r\n", &format!("\r\nContent-Encoding: {encoding}\r\n"), 1);
    let mut client = RawClient::connect(service.address()).await;
    // It may be refused before all of it is sent.
    drop(client.send(head).await);
    drop(client.send(bomb).await);
    let reply = client.try_read_response(PATIENCE).await;
    let status = reply.map(|reply| reply.status);
    assert!(
        status.is_none_or(|status| (400..500).contains(&status) || status == 503),
        "{path} {encoding}: {status:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_holds_up_nobody() {
    let service = service().await;
    let chunked = "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n";
    let sent = [
        "\0\0\0\0".repeat(64),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost localhost\r\n\r\n".to_owned(),
        "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_owned(),
        "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]".to_owned(),
        format!("{chunked}Content-Length: 4\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n"),
        format!("{chunked}\r\nffffffffffffffffffff\r\n"),
        format!("{chunked}\r\n-1\r\n"),
        format!("{chunked}\r\n1;{}\r\n", "x".repeat(64 * KIB)),
    ];
    let harm = async {
        again(async || {
            let each = sent.iter().map(async |text| {
                let mut client = RawClient::connect(service.address()).await;
                drop(client.send(text).await);
                client.shutdown_write().await;
                client.closed_within(PATIENCE).await
            });
            let all = join_all(each).await;
            assert!(all.iter().all(|is_closed| *is_closed), "{all:?}");
        })
        .await;
    };
    beside(&service, harm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn giant_heads_hold_up_nobody() {
    let service = service().await;
    let padding = format!("X-Padding: {}\r\n", "x".repeat(4 * KIB));
    let head = format!(
        "GET /health HTTP/1.1\r\nHost: localhost\r\n{}",
        padding.repeat(128)
    );
    let harm = async {
        again(async || {
            let clients = many(&service, 100).await;
            let each = clients.into_iter().map(async |mut client| {
                // It is refused before it ends.
                drop(client.send(&head).await);
                client.closed_within(PATIENCE).await
            });
            let all = join_all(each).await;
            assert!(all.iter().all(|is_closed| *is_closed), "{all:?}");
        })
        .await;
    };
    beside(&service, harm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_stall_hold_up_nobody() {
    const READERS: usize = 40;
    let service = service().await;
    fill(&service, 20).await;
    drained(&service).await;
    let harm = async {
        let mut stalled = Vec::new();
        for _ in 0..READERS {
            let mut client = RawClient::connect_slow(service.address(), 4_096).await;
            let asked = client.send(get("/logs/retrieve?format=ndjson")).await;
            asked.unwrap();
            stalled.push(client);
        }
        rest(HARM).await;
    };
    beside(&service, harm).await;
}
