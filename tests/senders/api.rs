//! The description of the service's addresses, as public programs read it: one that asks for whatever it may ask
//! for, and generators of clients, whose clients are run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::installed;
use crate::program::{command, programs};
use crate::support::process::Process;
use crate::support::service::{Builder, Service};

/// The same requests each time.
const SEED: &str = "20261129";
/// So many of each kind for an address.
const EXAMPLES: &str = "8";
/// It ends by itself before.
const PATIENCE: Duration = Duration::from_secs(240);
/// What is looked for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,unsupported_method,allow_header_conformance,code_is_described";

/// A running service, and its description in a folder.
struct Described {
    service: Service,
    document: Value,
    // Declared last: the service has to be gone before.
    folder: TempDir,
}

impl Described {
    async fn start(service: Builder, folder: TempDir) -> Self {
        let service = service.start().await;
        let document = service.get("/openapi.json").await.json();
        let described = Self {
            service,
            document,
            folder,
        };
        described.write("openapi.json", &described.document.to_string());
        described
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn copy(&self, name: &str) {
        let from = programs().join("../api").join(name);
        std::fs::copy(from, self.path(name)).unwrap();
    }

    /// Python with the programs that are installed for this, in the folder.
    fn python(&self) -> Command {
        let packages = installed::api_packages();
        let mut python = command("python3", self.folder.path());
        let path = std::env::join_paths([self.folder.path(), packages]).unwrap();
        python.env("PYTHONPATH", path).env("NO_COLOR", "1");
        python.current_dir(self.folder.path());
        python
    }

    fn node(&self) -> Command {
        let mut node = command(installed::node(), self.folder.path());
        node.current_dir(self.folder.path());
        node
    }
}

/// Runs it to its end: what it has said.
async fn run(command: &mut Command) -> String {
    let process = Process::spawn(command);
    let status = process.wait_exit(PATIENCE).await;
    let said = process.stdout() + &process.stderr();
    assert!(status.success(), "{command:?}: {status}\n{said}");
    said
}

fn of_python(name: &str) -> PathBuf {
    installed::api_packages().join("bin").join(name)
}

/// What the document does not say of an object is not there: else nobody would see what is left out of it.
fn closed(document: &mut Value) {
    match document {
        Value::Object(members) => {
            members.values_mut().for_each(closed);
            if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(closed),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs of PyPI and npm: cargo test --workspace --test senders -- --ignored"]
async fn the_document_is_one_of_openapi_3_1() {
    let described = Described::start(Service::builder(), tempfile::tempdir().unwrap()).await;
    let mut validator = described.python();
    validator.args([
        "-m",
        "openapi_spec_validator",
        "--schema",
        "3.1",
        "openapi.json",
    ]);
    let said = run(&mut validator).await;
    assert!(said.contains("OK"), "{said}");
}

/// Asks for whatever may and may not be asked for: a fault of the service, or an answer that is not described, is a
/// failure.
async fn ask(described: &Described, phases: &str, head: &[String]) {
    let mut document = described.document.clone();
    closed(&mut document);
    described.write("closed.json", &document.to_string());
    described.copy("hooks.py");
    described.copy("schemathesis.toml");
    let mut schemathesis = described.python();
    schemathesis
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .arg(of_python("schemathesis"))
        .args(["run", "closed.json", "--url", &described.service.url("")])
        .args([
            "--seed",
            SEED,
            "--max-examples",
            EXAMPLES,
            "--checks",
            CHECKS,
        ])
        // More than one would not ask in the same order each time.
        .args(["--phases", phases, "--workers", "1"])
        .args(["--continue-on-failure", "--suppress-health-check", "all"])
        .args(["--request-timeout", "20", "--warnings", "off"])
        // Its answer has no end, which it waits for: tests/tail.rs.
        .args(["--exclude-path", "/logs/tail"])
        .args(head.iter().flat_map(|header| ["--header", header]));
    let said = run(&mut schemathesis).await;
    println!("{said}");
    assert!(said.contains(SEED), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs of PyPI and npm: cargo test --workspace --test senders -- --ignored"]
async fn whatever_is_asked_is_answered_as_it_is_described() {
    let described = Described::start(Service::builder(), tempfile::tempdir().unwrap()).await;
    let sample = r#"[{"level":"WARN","message":"connection refused","service":"orders"}]"#;
    let service = &described.service;
    let sent = service.post("/logs/batch?ack=stored", "application/json", sample);
    let sent = sent.await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    ask(&described, "examples,coverage,fuzzing", &[]).await;
    let health = described.service.get("/health").await;
    assert_eq!(health.json()["status"], "ok", "{}", health.text());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs of PyPI and npm: cargo test --workspace --test senders -- --ignored"]
async fn whoever_may_not_is_refused_as_it_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    let with_tokens = || Service::builder().env("TOKENS_FILE", tokens.to_str().unwrap());
    let command = ["token", "new", "--name", "reader", "--scope", "read"];
    let command = command.into_iter().fold(with_tokens(), Builder::arg);
    let (status, told, problem) = command.start_expecting_exit().await;
    assert!(status.success(), "{problem}");
    let secret = told.split_whitespace().last().unwrap();
    let described = Described::start(with_tokens(), tempfile::tempdir().unwrap()).await;
    for secret in [None, Some(secret), Some("another")] {
        let head = secret.map(|secret| format!("Authorization: Bearer {secret}"));
        ask(&described, "examples", head.as_slice()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs of PyPI and npm: cargo test --workspace --test senders -- --ignored"]
async fn a_client_that_is_generated_for_python_sends_reads_and_sees_errors() {
    let described = Described::start(Service::builder(), tempfile::tempdir().unwrap()).await;
    described.write(
        "config.yaml",
        "post_hooks: []\npackage_name_override: client\n",
    );
    described.copy("client.py");
    let mut generator = described.python();
    generator.arg(of_python("openapi-python-client"));
    generator.args(["generate", "--path", "openapi.json", "--meta", "none"]);
    generator.args(["--config", "config.yaml", "--output-path", "client"]);
    run(&mut generator).await;
    let mut compiler = described.python();
    run(compiler.args(["-W", "error", "-m", "compileall", "-q", "client"])).await;
    let mut client = described.python();
    let said = run(client.args(["client.py", &described.service.url("")])).await;
    assert!(said.contains("ran"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs programs of PyPI and npm: cargo test --workspace --test senders -- --ignored"]
async fn a_client_that_is_generated_for_typescript_compiles_and_sends_reads_and_sees_errors() {
    let packages = installed::api_node_packages();
    // Below the packages: that is how they are found.
    let described =
        Described::start(Service::builder(), tempfile::tempdir_in(packages).unwrap()).await;
    described.copy("client.ts");
    let of_node = |path: &str| packages.join("node_modules").join(Path::new(path));
    let mut generator = described.node();
    generator.arg(of_node("@hey-api/openapi-ts/bin/run.js"));
    generator.args([
        "--input",
        "openapi.json",
        "--output",
        "client",
        "--client",
        "@hey-api/client-fetch",
    ]);
    run(&mut generator).await;
    let mut compiler = described.node();
    compiler.arg(of_node("typescript/bin/tsc"));
    compiler.args([
        "--strict",
        "--noUncheckedIndexedAccess",
        "--skipLibCheck",
        "false",
    ]);
    compiler.args([
        "--target",
        "es2022",
        "--module",
        "commonjs",
        "--moduleResolution",
        "node10",
    ]);
    run(compiler.args([
        "--lib",
        "es2022,dom,dom.iterable",
        "--outDir",
        "built",
        "client.ts",
    ]))
    .await;
    let mut client = described.node();
    let said = run(client.args(["built/client.js", &described.service.url("")])).await;
    assert!(said.contains("ran"), "{said}");
}
