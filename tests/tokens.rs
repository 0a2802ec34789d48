//! Tokens: who is let in by which, and for what.

mod attacks;
mod audit;
mod commands;
mod fairness;
mod file;
mod filters;
mod limits;
mod pins;
mod protocols;
mod queries;
mod stats;
mod tails;
mod tenants;
mod tenants_everywhere;

use crate::access::{get, post, refused};
use crate::support::http::Reply;
use crate::support::service::{Builder, Service};
use crate::support::wait_until;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
const BATCH: &str = r#"[{"message":"a"}]"#;
const JSON: (&str, &str) = ("content-type", "application/json");

/// A file of tokens, made by the program itself.
struct Tokens {
    folder: TempDir,
}

impl Tokens {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    /// Exit code, standard output and standard error of `aggregator token`.
    async fn command(&self, arguments: &str) -> (Option<i32>, String, String) {
        let command = Service::builder().env("TOKENS_FILE", self.file().to_str().unwrap());
        let arguments = arguments.split_whitespace();
        let command = arguments.fold(command.arg("token"), Builder::arg);
        let (status, stdout, stderr) = command.start_expecting_exit().await;
        (status.code(), stdout, stderr)
    }

    /// The secret of a new one.
    async fn make(&self, name: &str, flags: &str) -> String {
        let arguments = format!("new --name {name} {flags}");
        let (code, stdout, stderr) = self.command(&arguments).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        stdout.split_whitespace().last().unwrap().to_owned()
    }

    /// Puts a secret where a command looks for it.
    fn keep(&self, secret: &str) -> PathBuf {
        let file = self.folder.path().join(format!("{}.secret", secret.len()));
        std::fs::write(&file, format!("{secret}\n")).unwrap();
        file
    }

    fn service(&self) -> Builder {
        on(&self.file())
    }
}

