//! The service's own log: nobody has to read it.

mod as_records;
mod requests;
mod steps;
mod stored;

use std::time::Duration;

use crate::support::service::Service;
use crate::support::wait_until;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);
const NOTICE: &str = "lines of the log were left out here";

/// A service that says much, to nobody, and has left lines out: it has no store, and says so at each question.
async fn unread() -> Service {
    let settings = Service::builder().mongodb("mongodb://127.0.0.1:1", "logs");
    let service = settings.env("RUST_LOG", "debug").start().await;
    service.leave_log_unread();
    wait_until("lines to be left out", PATIENCE, async || {
        let questions = (0..100).map(|_| service.get("/logs/retrieve"));
        for answer in futures_util::future::join_all(questions).await {
            assert_eq!(answer.status, 503);
        }
        left_out(&service).await > 0
    })
    .await;
    service
}

/// Lines that were left out, by what `/health` says.
async fn left_out(service: &Service) -> u64 {
    service.health().await["log"]["leftOut"].as_u64().unwrap()
}

/// Lines that were left out, by what the log itself says.
fn told_of(service: &Service) -> u64 {
    let log = service.log_text();
    let notices = log.lines().filter(|line| line.contains(NOTICE));
    let lines = notices.map(|line| {
        let notice: Value = serde_json::from_str(line).unwrap();
        notice["lines"].as_u64().unwrap()
    });
    lines.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_reads_it_requests_are_answered_and_a_stop_comes_to_its_end() {
    let service = unread().await;
    let batch = r#"[{"message":"taken all the same"}]"#;
    for _ in 0..20 {
        let path = "/logs/batch?ack=spooled";
        let reply = service.post(path, "application/json", batch).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(service.get("/logs/retrieve").await.status, 503);
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_is_told_of_once_it_is_read_again() {
    let service = unread().await;
    service.read_log_again();
    wait_until("the gap to be told of", PATIENCE, async || {
        told_of(&service) > 0 && told_of(&service) == left_out(&service).await
    })
    .await;
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(log.lines().last().unwrap().contains("stopped"), "{log}");
}
