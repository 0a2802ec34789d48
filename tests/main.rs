//! The system tests: the real binary over real sockets, on both stores, with a real mongod.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics; clippy.toml covers only the test functions"
)]

mod curl_examples;
mod store_contract;
mod support;
