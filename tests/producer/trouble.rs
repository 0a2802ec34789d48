//! Against a server that refuses, fails, resets or hangs: what is tried again, when, and what is not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::producer::{Ended, Producer};
use crate::support::scripted::{Action, Request, Scripted};

/// Ten batches of ten logs, as fast as possible.
const TEN: [&str; 6] = ["--rate", "0", "--count", "100", "--batch-size", "10"];

async fn sent_to(server: &Scripted, more: &[&str]) -> Ended {
    let url = server.url();
    let known = ["--url", &url, "--output", "json"];
    Producer::run(&[&known, &TEN[..], more].concat()).await
}

fn answer(status: u16, body: &str) -> Action {
    Action::Answer(status, Vec::new(), body.to_owned())
}

/// The tries of each batch: the key and the body stay the same, and no two batches share them.
fn tries(server: &Scripted) -> Vec<Vec<Request>> {
    let requests = server.requests();
    let keys: BTreeSet<_> = requests.iter().map(|request| &request.key).collect();
    let of_key = |key| requests.iter().filter(move |request| &request.key == key);
    let tries: Vec<Vec<_>> = keys
        .into_iter()
        .map(|key| of_key(key).cloned().collect())
        .collect();
    for tries in &tries {
        assert!(!tries[0].key.is_empty());
        assert!(tries.iter().all(|request| request.body == tries[0].body));
    }
    tries
}

/// Each batch's first try ends in trouble, the second is taken.
async fn passes(trouble: impl Fn() -> Action + Send + Sync + 'static, more: &[&str]) -> Scripted {
    let script = move |tries| if tries == 0 { trouble() } else { Action::Take };
    let server = Scripted::by_try(script).await;
    let ended = sent_to(&server, &[&["--concurrency", "10"], more].concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let names = ["sent", "accepted", "failed", "retried", "retries"];
    assert_eq!(ended.numbers(names), [100, 100, 0, 100, 10], "{ended:?}");
    assert_eq!(
        ended.stderr.matches("will be tried again").count(),
        1,
        "{ended:?}"
    );
    let tries = tries(&server);
    assert_eq!(tries.iter().map(Vec::len).collect::<Vec<_>>(), [2; 10]);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_sent_again_under_the_same_key() {
    for status in [408, 429, 500, 503] {
        passes(move || answer(status, r#"{"message":"not now"}"#), &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_connection_is_tried_again() {
    passes(|| Action::Reset, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_in_time_is_tried_again() {
    passes(|| Action::Hang, &["--timeout", "3s"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_before_the_time_that_the_server_asked_for() {
    for status in [429, 503] {
        let header = || vec![("Retry-After", "2".to_owned())];
        let server = passes(move || Action::Answer(status, header(), String::new()), &[]).await;
        for tries in tries(&server) {
            let waited = tries[1].at - tries[0].at;
            // Two seconds, up to 200 ms that are added, and a slow machine.
            assert!(waited >= Duration::from_secs(2), "{waited:?}");
            assert!(waited < Duration::from_secs(10), "{waited:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_is_not_sent_again_and_the_reason_is_shown_once() {
    for (status, shown) in [
        (400, "400 Bad Request: no"),
        (404, "404 Not Found: no"),
        (422, "422 Un"),
        (302, "302 Found: no"),
    ] {
        let server = Scripted::start(move |_| answer(status, r#"{"message":"no"}"#)).await;
        let ended = sent_to(&server, &[]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            ended.numbers(["sent", "accepted", "failed", "retries"]),
            [100, 0, 100, 0]
        );
        assert_eq!(ended.stderr.matches(shown).count(), 1, "{ended:?}");
        assert_eq!(server.count(), 10);
        let failures = ended.summary()["failures"].clone();
        assert_eq!(failures[0]["logs"], 100, "{failures}");
        assert!(
            failures[0]["reason"].as_str().unwrap().starts_with(shown),
            "{failures}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_a_taken_batch_left_out_have_failed() {
    let body = r#"{"status":"success","accepted":7,"rejected":3,"errors":[{"index":0,"reason":"bad time"}]}"#;
    let server = Scripted::start(move |_| answer(200, body)).await;
    let ended = sent_to(&server, &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent", "accepted", "failed"]), [100, 70, 30]);
    assert_eq!(ended.stderr.matches("bad time").count(), 1, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_that_says_200_has_accepted_nothing() {
    let server = Scripted::start(|_| answer(200, "<html>Welcome</html>")).await;
    let ended = sent_to(&server, &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["accepted", "failed"]), [0, 100]);
    assert!(
        ended.stderr.contains("is this the right address?"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_the_service_knows_already_is_accepted() {
    let replayed = || vec![("Idempotent-Replayed", "true".to_owned())];
    let body = r#"{"status":"success","accepted":10}"#;
    let server = Scripted::start(move |_| Action::Answer(200, replayed(), body.to_owned())).await;
    let ended = sent_to(&server, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.numbers(["accepted", "replayed"]), [100, 100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_up_when_it_was_told_to() {
    let server = Scripted::start(|_| answer(503, "")).await;
    let ended = sent_to(&server, &["--give-up-after", "1s"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent", "failed"]), [100, 100]);
    assert!(ended.stderr.contains("given up: 503"), "{ended:?}");
    assert!(server.count() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_there_is_told_in_words() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let args = ["--url", &url, "--count", "1", "--give-up-after", "100ms"];
    let ended = Producer::run(&args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("no connection: Connection refused"),
        "{ended:?}"
    );
}
