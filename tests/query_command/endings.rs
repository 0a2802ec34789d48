//! How a query ends: its reader has enough, or its answer is cut off.

use super::{query, store};
use crate::support::binaries::aggregator;
use crate::support::process::{Process, leashed};
use crate::support::query::Running;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::{drained, fill};
use crate::support::wait_until;
use serde_json::json;
use std::fs::File;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

fn row(number: usize) -> String {
    let id = format!("97fc512a811c0000706934c744beacc1{number:08x}");
    format!(
        "{{\"id\":\"{id}\",\"timestamp\":\"2024-10-08T00:00:00Z\",\"message\":\"m{number}\"}}\n"
    )
}

fn form() -> Vec<(&'static str, String)> {
    vec![("content-type", "application/x-ndjson".to_owned())]
}

/// More than fits between the service, the query and its reader.
async fn filled() -> Service {
    let service = Backend::Sqlite.start("query_endings").await;
    fill(&service, 40).await;
    drained(&service).await;
    service
}

async fn connections(service: &Service) -> u64 {
    service.health().await["connections"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_enough_ends_the_query_and_the_services_answer() {
    let service = filled().await;
    let before = connections(&service).await;
    for flags in [
        &[][..],
        &["-o", "json"],
        &["-o", "csv"],
        &["-C", "2"],
        &["-n", "30000"],
    ] {
        let mut query = Running::start(&service.url(""), flags);
        assert!(query.line().len() > 1);
        query.close();
        let ended = query.end().await;
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{flags:?}");
        wait_until("the service to stop answering", PATIENCE, async || {
            connections(&service).await <= before
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_shown_at_once_and_a_reader_that_leaves_in_the_silence_behind_it_is_noticed() {
    let server = Scripted::start(|_| Action::Stall(form(), row(0))).await;
    let mut query = Running::start(&server.url(), &[]);
    assert_eq!(query.line(), "2024-10-08T00:00:00Z -       m0\n");
    query.close();
    let ended = query.end().await;
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_killed_service_does_not_look_whole() {
    let service = filled().await;
    for form in ["csv", "json", "text"] {
        let mut query = Running::start(&service.url(""), &["-o", form]);
        let first = query.line();
        assert!(!first.is_empty());
        service.kill();
        let ended = query.end().await;
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        let rows = ended.stdout.lines().count() + usize::from(form != "csv");
        assert!(
            ended.stderr.starts_with("error: the answer broke off: "),
            "{}",
            ended.stderr
        );
        let said = format!("; what is shown ({rows} records) is not all\n");
        assert!(ended.stderr.ends_with(&said), "{rows}: {}", ended.stderr);
        service.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_an_answer_that_is_cut_off_is_shown_and_told_not_to_be_all() {
    for (body, rows) in [
        (row(0) + &row(1), 2),
        (row(0) + "{\"id\":", 1),
        (String::from("{\"id\":"), 0),
    ] {
        let server = Scripted::start(move |_| Action::BreakOff(form(), body.clone())).await;
        for flags in [&[][..], &["-o", "json"], &["-n", "5"]] {
            let ended = query(&server.url(), flags).await;
            assert_eq!((ended.code, ended.stdout.lines().count()), (1, rows));
            let lines: Vec<&str> = ended.stderr.lines().collect();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].starts_with("error: the answer broke off: "));
            let told = [
                "",
                "; what is shown (1 record) is not all",
                "; what is shown (2 records) is not all",
            ];
            assert!(lines[0].ends_with(told[rows]), "{lines:?}");
            assert_eq!(lines[0].contains("what is shown"), rows > 0, "{lines:?}");
        }
    }
    // It has its length, but ends in the middle of a record.
    let torn = row(0) + "{\"id\":";
    let server = Scripted::start(move |_| Action::Answer(200, form(), torn.clone())).await;
    let ended = query(&server.url(), &[]).await;
    assert_eq!((ended.code, ended.stdout.lines().count()), (1, 1));
    assert!(
        ended.stderr.contains("in the middle of a record"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_had_after_others_is_told() {
    let server = Scripted::start(|number| match number {
        0 => {
            let more = [("x-next-cursor", "abc".to_owned())];
            let head = form().into_iter().chain(more).collect();
            Action::Answer(200, head, row(0))
        }
        _ => Action::Reset,
    })
    .await;
    let ended = query(&server.url(), &["-n", "5"]).await;
    assert_eq!((ended.code, ended.stdout.lines().count()), (1, 1));
    assert!(
        ended.stderr.starts_with("error: no answer from http://"),
        "{ended:?}"
    );
    assert!(
        ended
            .stderr
            .ends_with("; what is shown (1 record) is not all\n"),
        "{ended:?}"
    );
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.head)
        .collect();
    assert!(
        asked[1].starts_with("get /logs/retrieve?format=ndjson&limit=4&cursor=abc "),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_written_is_an_error() {
    let service = Backend::Sqlite.start("query_full_disk").await;
    store(&service, &json!([{ "message": "m" }])).await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = leashed(aggregator(), None);
    command.args(["query", "--url"]).arg(service.url(""));
    let query = Process::spawn(command.stdout(full));
    let status = query.wait_exit(PATIENCE).await;
    let stderr = query.stderr();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: cannot write to standard output: "),
        "{stderr}"
    );
}
