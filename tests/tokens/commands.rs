//! The command line: tokens are made, listed and revoked, and the other commands use one.

use super::{Tokens, count};
use crate::support::producer::Producer;
use crate::support::service::Service;
use crate::support::wait_until;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_is_the_last_word_that_is_printed_and_the_file_does_not_hold_it() {
    let tokens = Tokens::new();
    let (code, stdout, stderr) = tokens.command("new --name orders --scope ingest").await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let secret = stdout.trim_end();
    assert!(
        secret.starts_with("logs_") && secret.len() == 48,
        "{stdout}"
    );
    let kept = std::fs::read_to_string(tokens.file()).unwrap();
    assert!(!kept.contains(secret) && kept.contains("blake3:"), "{kept}");

    tokens
        .make(
            "ops",
            "--scope operate,read --tenant shop --concurrent-queries 3",
        )
        .await;
    let flags = "--scope ingest --records-per-second 100 --bytes-per-second 5000 --burst-seconds 2 --pin service=a=b --pin team=x";
    tokens.make("all", flags).await;
    let (code, listed, _) = tokens.command("list").await;
    assert_eq!(code, Some(0));
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let heads = [
        "NAME", "TENANT", "SCOPES", "CREATED", "LIMITS", "PINS", "FILTER",
    ];
    assert_eq!(lines[0], heads);
    assert_eq!(lines[1][..3], ["orders", "orders", "ingest"]);
    assert_eq!(lines[2][..3], ["ops", "shop", "operate,read"]);
    assert_eq!(lines[2][4..], ["3", "queries"]);
    let all = listed.lines().last().unwrap();
    let limits = "  100 records/s, 5000 bytes/s, 2 s burst  service=\"a=b\", team=\"x\"";
    assert!(all.ends_with(limits), "{all}");
    assert!(!listed.contains("blake3"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_what_belongs_into_one_is_printed_before_the_token() {
    let builder = Service::builder();
    let command = ["token", "new", "--name", "a", "--scope", "read"];
    let command = command.into_iter().fold(builder, super::Builder::arg);
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    let (entry, secret) = stdout.trim_end().rsplit_once('\n').unwrap();
    let tokens = Tokens::new();
    std::fs::write(tokens.file(), entry).unwrap();
    let service = tokens.service().start().await;
    assert_eq!(count(&service, secret).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_not_made_and_the_file_stays_as_it_is() {
    let tokens = Tokens::new();
    tokens.make("a", "--scope read").await;
    let before = std::fs::read(tokens.file()).unwrap();
    for (arguments, expected) in [
        ("new --name a --scope read", "two tokens are called \"a\""),
        ("new --name a/b --scope read", "\"a/b\" is no name"),
        (
            "new --name b --scope write",
            "expected ingest, read or operate",
        ),
        (
            "new --name b --scope ingest --records-per-second 0",
            "1..=1000000000000",
        ),
        (
            "new --name b --scope ingest --bytes-per-second -1",
            "--bytes-per-second",
        ),
        (
            "new --name b --scope ingest --burst-seconds 5",
            "burst_seconds is there without",
        ),
        (
            "new --name b --scope ingest --concurrent-queries 5",
            "without the scope read",
        ),
        (
            "new --name b --scope read --pin a=b",
            "without the scope ingest",
        ),
        ("new --name b --scope ingest --pin a", "expected NAME=TEXT"),
        (
            "new --name b --scope ingest --pin a..b=c",
            "\"a..b\" cannot be pinned",
        ),
        ("new --name b", "--scope"),
        ("new --scope read", "--name"),
    ] {
        let (code, stdout, stderr) = tokens.command(arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(stderr.contains(expected), "{arguments}: {stderr}");
    }
    assert_eq!(std::fs::read(tokens.file()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_producer_ask_with_the_token_of_a_file() {
    let tokens = Tokens::new();
    let secret = tokens.make("all", "--scope ingest,read,operate").await;
    let token = tokens.keep(&secret);
    let token = token.to_str().unwrap();
    let service = tokens.service().start().await;
    let url = service.url("");
    let flags = ["--url", &url, "--count", "300", "--token-file", token];
    let ended = Producer::run(&flags).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    wait_until("them to be stored", super::PATIENCE, async || {
        count(&service, &secret).await == 300
    })
    .await;
    let lines = tokens.keep("a line");
    let lines = lines.to_str().unwrap();
    for (arguments, expected) in [
        (vec!["query", "--limit", "1", "-o", "json"], "\"message\""),
        (vec!["export", "--format", "csv"], "id,"),
        (vec!["import", lines], "1"),
        (vec!["health"], "blocks at"),
        (vec!["rejected", "list"], "no record is kept aside"),
    ] {
        let run = async |token: Option<&str>| {
            let command = Service::builder().env("AGGREGATOR_URL", &*url);
            let command = match token {
                Some(file) => command.env("TOKEN_FILE", file),
                None => command,
            };
            let command = arguments
                .iter()
                .fold(command, |command, argument| command.arg(*argument));
            command.start_expecting_exit().await
        };
        let (status, stdout, stderr) = run(Some(token)).await;
        assert!(status.success(), "{arguments:?}: {stdout}{stderr}");
        assert!(stdout.contains(expected), "{arguments:?}: {stdout}");
        let (status, stdout, stderr) = run(None).await;
        if arguments[0] == "health" {
            assert!(
                status.success() && stdout.contains("--token-file"),
                "{stdout}"
            );
            continue;
        }
        assert!(!status.success(), "{arguments:?}: {stdout}");
        assert!(
            stderr.contains("a token is needed"),
            "{arguments:?}: {stderr}"
        );
        let (status, _, stderr) = run(Some("/nowhere/token")).await;
        assert_eq!(status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains("/nowhere/token cannot be read"), "{stderr}");
    }
}
