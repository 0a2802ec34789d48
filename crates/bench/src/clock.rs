//! The real time: what is measured here is measured on this machine.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Today in UTC, as `2026-11-24`.
#[expect(clippy::disallowed_methods, reason = "the date of a measurement")]
pub(crate) fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

/// Waits a little, between two looks at something.
pub(crate) async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
