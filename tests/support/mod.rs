//! What the system tests share: a real `mongod`, the real service, HTTP and raw TCP clients.

#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "a toolbox of two suites: a tool stays available when the last test that used it goes"
)]

use std::time::Duration;

pub(crate) mod binaries;
pub(crate) mod certificates;
pub(crate) mod compressed;
pub(crate) mod contents;
pub(crate) mod forwarder;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod mongod;
mod mongod_binary;
pub(crate) mod process;
pub(crate) mod producer;
pub(crate) mod proxy;
pub(crate) mod query;
pub(crate) mod raw;
pub(crate) mod recorder;
pub(crate) mod replica_set;
pub(crate) mod scripted;
pub(crate) mod service;
pub(crate) mod stores;
pub(crate) mod tail;
pub(crate) mod traffic;
mod wire_message;

/// Waits until `condition` holds and panics with `what` when that takes longer than `timeout`.
///
/// The only place where a test waits on a timer.
pub(crate) async fn wait_until(
    what: &str,
    timeout: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) {
    let polling = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        tokio::time::timeout(timeout, polling).await.is_ok(),
        "waited {timeout:?} in vain: {what}"
    );
}
