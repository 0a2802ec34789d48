//! The producer's system tests: the real program against the real service, and against a scripted one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and one that measures says so; clippy.toml covers only the test functions"
)]

mod producer;
mod support;
