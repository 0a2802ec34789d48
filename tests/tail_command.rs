//! `aggregator tail` as a user runs it: the real program against the real service.

use crate::support::forwarder::Forwarder;
use crate::support::query::{Running, query};
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::wait_until;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

async fn store(service: &Service, messages: &[&str]) {
    let record = |(number, message): (usize, &&str)| json!({"timestamp": format!("2024-10-08T00:00:{number:02}Z"), "level": "ERROR", "message": message, "service": "shop"});
    let records: Value = messages.iter().enumerate().map(record).collect();
    assert_eq!(service.batch(&records).await.status, 200);
}

/// Waits until somebody follows.
async fn followed(service: &Service) {
    wait_until("somebody to follow", PATIENCE, async || {
        service.health().await["tail"]["readers"] == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_shown_as_they_are_stored_until_it_is_interrupted() {
    for (command, form) in [
        ("tail", "text"),
        ("tail", "json"),
        ("query --follow", "text"),
    ] {
        let service = Backend::Blocks.start("tail_command").await;
        store(&service, &["before"]).await;
        let mut tail = Running::start_as(command, &service.url(""), &["-o", form, "-q", "e"]);
        followed(&service).await;
        store(&service, &["one", "not", "three"]).await;
        let lines = [tail.line(), tail.line()];
        match form {
            "text" => assert_eq!(
                lines,
                [
                    "2024-10-08T00:00:00Z ERROR   one  service=shop\n",
                    "2024-10-08T00:00:02Z ERROR   three  service=shop\n"
                ]
            ),
            _ => {
                let messages = lines
                    .map(|line| serde_json::from_str::<Value>(&line).unwrap()["message"].clone());
                assert_eq!(messages, ["one", "three"]);
            }
        }
        tail.signal("INT");
        let ended = tail.end().await;
        assert_eq!(
            (ended.code, &*ended.stdout, &*ended.stderr),
            (0, "", ""),
            "{command}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_begins_with_the_last_ones_of_which_none_comes_twice() {
    let service = Backend::Blocks.start("tail_last").await;
    store(&service, &["one", "two", "three", "four"]).await;
    let mut tail = Running::start_as("tail", &service.url(""), &["-n", "3"]);
    for message in ["two", "three", "four"] {
        assert!(tail.line().contains(message));
    }
    followed(&service).await;
    store(&service, &["five", "six"]).await;
    for message in ["five", "six"] {
        assert!(tail.line().contains(message));
    }
    let mut past = Running::start_as("tail", &service.url(""), &["--since", "2024-10-08"]);
    let lines: Vec<String> = (0..6).map(|_| past.line()).collect();
    assert!(
        lines.iter().any(|line| line.contains("one"))
            && lines.iter().any(|line| line.contains("six"))
    );
    for mut running in [tail, past] {
        running.close();
        let ended = running.end().await;
        assert_eq!(
            (ended.code, &*ended.stderr),
            (0, ""),
            "who reads it has enough"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_connects_again_by_itself_says_so_and_shows_what_was_stored_meanwhile() {
    let service = Backend::Blocks.start("tail_reconnects").await;
    let forwarder = Forwarder::to(service.address()).await;
    let mut tail = Running::start_as("tail", &forwarder.url(), &[]);
    followed(&service).await;
    store(&service, &["one"]).await;
    assert!(tail.line().contains("one"));
    forwarder.to_nobody();
    service.restart().await;
    store(&service, &["two", "three"]).await;
    forwarder.now_to(service.address());
    assert!(tail.line().contains("two"));
    assert!(tail.line().contains("three"));
    store(&service, &["four"]).await;
    assert!(tail.line().contains("four"));
    tail.signal("INT");
    let ended = tail.end().await;
    assert_eq!(ended.code, 0);
    assert!(
        ended.stderr.contains("; connecting again"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .ends_with("connected again: it goes on where it was\n"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_with_following_and_a_service_that_is_not_there_are_told_at_once() {
    let service = Backend::Blocks.start("tail_refused").await;
    for (flags, said) in [
        (
            &["--follow", "--until", "now"][..],
            "error: --until is for what was stored",
        ),
        (
            &["--follow", "--order", "desc"],
            "error: --order is for what was stored",
        ),
        (
            &["-f", "-C", "1"],
            "error: --context is for what was stored",
        ),
        (
            &["-f", "-o", "csv"],
            "error: what is followed is shown as text or json",
        ),
        (
            &["-f", "-n", "10001"],
            "error: of the last records, 10000 at most",
        ),
        (&["-f", "--regex", "("], "error: --regex"),
    ] {
        let ended = query(&service.url(""), flags).await;
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.starts_with(said), "{ended:?}");
    }
    let url = service.url("");
    service.kill();
    let ended = query(&url, &["-f"]).await;
    assert_eq!(ended.code, 1);
    assert!(
        ended.stderr.starts_with("error: no answer from"),
        "{ended:?}"
    );
}
