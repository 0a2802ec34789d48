//! How the service starts, what it says then, and how it gives up when it cannot.

use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

mod health_command;
mod layout;
mod refusals;
mod settings;

use crate::support::process::last_words;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

/// Checks that the program gave up with one sentence on standard error, and gives that sentence.
fn sentence((status, stdout, stderr): &(ExitStatus, String, String), code: i32) -> String {
    assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
    assert_eq!(stdout, "");
    // What the log says stands before it, in the log's form.
    let before = stderr.trim_end().rsplit_once('\n');
    let before = before.map_or("", |(before, _)| before);
    let is_of_log = |line: &str| line.starts_with('{') && !line.contains(r#""level":"ERROR""#);
    assert!(before.lines().all(is_of_log), "{stderr}");
    last_words(stderr)
}

on_each_store!(
    the_log_says_in_few_lines_where_it_listens_and_keeps_the_logs,
    async |service| {
        service.kill();
        let log = service.log_text();
        let events: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        let field = |name: &str| {
            let found = events.iter().find_map(|event| event[name].as_str());
            found
                .unwrap_or_else(|| panic!("no {name} in {log}"))
                .to_owned()
        };
        assert_eq!(field("address"), service.address().to_string());
        match field("store").as_str() {
            "sqlite" => {
                let file = service.data_dir().join("logs.sqlite3");
                assert_eq!(field("location"), file.display().to_string());
            }
            "blocks" => {
                let file = service.data_dir().join("blocks.sqlite3");
                assert_eq!(field("location"), file.display().to_string());
            }
            "mongodb" => assert!(
                field("location").starts_with("mongodb://127.0.0.1:"),
                "{events:?}"
            ),
            other => panic!("no such store: {other}"),
        }
        assert!(events.len() <= 5, "{log}");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_text_for_people_by_default() {
    let service = Service::builder().env("LOG_FORMAT", "text").start().await;
    let log = service.log_text();
    let file = service
        .data_dir()
        .join("blocks.sqlite3")
        .display()
        .to_string();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.len() <= 5, "{log}");
    assert!(lines.iter().all(|line| line.contains(" INFO ")), "{log}");
    for said in [service.address().to_string(), "blocks".to_owned(), file] {
        assert!(log.contains(&said), "{said} is not in {log}");
    }
    assert!(!log.contains('\u{1b}'), "colours in {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn port_0_takes_a_free_port_and_the_log_says_which() {
    let [one, other] = [
        Service::builder().start().await,
        Service::builder().start().await,
    ];
    assert_ne!(one.address().port(), 0);
    assert_ne!(one.address(), other.address());
    for service in [one, other] {
        assert_eq!(service.get("/health").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_folder_is_made_when_it_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("not/there/yet");
    let service = Service::builder().data_dir(&inside).start().await;
    assert_eq!(service.get("/health").await.status, 200);
    assert!(inside.join("blocks.sqlite3").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_left_by_a_killed_service_is_used_again() {
    let service = Service::builder().start().await;
    let record = serde_json::json!([{ "message": "kept" }]);
    assert_eq!(service.batch(&record).await.status, 200);
    service.restart().await;
    let reply = service.get("/logs/retrieve").await;
    assert_eq!(reply.json()[0]["message"], "kept", "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_json_log_keeps_what_happened_apart_from_why() {
    let service = Service::builder()
        .mongodb("mongodb://127.0.0.1:9/?directConnection=true", "logdb")
        .env("RUST_LOG", "debug")
        .start()
        .await;
    assert_eq!(service.get("/logs/retrieve").await.status, 503);
    wait_until("the refusal to be logged", PATIENCE, async || {
        let log = service.log_text();
        let mut events = log.lines().map(|line| serde_json::from_str(line).unwrap());
        events.any(|event: Value| {
            event["message"] == "refused"
                && event["code"] == "store_unavailable"
                && event["reason"].is_string()
        })
    })
    .await;
}
