//! Where a filter stands, and what is none.

use super::{Tokens, found, refused};
use crate::support::process::last_words;
use crate::support::service::Service;
use crate::support::wait_until;
use crate::tokens::{PATIENCE, asked, on};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_with_a_filter_that_the_list_shows_and_the_program_obeys() {
    let tokens = Tokens::new();
    let sends = tokens.make("sends", "--scope ingest").await;
    let filter = "attr.service=orders&minLevel=WARN";
    let flags = format!("--scope read --filter {filter}");
    let reads = tokens.make("reads", &flags).await;
    let (_, listed, _) = tokens.command("list").await;
    let row = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = listed.lines().map(row).collect();
    assert_eq!(rows[0].last().unwrap(), "FILTER");
    assert_eq!(
        (rows[1].len(), rows[2].last().unwrap().as_str()),
        (4, filter)
    );

    let service = tokens.service().start().await;
    let records = serde_json::json!([
        {"level": "ERROR", "message": "a", "service": "orders"},
        {"level": "INFO", "message": "b", "service": "orders"},
        {"level": "ERROR", "message": "c", "service": "bank"},
    ]);
    super::store(&service, &sends, "k", &records).await;
    let url = service.url("");
    let file = tokens.keep(&reads);
    for (arguments, expected) in [
        (["query", "-o", "json"], 1),
        (["export", "--format", "ndjson"], 1),
    ] {
        let command = Service::builder()
            .env("AGGREGATOR_URL", &*url)
            .env("TOKEN_FILE", file.to_str().unwrap());
        let command = arguments
            .iter()
            .fold(command, |command, argument| command.arg(*argument));
        let (status, stdout, stderr) = command.start_expecting_exit().await;
        assert!(status.success(), "{arguments:?}: {stderr}");
        assert_eq!(stdout.lines().count(), expected, "{arguments:?}: {stdout}");
        assert!(stdout.contains("\"a\""), "{stdout}");
    }
}

/// What cannot be a filter, and what is said of it.
const BAD: [(&str, &str, &str); 6] = [
    (
        "read",
        "startTime=-1h",
        "the filter of the token \"b\" cannot be used: it cannot have \"startTime\": known are logLevel",
    ),
    (
        "read",
        "service=orders",
        "the filter of the token \"b\" cannot be used: it cannot have \"service\"",
    ),
    (
        "read",
        "regex=(",
        "the filter of the token \"b\" cannot be used: regex cannot be used",
    ),
    (
        "read",
        "caseSensitive=true",
        "the filter of the token \"b\" cannot be used: it leaves nothing out",
    ),
    (
        "ingest",
        "attr.a=1",
        "the token \"b\" has a filter, which is for what is read, but not the scope read",
    ),
    (
        "read,operate",
        "attr.a=1",
        "the token \"b\" has a filter and the scope operate, which shows all that is kept aside",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_filter_is_told_when_it_is_written_and_when_it_is_read() {
    let tokens = Tokens::new();
    let good = tokens.make("a", "--scope ingest,read").await;
    let before = std::fs::read_to_string(tokens.file()).unwrap();
    let service = tokens.service().start().await;
    for (scopes, filter, said) in BAD {
        let arguments = format!("new --name b --scope {scopes} --filter {filter}");
        let (code, stdout, stderr) = tokens.command(&arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments}");
        assert!(stderr.contains(said), "{arguments}: {stderr}");
        assert_eq!(std::fs::read_to_string(tokens.file()).unwrap(), before);

        let scopes: Vec<String> = scopes
            .split(',')
            .map(|scope| format!("\"{scope}\""))
            .collect();
        let scopes = scopes.join(", ");
        let other = Tokens::new();
        let secret = other.make("b", "--scope read").await;
        let made = std::fs::read_to_string(other.file()).unwrap();
        let hash = made.lines().find(|line| line.starts_with("hash")).unwrap();
        let bad = format!(
            "{before}\n[[token]]\nname = \"b\"\nscopes = [{scopes}]\n{hash}\nfilter = \"{filter}\"\n"
        );
        std::fs::write(other.file(), &bad).unwrap();
        let (status, _, stderr) = on(&other.file()).start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{stderr}");
        assert!(last_words(&stderr).contains(said), "{stderr}");

        std::fs::write(tokens.file(), &bad).unwrap();
        wait_until("the log to say so", PATIENCE, async || {
            // As the log has quotes.
            service.log_text().replace("\\\"", "\"").contains(said)
        })
        .await;
        assert!(found(&service, &good, "").await.is_empty());
        let unknown = asked(&service, "/logs/retrieve", &secret).await;
        refused(&unknown, 401, "unknown_token");
        std::fs::write(tokens.file(), &before).unwrap();
    }
}
