//! `aggregator health`: the exit code that a container's health check goes by.

use std::process::ExitStatus;

use serde_json::Value;

use super::sentence;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;

async fn ask(address: &str, flags: &[&str]) -> (ExitStatus, String, String) {
    let mut command = Service::builder().env("LISTEN_ADDR", address).arg("health");
    for flag in flags {
        command = command.arg(*flag);
    }
    command.start_expecting_exit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_0_and_prints_the_health_of_a_service_that_takes_batches() {
    let service = Service::builder().start().await;
    let port = service.address().port();
    let url = service.url("/");
    let by_name = format!("http://localhost:{port}");
    // A service that listens on every address is asked on the loopback one.
    for (address, flags) in [
        (service.address().to_string(), &[][..]),
        (format!("0.0.0.0:{port}"), &[]),
        (format!("localhost:{port}"), &[]),
        (port.to_string(), &[]),
        ("127.0.0.1:9".to_owned(), &["--url", &url]),
        ("127.0.0.1:9".to_owned(), &["--url", &by_name]),
    ] {
        let flags = [flags, &["--output", "json"]].concat();
        let (status, stdout, stderr) = ask(&address, &flags).await;
        assert_eq!(status.code(), Some(0), "{address} {stdout}{stderr}");
        assert_eq!(stderr, "");
        let told: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(told["status"], "ok", "{told}");
        assert_eq!(told["store"]["kind"], "blocks", "{told}");
    }
    let flagged = Service::builder().env("AGGREGATOR_URL", "http://127.0.0.1:9");
    let flagged = flagged.arg("health").arg("--listen-addr");
    let (status, stdout, _) = flagged
        .arg(service.address().to_string())
        .start_expecting_exit()
        .await;
    assert_eq!(status.code(), Some(0), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_lines_that_say_how_it_is() {
    let service = Service::builder().start().await;
    let (status, stdout, stderr) = ask(&service.address().to_string(), &[]).await;
    assert_eq!(
        (status.code(), stderr.as_str()),
        (Some(0), ""),
        "{stdout}{stderr}"
    );
    let first: Vec<&str> = stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let rows = ["status", "service", "store", "records", "spool", "aside"];
    assert_eq!(first, rows, "{stdout}");
    assert!(stdout.starts_with("status    ok: "), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_and_is_no_aggregator_is_not_taken_for_a_healthy_one() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let sentence = sentence(&ask("127.0.0.1:9", &["--url", &url]).await, 1);
    assert_eq!(sentence, format!("what answers at {url} is no aggregator"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_to_answer_says_why() {
    let refusal =
        r#"{"status":"error","code":"host_not_allowed","message":"add it to ALLOWED_HOSTS"}"#;
    let server = Scripted::start(|_| Action::Answer(421, Vec::new(), refusal.to_owned())).await;
    let url = server.url();
    let sentence = sentence(&ask("127.0.0.1:9", &["--url", &url]).await, 1);
    let said = "does not say how it is: add it to ALLOWED_HOSTS (host_not_allowed)";
    assert_eq!(sentence, format!("{url} {said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_settings_of_a_service_do_not_matter_to_it() {
    let service = Service::builder().start().await;
    let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
    let command = command.env("WORKERS", "abc").env("MONGODB_URI", "nonsense");
    let (status, stdout, stderr) = command.arg("health").start_expecting_exit().await;
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_1_when_nothing_listens() {
    let service = Service::builder().start().await;
    let address = service.address().to_string();
    service.kill();
    let sentence = sentence(&ask(&address, &[]).await, 1);
    assert!(
        sentence.starts_with(&format!("no answer from {address}: ")),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_1_and_prints_the_problem_while_batches_could_not_be_taken() {
    let service = Service::builder()
        .env("SPOOL_MIN_FREE_DISK", "1TiB")
        .start()
        .await;
    let (status, stdout, stderr) = ask(&service.address().to_string(), &["-o", "json"]).await;
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    let told: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(told["status"], "unavailable", "{told}");
    assert!(told["problem"].is_string(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_0_while_mongodb_is_away_because_batches_are_taken() {
    let service = Service::builder()
        .mongodb("mongodb://127.0.0.1:9/?directConnection=true", "logdb")
        .start()
        .await;
    let (status, stdout, stderr) = ask(&service.address().to_string(), &["-o", "json"]).await;
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
    let told: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(told["status"], "degraded", "{told}");
    assert!(told["problem"].is_string(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_1_when_the_service_stands_still() {
    let service = Service::builder().start().await;
    service.signal("STOP");
    let address = service.address().to_string();
    let ended = ask(&address, &[]).await;
    service.signal("CONT");
    let sentence = sentence(&ended, 1);
    assert!(
        sentence.starts_with(&format!("no answer from {address}: ")),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_2_when_the_address_is_none() {
    let sentence = sentence(&ask("nowhere", &[]).await, 2);
    assert!(sentence.contains("--listen-addr"), "{sentence}");
}
