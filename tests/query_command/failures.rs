//! What is said when a query is wrong, refused, or finds nobody to ask.

use super::query;
use crate::support::query::Ended;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;
use crate::support::stores::Backend;

/// Checks that it gave up with one sentence on standard error, and gives that sentence.
fn sentence(ended: &Ended, code: i32) -> String {
    assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
    let sentence = ended.stderr.strip_suffix('\n').unwrap();
    assert!(!sentence.contains('\n'), "{sentence}");
    sentence.strip_prefix("error: ").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_query_is_said_and_exits_2() {
    let service = Backend::Sqlite.start("query_wrong").await;
    for (flags, said) in [
        (
            &["--since", "someday"][..],
            "--since is not a time: expected one such as 2024-10-08, 2024-10-08T10:00",
        ),
        (&["--end", "someday"], "--until is not a time: "),
        (
            &["--since", "now", "--until", "-1h"],
            "--since is after --until",
        ),
        (&["--min-level", "loud"], "--min-level is no level"),
        (&["--regex", "("], "--regex cannot be used: unclosed group"),
        (
            &["-o", "csv", "--fields", "nmae"],
            "--fields has no column \"nmae\"",
        ),
        (&["--fields", "id"], "--fields is for --output csv alone"),
        (
            &["-o", "csv", "-C", "1"],
            "--context is for --output text and json",
        ),
        (
            &["--url", "localhost:8005"],
            "--url must be an address such as",
        ),
        (&["--limit", "0"], "invalid value '0' for '--limit <COUNT>'"),
        (
            &["--order", "up"],
            "invalid value 'up' for '--order <ORDER>'",
        ),
        (&["-q", ""], "a value is required for '--contains <TEXT>'"),
        (
            &["--context", "1000"],
            "invalid value '1000' for '--context <COUNT>'",
        ),
        (
            &["--attr", "=5"],
            "--attr must begin with the attribute's name",
        ),
    ] {
        let sentence = sentence(&query(&service.url(""), flags).await, 2);
        assert!(sentence.starts_with(said), "{flags:?}: {sentence}");
    }
    for (flag, said) in [
        (
            "connection failed",
            "unexpected argument 'connection failed'",
        ),
        ("--listen-addr=8005", "unexpected argument '--listen-addr'"),
    ] {
        let ended = query(&service.url(""), &[flag]).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{ended:?}");
        let mut lines = ended.stderr.lines();
        let first = lines.next().unwrap();
        assert!(first.starts_with(&format!("error: {said}")), "{ended:?}");
        let has_usage = lines.any(|line| line.starts_with("Usage: aggregator query"));
        assert!(has_usage, "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_or_busy_or_none_is_told_and_exits_1() {
    let away = Service::builder().start().await;
    let url = away.url("");
    away.kill();
    let said = sentence(&query(&url, &[]).await, 1);
    assert!(
        said.starts_with(&format!("no answer from {url}: Connection refused")),
        "{said}"
    );

    let busy =
        r#"{"status":"error","code":"too_many_streams","message":"too many answers \u001b[2J"}"#;
    let json = || ("content-type", "application/json".to_owned());
    for (action, expected) in [
        (
            Action::Answer(
                503,
                vec![json(), ("retry-after", "7".to_owned())],
                busy.to_owned(),
            ),
            "the service cannot answer now: too many answers \\x1b[2J (too_many_streams); try again in 7 s",
        ),
        (
            Action::Answer(504, vec![json()], busy.to_owned()),
            "URL answered 504 Gateway Timeout: too many answers \\x1b[2J (too_many_streams)",
        ),
        (
            Action::Answer(404, Vec::new(), "<html>".to_owned()),
            "URL answered 404 Not Found",
        ),
        (
            Action::Answer(
                200,
                vec![("content-type", "text/html".to_owned())],
                "hello".to_owned(),
            ),
            "what answers at URL is no aggregator",
        ),
        (
            Action::Reset,
            "no answer from URL: Connection reset by peer (os error 104)",
        ),
        (Action::Hang, "no answer from URL within 0.3 s"),
    ] {
        let action = std::sync::Mutex::new(Some(action));
        let server = Scripted::start(move |_| action.lock().unwrap().take().unwrap()).await;
        let said = sentence(&query(&server.url(), &["--timeout", "300ms"]).await, 1);
        assert_eq!(said.replace(&server.url(), "URL"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_service_on_this_machine_do_not_matter_to_a_query() {
    let service = Backend::Sqlite.start("query_settings").await;
    for (name, wrong) in [
        ("MONGODB_URI", "mongodb://u:hunter2@x:port"),
        ("WORKERS", "abc"),
        ("LISTEN_ADDR", "nowhere"),
    ] {
        let command = Service::builder().env(name, wrong);
        let command = command.arg("query").arg("--url").arg(service.url(""));
        let (status, stdout, stderr) = command.start_expecting_exit().await;
        assert_eq!(
            (status.code(), stdout.as_str(), stderr.as_str()),
            (Some(0), "", "nothing was found\n"),
            "{name}"
        );
        // What is wrong with the query itself is still said.
        let command = Service::builder().env(name, wrong);
        let command = command.arg("query").arg("--nonsense");
        let (status, _, stderr) = command.start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{name}");
        assert!(stderr.contains("--nonsense"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_end_nothing_tells_is_not_taken_for_whole() {
    // HTTP/1.0 says the end of an answer by the end of the connection alone.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let answer = "HTTP/1.0 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let said = sentence(&query(&format!("http://{address}"), &[]).await, 1);
    assert!(
        said.starts_with("the answer came without its length"),
        "{said}"
    );
    serving.await.unwrap();
}
