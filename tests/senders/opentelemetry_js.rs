//! The OpenTelemetry SDK for JavaScript: JSON, in chunks.

use crate::program::Program;
use crate::run::{RECORDS, Run};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_once() {
    let run = Run::start(|service| {
        Program::node("opentelemetry_lines.mjs", "opentelemetry-js.mjs", service)
    })
    .await;
    let outcome = run.through_all().await;
    outcome.assert_found(0..RECORDS, 1);
    outcome.assert_first("INFO", &[("scope.name", "app")]);
}
