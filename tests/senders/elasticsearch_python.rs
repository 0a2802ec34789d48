//! Elasticsearch's client for Python, by its helper for bulk requests.

use crate::program::Program;
use crate::run::{RECORDS, Run};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_once() {
    let run =
        Run::start(|service| Program::python("bulk_lines.py", "elasticsearch-py.py", service))
            .await;
    let outcome = run.through_all().await;
    outcome.assert_found(0..RECORDS, 1);
    outcome.assert_first("info", &[("_index", "app")]);
}
