//! Signals, the end of the duration, and a server that keeps everybody waiting: it ends in time, and
//! what it holds is bounded.

use std::process::Stdio;
use std::time::Duration;

use crate::support::binaries;
use crate::support::producer::Producer;
use crate::support::scripted::{Action, Scripted};
use crate::support::wait_until;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);
/// For a server that never answers: full tilt, 8 requests under way.
const HANGING: [&str; 10] = [
    "--rate",
    "1000000",
    "--batch-size",
    "1000",
    "--concurrency",
    "8",
    "--grace",
    "1s",
    "--output",
    "json",
];

async fn under_way(server: &Scripted, requests: usize) {
    wait_until("requests to be under way", PATIENCE, async || {
        server.count() >= requests
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_what_is_under_way_be_finished() {
    for signal in ["INT", "TERM"] {
        let (release, released) = watch::channel(false);
        let server = Scripted::start(move |_| Action::TakeWhen(released.clone())).await;
        let url = server.url();
        let args = [
            "--url",
            &url,
            "--rate",
            "0",
            "--concurrency",
            "4",
            "--output",
            "json",
        ];
        let producer = Producer::start(&args);
        under_way(&server, 4).await;
        producer.signal(signal);
        producer.wait_for("finishing what is under way").await;
        assert!(producer.is_running());
        release.send(true).unwrap();
        let ended = producer.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.numbers(["sent", "accepted", "failed"]), [400, 400, 0]);
        assert_eq!(server.count(), 4, "nothing new was begun");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    let server = Scripted::start(|_| Action::Hang).await;
    let url = server.url();
    let producer = Producer::start(&["--url", &url, "--grace", "10m"]);
    under_way(&server, 1).await;
    producer.signal("TERM");
    producer.wait_for("finishing what is under way").await;
    producer.signal("INT");
    assert_eq!(producer.ended().await.code, Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_within_the_grace_period_has_failed() {
    let server = Scripted::start(|_| Action::Hang).await;
    let url = server.url();
    let producer = Producer::start(&[&["--url", &url], &HANGING[..]].concat());
    under_way(&server, 8).await;
    producer.signal("INT");
    let ended = producer.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.numbers(["sent", "accepted", "failed"]),
        [8000, 0, 8000]
    );
    assert!(
        ended.stderr.contains("before the end of the grace period"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_the_next_try_does_not_outlast_the_grace_period() {
    let asked = || vec![("Retry-After", "3600".to_owned())];
    let server = Scripted::start(move |_| Action::Answer(503, asked(), String::new())).await;
    let url = server.url();
    let args = [
        "--url",
        &url,
        "--duration",
        "1s",
        "--grace",
        "1s",
        "--output",
        "json",
    ];
    let ended = Producer::run(&args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent", "failed", "retries"]), [100, 100, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_duration_and_the_rate_give_the_number_of_logs() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let args = [
        "--url",
        &url,
        "--rate",
        "1000",
        "--batch-size",
        "500",
        "--duration",
        "2400ms",
        "--output",
        "json",
    ];
    let ended = Producer::run(&args).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.numbers(["sent", "accepted", "behind"]),
        [2500, 2500, 0]
    );
    let took = ended.summary()["elapsedSeconds"].as_f64().unwrap();
    // The last batch is due after 2 s.
    assert!((2.0..10.0).contains(&took), "{took}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_told_of_and_costs_no_memory() {
    let server = Scripted::start(|_| Action::Hang).await;
    let url = server.url();
    let producer = Producer::start(&[&["--url", &url], &HANGING[..]].concat());
    // Five seconds of a million logs a second are more than a gigabyte.
    wait_until("it to say so twice", PATIENCE, async || {
        producer.stderr().matches("does not keep up").count() >= 2
    })
    .await;
    let peak = producer.peak_rss_kib();
    println!("peak memory against a server that hangs: {peak} KiB");
    assert!(peak < 48 * 1024, "{peak} KiB");
    assert_eq!(server.count(), 8);
    producer.signal("TERM");
    let ended = producer.ended().await;
    let [sent, behind] = ended.numbers(["sent", "behind"]);
    assert_eq!(sent, 8000);
    assert!(behind > 5_000_000, "{behind}");
}

/// A child that does not outlive its test.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_up_neither_the_logs_nor_the_stop() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let args = ["--url", &url, "--rate", "0", "--batch-size", "1"];
    let producer = Producer::start_with(&[("RUST_LOG", "trace")], &args);
    producer.leave_log_unread();
    // Each says more than a hundred bytes of itself at this level: many times what a pipe takes.
    wait_until("many batches", PATIENCE, async || server.count() >= 5000).await;
    producer.signal("INT");
    assert_eq!(producer.ended().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_that_has_left_does_not_hold_up_the_stop() {
    let server = Scripted::start(|_| Action::Take).await;
    let mut command = std::process::Command::new(binaries::producer());
    command.args([
        "--url",
        &server.url(),
        "--rate",
        "1000",
        "--batch-size",
        "10",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = Child(command.stderr(Stdio::piped()).spawn().unwrap());
    drop(child.0.stderr.take());
    wait_until("some batches", PATIENCE, async || server.count() >= 3).await;
    let kill = format!("kill -INT {}", child.0.id());
    let sent = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(sent.unwrap().success());
    let mut status = None;
    wait_until("its end", PATIENCE, async || {
        status = child.0.try_wait().unwrap();
        status.is_some()
    })
    .await;
    assert_eq!(status.unwrap().code(), Some(0));
}
