//! One reader's costly questions and another's quick ones: whoever asks for most waits for himself.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use super::{PATIENCE, Tokens, asked, sent, until};
use crate::support::service::Service;
use crate::support::traffic::rest;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const RECORDS: usize = 1_000_000;
const BATCH: usize = 10_000;
/// At a time: more than there are workers and places behind them.
const ASKERS: usize = 80;
const DURING: Duration = Duration::from_secs(5);
/// What a quick question takes, in the middle: other tests share the machine. Measured alone: 4 ms.
const SOON: Duration = Duration::from_millis(100);
const COSTLY: [&str; 5] = [
    "/logs/retrieve?regex=(x%7Cy%7Cxy)*z%5Bab%5D%7B40%7D&limit=10",
    "/logs/retrieve?q=what-no-record-has&limit=10",
    "/logs/retrieve?attr.user=nobody&format=ndjson",
    "/logs/histogram?startTime=2024-01-01T00:00:00Z&endTime=2024-01-01T02:46:40Z&interval=1s&q=1",
    "/logs/facets?fields=attr.user&limit=100",
];

/// Each record has a user of its own.
async fn fill(service: &Service, secret: &str) {
    for first in (0..RECORDS).step_by(BATCH) {
        let records: Vec<String> = (first..first + BATCH)
            .map(|number| {
                let (minute, second) = (number / 60 % 60, number % 60);
                format!(
                    r#"{{"timestamp":"2024-01-01T00:{minute:02}:{second:02}Z","level":"INFO","message":"request {number} xyxyxyxyxyxyxy took {second} ms","user":"u{number}"}}"#
                )
            })
            .collect();
        let body = format!("[{}]", records.join(","));
        let reply = sent(service, "/logs/batch", secret, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tokens_costly_questions_hold_up_no_quick_ones_of_another() {
    let tokens = Tokens::new();
    let sender = tokens.make("sender", "--scope ingest,operate").await;
    let greedy = tokens.make("greedy", "--scope read").await;
    let modest = tokens.make("modest", "--scope read").await;
    let service = Arc::new(tokens.service().start().await);
    fill(&service, &sender).await;
    until(&service, &modest, RECORDS as u64).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..ASKERS)
        .map(|number| {
            let (service, greedy) = (Arc::clone(&service), greedy.clone());
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut answered = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let reply = asked(&service, COSTLY[number % COSTLY.len()], &greedy).await;
                    assert!(
                        [200, 404, 503, 504].contains(&reply.status),
                        "{}",
                        reply.text()
                    );
                    match reply.status {
                        503 => rest(Duration::from_millis(50)).await,
                        _ => answered += 1,
                    }
                }
                answered
            })
        })
        .collect();
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < DURING {
        let asks = Instant::now();
        let reply = asked(&service, "/logs/retrieve?limit=1&order=desc", &modest).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        times.push(asks.elapsed());
        rest(Duration::from_millis(5)).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let mut answered = 0;
    for asker in askers {
        answered += tokio::time::timeout(PATIENCE, asker)
            .await
            .unwrap()
            .unwrap();
    }
    times.sort_unstable();
    let (middle, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{answered} costly answers; {} quick ones, {middle:?} in the middle, {most:?} at most",
        times.len()
    );
    assert!(answered > 0, "nothing costly was looked for");
    assert!(middle < SOON, "{middle:?} in the middle, {most:?} at most");
}
