//! What it says at the end and on the way, for people and for programs.

use std::collections::BTreeSet;

use crate::support::producer::Producer;
use crate::support::scripted::{Action, Scripted};

#[tokio::test(flavor = "multi_thread")]
async fn the_json_summary_has_these_names_and_is_alone_on_standard_output() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let args = [
        "--url", &url, "--rate", "0", "--count", "1000", "--seed", "9", "--output", "json",
    ];
    let ended = Producer::run(&args).await;
    let summary = ended.summary();
    let names: BTreeSet<&str> = summary
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "accepted",
        "behind",
        "bytes",
        "cpuMicrosPerLog",
        "elapsedSeconds",
        "failed",
        "failures",
        "latencyMs",
        "logsPerSecond",
        "megabytesPerSecond",
        "replayed",
        "retried",
        "retries",
        "runId",
        "seed",
        "sent",
        "spool",
    ];
    assert_eq!(names, expected.into());
    assert_eq!(summary["seed"], 9);
    let bytes: usize = server
        .requests()
        .iter()
        .map(|request| request.body.len())
        .sum();
    assert_eq!(
        summary["bytes"].as_u64().unwrap(),
        u64::try_from(bytes).unwrap()
    );
    let latency = &summary["latencyMs"];
    let latencies =
        ["p50", "p90", "p99", "p999", "max"].map(|name| latency[name].as_f64().unwrap());
    assert!(latencies[0] > 0.0 && latencies.is_sorted(), "{latency}");
    let elapsed = summary["elapsedSeconds"].as_f64().unwrap();
    let rate = summary["logsPerSecond"].as_f64().unwrap();
    assert!((rate * elapsed - 1000.0).abs() < 1.0, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_lines() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let ended = Producer::run(&["--url", &url, "--rate", "0", "--count", "1000"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let first_words: Vec<&str> = ended
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        first_words,
        [
            "sent", "accepted", "retried", "failed", "rate", "cost", "latency"
        ]
    );
    assert!(ended.stdout.contains("sent      1000 logs"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_progress_comes_as_plain_lines() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let producer = Producer::start(&["--url", &url, "--rate", "1000"]);
    producer.wait_for("logs/s, p50").await;
    producer.signal("INT");
    let ended = producer.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    let progress = ended.stderr.lines().filter(|line| line.contains(" sent "));
    for line in progress {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains(" 0 logs/s"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_tells_no_higher_rate_than_was_asked_for() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let args = ["--url", &url, "--rate", "500", "--count", "500"];
    let ended = Producer::run(&[&args[..], &["--output", "json"]].concat()).await;
    let summary = ended.summary();
    let rate = summary["logsPerSecond"].as_f64().unwrap();
    // Five batches, the first one at once: they take 0.8 s, and stand for one.
    assert!(rate > 0.0 && rate <= 500.1, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_counts_from_the_time_a_batch_was_due() {
    // One at a time, each answered after the next ones were due: the wait for room is latency, too.
    let (release, released) = tokio::sync::watch::channel(false);
    let script = move |number| match number {
        0 => Action::TakeWhen(released.clone()),
        _ => Action::Take,
    };
    let server = Scripted::start(script).await;
    let url = server.url();
    let args = [
        "--url",
        &url,
        "--rate",
        "1000",
        "--batch-size",
        "10",
        "--count",
        "1000",
        "--concurrency",
        "1",
        "--output",
        "json",
    ];
    let producer = Producer::start(&args);
    producer.wait_for("does not keep up").await;
    release.send(true).unwrap();
    let ended = producer.ended().await;
    assert_eq!(
        ended.numbers(["sent", "accepted"]),
        [1000, 1000],
        "{ended:?}"
    );
    let latency = ended.summary()["latencyMs"].clone();
    // All batches were due within the second that the first one was held for: half waited at least
    // half of it. Latency from the moment of sending would be below a millisecond for 99 of the 100.
    assert!(latency["p50"].as_f64().unwrap() > 400.0, "{latency}");
}
