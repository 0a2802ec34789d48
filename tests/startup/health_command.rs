//! `aggregator health`: the exit code that a container's health check goes by.

use std::process::ExitStatus;

use serde_json::Value;

use super::sentence;
use crate::support::service::Service;

async fn ask(address: &str) -> (ExitStatus, String, String) {
    let command = Service::builder().env("LISTEN_ADDR", address).arg("health");
    command.start_expecting_exit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_0_and_prints_the_health_of_a_service_that_takes_batches() {
    let service = Service::builder().start().await;
    let port = service.address().port();
    // A service that listens on every address is asked on the loopback one.
    for address in [service.address().to_string(), format!("0.0.0.0:{port}")] {
        let (status, stdout, stderr) = ask(&address).await;
        assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
        assert_eq!(stderr, "");
        let told: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(told["status"], "ok", "{told}");
        assert_eq!(told["store"]["kind"], "sqlite", "{told}");
    }
    let flagged = Service::builder().arg("health").arg("--listen-addr");
    let (status, stdout, _) = flagged
        .arg(service.address().to_string())
        .start_expecting_exit()
        .await;
    assert_eq!(status.code(), Some(0), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_1_when_nothing_listens() {
    let service = Service::builder().start().await;
    let address = service.address().to_string();
    service.kill();
    let sentence = sentence(&ask(&address).await, 1);
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
    let (status, stdout, stderr) = ask(&service.address().to_string()).await;
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
    let (status, stdout, stderr) = ask(&service.address().to_string()).await;
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
    let ended = ask(&address).await;
    service.signal("CONT");
    let sentence = sentence(&ended, 1);
    assert!(
        sentence.starts_with(&format!("no answer from {address}: ")),
        "{sentence}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_exits_2_when_the_address_is_none() {
    let sentence = sentence(&ask("nowhere").await, 2);
    assert!(sentence.contains("--listen-addr"), "{sentence}");
}
