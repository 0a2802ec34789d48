//! A start and a stop are told step by step, with the time that each took.

use crate::support::service::Service;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn lines(service: &Service) -> Vec<Value> {
    let log = service.log_text();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Checks that these stand in the log in this order; gives them.
fn in_order<'a>(lines: &'a [Value], wanted: &[&str]) -> Vec<&'a Value> {
    let mut left = lines.iter();
    let found = wanted.iter().map(|wanted| {
        let found = left.find(|line| line["message"].as_str().unwrap().starts_with(wanted));
        found.unwrap_or_else(|| panic!("no {wanted:?} in its place: {lines:#?}"))
    });
    found.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_says_what_it_found_and_a_stop_what_became_of_it() {
    let service = Service::builder().start().await;
    let batch = json!([{"message": "m"}]).to_string();
    let path = "/logs/batch?ack=spooled";
    let reply = service.post(path, "application/json", batch).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let lines = lines(&service);
    let start = in_order(
        &lines,
        &["starting", "keeping logs", "the spool is read", "listening"],
    );
    assert_eq!(start[0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(start[0]["data_dir"], service.data_dir().to_str().unwrap());
    assert_eq!(
        (&start[2]["batches"], &start[2]["records"]),
        (&json!(0), &json!(0))
    );
    let stop = in_order(
        &lines,
        &[
            "listening",
            "stopping",
            "the requests under way have ended",
            "all that was taken is on disk",
            "the drain has ended",
            "the store is closed",
            "stopped; everything that was accepted is stored",
        ],
    );
    assert_eq!(stop[4]["left"], 0, "{lines:#?}");
    let timed = start[1..3].iter().chain(&stop[2..]);
    let took: Vec<_> = timed.map(|line| line["took_ms"].as_u64()).collect();
    assert!(took.iter().all(Option::is_some), "{lines:#?}");
    let (all, steps) = took[2..].split_last().unwrap();
    let steps: u64 = steps.iter().flatten().sum();
    assert!(Some(steps) <= *all, "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_spool_is_told_by_the_stop_and_by_the_next_start() {
    let nobody = "mongodb://127.0.0.1:1/?directConnection=true";
    let service = Service::builder().mongodb(nobody, "logs").start().await;
    let batch = json!([{"message": "one"}, {"message": "two"}]).to_string();
    let path = "/logs/batch?ack=spooled";
    let reply = service.post(path, "application/json", batch).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let told = lines(&service);
    let stop = in_order(
        &told,
        &["the drain has ended", "stopped; what is left waits"],
    );
    assert_eq!(
        (&stop[0]["stored"], &stop[0]["left"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(
        (&stop[1]["batches"], &stop[1]["records"]),
        (&json!(1), &json!(2))
    );
    service.restart().await;
    let told = lines(&service);
    let start = in_order(&told, &["the spool is read", "keeping logs", "listening"]);
    assert_eq!(
        (&start[0]["batches"], &start[0]["records"]),
        (&json!(1), &json!(2))
    );
}
