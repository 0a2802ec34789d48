//! The file of tokens: a change in it counts without a restart, and one that cannot be used changes nothing.

use super::{BATCH, PATIENCE, Tokens, asked, on, sent};
use crate::support::process::last_words;
use crate::support::service::Service;
use crate::support::wait_until;

async fn until_status(service: &Service, secret: &str, status: u16) {
    wait_until("a change of the tokens to count", PATIENCE, async || {
        sent(service, "/logs/batch", secret, BATCH).await.status == status
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_made_or_revoked_counts_so_in_a_running_service() {
    let tokens = Tokens::new();
    let first = tokens.make("first", "--scope ingest").await;
    let service = tokens.service().start().await;
    assert_eq!(
        sent(&service, "/logs/batch", &first, BATCH).await.status,
        200
    );
    let second = tokens.make("second", "--scope ingest").await;
    until_status(&service, &second, 200).await;

    let (code, stdout, stderr) = tokens.command("revoke first").await;
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", ""));
    until_status(&service, &first, 401).await;
    assert_eq!(
        sent(&service, "/logs/batch", &second, BATCH).await.status,
        200
    );

    // Without tokens nobody is let in.
    tokens.command("revoke second").await;
    until_status(&service, &second, 401).await;
    let (code, _, stderr) = tokens.command("revoke second").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("there is no token \"second\""), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_file_cannot_be_used_the_tokens_of_before_count_and_the_log_says_so() {
    let tokens = Tokens::new();
    let secret = tokens.make("a", "--scope ingest,read").await;
    let service = tokens.service().start().await;
    let good = std::fs::read_to_string(tokens.file()).unwrap();
    std::fs::write(tokens.file(), good.replace("[[token]]", "[[token]")).unwrap();
    wait_until("the log to say so", PATIENCE, async || {
        service
            .log_text()
            .contains("the tokens of before still count")
    })
    .await;
    assert_eq!(
        asked(&service, "/logs/retrieve?format=ndjson", &secret)
            .await
            .status,
        200
    );
    std::fs::write(tokens.file(), "").unwrap();
    until_status(&service, &secret, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_any_more_is_told_as_long_as_that_lasts() {
    let tokens = Tokens::new();
    let secret = tokens.make("operator", "--scope operate").await;
    let service = tokens.service().start().await;
    let problem = async || {
        let health = asked(&service, "/health", &secret).await.json();
        health["problem"].as_str().map(str::to_owned)
    };
    assert_eq!(problem().await, None);
    let before = std::fs::read(tokens.file()).unwrap();
    std::fs::write(tokens.file(), "[[token]]\nname").unwrap();
    wait_until("it to be told", PATIENCE, async || {
        let told = problem().await;
        told.is_some_and(|told| told.starts_with("TOKENS_FILE cannot be used, "))
    })
    .await;
    std::fs::write(tokens.file(), before).unwrap();
    wait_until("it to be over", PATIENCE, async || {
        problem().await.is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_file_that_cannot_be_used_fails_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let hash = format!("blake3:{}", "0".repeat(64));
    let limited = |limits: &str| {
        format!(
            "[[token]]\nname = \"a\"\nscopes = [\"ingest\"]\nhash = \"{hash}\"\nlimits = {limits}\n"
        )
    };
    for (content, expected) in [
        (None, "it cannot be read: No such file or directory"),
        (Some("[[token]]\nname = \"a\"\n"), "missing field"),
        (Some("[[user]]\n"), "unknown field `user`"),
        (
            Some(&limited("{ records_per_second = 0 }")),
            "\"a\": the limit records_per_second is 0",
        ),
        (
            Some(&limited("{ bytes_per_second = -5 }")),
            "bytes_per_second is -5",
        ),
        (
            Some(&limited("{ bytes_per_minute = 5 }")),
            "unknown field `bytes_per_minute`",
        ),
        (
            Some(&limited("{ concurrent_queries = 1 }")),
            "without the scope read",
        ),
        (
            Some(&limited("{}\npin = { a = 1.5 }")),
            "expected a text, a whole number, true or false",
        ),
    ] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let (status, _, stderr) = on(&file).start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{stderr}");
        let said = last_words(&stderr);
        assert!(said.starts_with("TOKENS_FILE "), "{stderr}");
        assert!(said.contains(expected), "{stderr}");
    }
}
