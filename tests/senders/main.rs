//! Real senders drive the real service, which is killed and started again, and whose store goes away.
//!
//! The senders come by pip, npm and apt, each at a fixed version, and run with the configurations under
//! `crates/aggregator/senders`. So each test is ignored by `cargo test --workspace`; `.ci/run` runs them with
//! `cargo test --workspace --test senders -- --ignored`, and there a sender that cannot be had is a failure.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and one that measures says so; clippy.toml covers only the test functions"
)]

#[path = "../support/mod.rs"]
mod support;

mod api;
mod configuration;
mod installed;
mod network;
mod outcome;
mod program;
mod run;

mod documented;
mod elasticsearch_js;
mod elasticsearch_python;
mod journal_upload;
mod logging_loki;
mod opentelemetry_collector;
mod opentelemetry_js;
mod opentelemetry_python;
mod pino_loki;
mod pygelf;
mod winston_loki;
