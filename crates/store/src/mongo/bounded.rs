//! The end of an operation whose connection has died without a word.
//!
//! The driver has no socket timeout: it waits for a reply for as long as the connection is open,
//! and a connection that is waited on counts against the pool's bound. Where the heartbeats fail as
//! well the driver ends such waits itself; where a single connection is dead (a firewall that has
//! forgotten it, a reply that went astray) nothing would, and a few of them use up the pool for
//! good. A dropped operation is safe: the driver closes a connection that has a command under way
//! and never uses it again, and whoever sent a write sends it again.

use crate::StoreError;
use std::time::Duration;

/// Beyond the deadline. The server is given the same deadline, and a server that is there keeps it.
const GRACE: Duration = Duration::from_secs(2);

/// Ends an operation that has no answer a little after its deadline, and gives its connection back.
pub(super) async fn bounded<T, E: From<StoreError>>(
    left: Duration,
    operation: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let answer = tokio::time::timeout(left.saturating_add(GRACE), operation).await;
    answer.unwrap_or_else(|_| Err(StoreError::Timeout.into()))
}
