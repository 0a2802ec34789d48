//! Memory under many large bodies at once: it stays near its bound, and it is given back.

use super::PATIENCE;
use crate::support::service::Service;
use crate::support::wait_until;
use futures_util::future::join_all;

const MIB: usize = 1024 * 1024;
const SENDERS: usize = 24;
const ROUNDS: usize = 3;
const INFLIGHT: u64 = 96;
/// Beside what is reserved: what is on its way from the spool to the store, and what is not given back
/// yet. Measured: 59 to 86 MiB.
const BESIDE: u64 = 64;
/// What is kept for the next ones. Measured: 47 to 52 MiB.
const KEPT: u64 = 48;

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
    // The program itself, most of it code.
    let before = service.rss_kib() / 1024;
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
    let grown = |kib: u64| (kib / 1024).saturating_sub(before);
    let peak = grown(service.peak_rss_kib());
    println!(
        "{taken} bodies of {} MiB taken: at most {peak} MiB beside the program's {before}",
        body.len() / MIB
    );
    assert!(peak < INFLIGHT + BESIDE, "{peak} MiB");
    wait_until("the memory to be given back", PATIENCE, async || {
        grown(service.rss_kib()) < KEPT
    })
    .await;
    println!("afterwards {} MiB", grown(service.rss_kib()));
}
