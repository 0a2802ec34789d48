//! Memory under many large bodies at once: it stays near its bound, and it is given back.

use super::PATIENCE;
use crate::support::service::Service;
use crate::support::wait_until;
use futures_util::future::join_all;

const MIB: usize = 1024 * 1024;
const SENDERS: usize = 24;
const ROUNDS: usize = 3;
const INFLIGHT: u64 = 96;

/// Thirteen megabytes of logs.
fn body() -> String {
    let record = format!(r#"{{"message":"{}"}}"#, "x".repeat(100_000));
    format!("[{}]", vec![record; 130].join(","))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_bodies_at_once_take_little_more_than_they_may_and_it_comes_back() {
    let service = Service::builder()
        .env("MAX_BODY_BYTES", "14MiB")
        .env("MAX_DECODED_BYTES", "16MiB")
        .env("MAX_INFLIGHT_BYTES", format!("{INFLIGHT}MiB"))
        .start()
        .await;
    let body = bytes::Bytes::from(body());
    let url = service.url("/logs/batch?ack=spooled");
    let mut taken = 0;
    for _ in 0..ROUNDS {
        let sent = (0..SENDERS).map(|_| service.http().post(&url).body(body.clone()).send());
        // One that is refused may find its connection closed before it has read the answer.
        let answers = join_all(sent).await.into_iter().flatten();
        taken += answers.filter(|answer| answer.status() == 200).count();
    }
    assert!(taken >= 3, "{taken}");
    wait_until("all to be stored", PATIENCE, async || {
        service.health().await["spool"]["batches"] == 0
    })
    .await;
    let peak = service.peak_rss_kib() / 1024;
    println!(
        "{taken} bodies of {} MiB taken: at most {peak} MiB",
        body.len() / MIB
    );
    // Beside what is reserved: the program itself, unoptimised here, and what is being written to disk and store.
    assert!(peak < INFLIGHT + 192, "{peak} MiB");
    wait_until("the memory to be given back", PATIENCE, async || {
        service.rss_kib() / 1024 < 112
    })
    .await;
    println!("afterwards {} MiB", service.rss_kib() / 1024);
}