fn on(tokens: &Path) -> Builder {
    Service::builder().env("TOKENS_FILE", tokens.to_str().unwrap())
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

async fn asked(service: &Service, path: &str, secret: &str) -> Reply {
    let headers = [("authorization", &*bearer(secret))];
    get(service, &service.url(""), path, &headers).await
}

async fn sent(service: &Service, path: &str, secret: &str, body: &str) -> Reply {
    let headers = [JSON, ("authorization", &*bearer(secret))];
    post(service, service.url(path), &headers, body).await
}

/// Changes the text of the file, and the tokens of it count from then on.
async fn change(service: &Service, tokens: &Tokens, old: &str, new: &str) {
    let text = std::fs::read_to_string(tokens.file()).unwrap();
    assert!(text.contains(old), "{text}");
    let read = || {
        service
            .log_text()
            .matches("the tokens were read anew")
            .count()
    };
    let before = read();
    std::fs::write(tokens.file(), text.replace(old, new)).unwrap();
    wait_until("the file to be read anew", PATIENCE, async || {
        read() > before
    })
    .await;
}

/// All records, by a token that may read.
async fn count(service: &Service, reader: &str) -> u64 {
    let path = "/logs/histogram?startTime=2000-01-01&endTime=2100-01-01";
    let reply = asked(service, path, reader).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["records"].as_u64().unwrap()
}

/// Waits until there are so many records.
async fn until(service: &Service, reader: &str, records: u64) {
    wait_until("what was taken to be stored", PATIENCE, async || {
        count(service, reader).await == records
    })
    .await;
}

/// The records that are found, in order.
async fn found(service: &Service, reader: &str, query: &str) -> Vec<Value> {
    let path = format!("/logs/retrieve?format=ndjson&{query}");
    let reply = asked(service, &path, reader).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    let text = reply.text();
    let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
    records.collect()
}

/// Asks an address in its own way, with these headers.
async fn ask(service: &Service, path: &str, headers: &[(&str, &str)]) -> Reply {
    if ["/logs/batch", "/logs/rejected/replay"].contains(&path) || path.starts_with("/operate/") {
        let headers = [&[JSON], headers].concat();
        return post(service, service.url(path), &headers, BATCH).await;
    }
    get(service, &service.url(""), path, headers).await
}

/// The addresses with the scope that each of them needs.
const NEEDED: [(&str, &str); 12] = [
    ("/logs/batch", "ingest"),
    ("/logs/batches/0123456789abcdef", "ingest"),
    ("/logs/retrieve", "read"),
    ("/logs/histogram", "read"),
    ("/logs/facets", "read"),
    ("/logs/0123", "read"),
    ("/logs/0123/context", "read"),
    ("/logs/rejected", "operate"),
    ("/logs/rejected/replay", "operate"),
    ("/stats", "operate"),
    ("/operate/drain/resume", "operate"),
    ("/operate/breakers/read/release", "operate"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_address_lets_in_the_tokens_of_its_scope_and_no_others() {
    let tokens = Tokens::new();
    let mut secrets = Vec::new();
    for scope in ["ingest", "read", "operate"] {
        let secret = tokens.make(scope, &format!("--scope {scope}")).await;
        secrets.push((scope, secret));
    }
    let all = tokens
        .make("all", "--scope ingest,read --scope operate")
        .await;
    let service = tokens.service().start().await;
    for (path, needed) in NEEDED {
        for (scope, secret) in &secrets {
            let given = bearer(secret);
            let reply = ask(&service, path, &[("authorization", &*given)]).await;
            if *scope == needed {
                assert!(![401, 403].contains(&reply.status), "{path}");
                continue;
            }
            let said = refused(&reply, 403, "token_out_of_scope");
            assert!(said.ends_with(&format!("the scope {needed}")), "{said}");
            // Of two, that counts which is for it.
            let both = [("authorization", &*given), ("x-api-key", &*all)];
            let reply = ask(&service, path, &both).await;
            assert!(![401, 403].contains(&reply.status), "{path}");
        }
        let unknown = ask(&service, path, &[("x-api-key", "logs_no-such-token")]).await;
        refused(&unknown, 401, "unknown_token");
        let none = ask(&service, path, &[]).await;
        refused(&none, 401, "token_needed");
        for reply in [unknown, none] {
            let challenge = reply.header("www-authenticate");
            assert_eq!(challenge, Some("Bearer realm=\"logs\""));
        }
    }
    let log = service.log_text();
    assert!(log.contains("a request is refused"), "{log}");
    let secrets = secrets.iter().map(|(_, secret)| secret);
    for secret in secrets.chain([&all]) {
        assert!(!log.contains(secret.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_the_service_is_well_is_told_to_all_and_more_of_it_to_those_who_may_read() {
    let tokens = Tokens::new();
    let ingest = tokens.make("in", "--scope ingest").await;
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    let stranger = get(&service, &service.url(""), "/health", &[]).await;
    for reply in [stranger, asked(&service, "/health", &ingest).await] {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["status"], "ok");
        assert_eq!(
            reply.json().as_object().unwrap().len(),
            2,
            "{}",
            reply.text()
        );
    }
    let whole = asked(&service, "/health", &read).await.json();
    assert_eq!(whole["store"]["kind"], "blocks", "{whole}");
    let welcome = get(&service, &service.url(""), "/", &[]).await;
    assert_eq!(welcome.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_metrics_are_told_to_those_who_operate_or_read_everything() {
    let tokens = Tokens::new();
    let filtered = "--scope ingest,read --filter attr.app=shop";
    let mut secrets = Vec::new();
    for (name, scope) in [
        ("operates", "--scope operate"),
        ("reads", "--scope read"),
        ("filtered", filtered),
        ("sends", "--scope ingest"),
    ] {
        secrets.push(tokens.make(name, scope).await);
    }
    let service = tokens.service().start().await;
    for secret in &secrets[..2] {
        let reply = asked(&service, "/metrics", secret).await;
        assert!(reply.status == 200 && reply.text().contains("aggregator_ready 1"));
    }
    for secret in &secrets[2..] {
        let reply = asked(&service, "/metrics", secret).await;
        refused(&reply, 403, "token_out_of_scope");
    }
    let stranger = service.get("/metrics").await;
    refused(&stranger, 401, "token_needed");
    assert!(stranger.header("www-authenticate").is_some());
    for probe in ["/livez", "/readyz"] {
        assert_eq!(service.get(probe).await.status, 200, "{probe}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_is_refused_with_a_token_too_and_the_services_name_does_not_count() {
    let tokens = Tokens::new();
    let read = bearer(&tokens.make("out", "--scope read").await);
    let service = tokens.service().start().await;
    let token = ("authorization", &*read);
    let ask = async |header| {
        let headers = [token, header];
        get(
            &service,
            &service.url(""),
            "/logs/retrieve?format=ndjson",
            &headers,
        )
        .await
    };
    let cross = ask(("origin", "https://evil.example")).await;
    refused(&cross, 403, "cross_site");
    let rebound = ask(("host", "logs.example")).await;
    assert_eq!(rebound.status, 200, "{}", rebound.text());
    let forwarded = ask(("x-forwarded-for", "203.0.113.9")).await;
    assert_eq!(forwarded.status, 200, "{}", forwarded.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tokens_the_service_listens_where_other_machines_reach_it() {
    let tokens = Tokens::new();
    let operate = bearer(&tokens.make("ops", "--scope operate").await);
    let service = tokens
        .service()
        .env("LISTEN_ADDR", "0.0.0.0:0")
        .start()
        .await;
    let far = crate::access::far(&service);
    let none = get(&service, &far, "/logs/retrieve", &[]).await;
    refused(&none, 401, "token_needed");
    // From wherever it comes.
    let headers = [("authorization", &*operate), ("via", "1.1 proxy")];
    let listed = get(&service, &far, "/logs/rejected", &headers).await;
    assert_eq!(listed.status, 200, "{}", listed.text());
}
