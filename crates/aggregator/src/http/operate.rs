//! The addresses for whoever runs the service: its health and its metrics, what became of a batch, what the store refused.
//!
//! Takes questions about the service itself; gives what its parts know already, and waits for none.

pub(super) mod batches;
pub(super) mod breakers;
pub(super) mod dead_letters;
pub(super) mod deletions;
pub(super) mod drain;
pub(super) mod health;
pub(super) mod log;
pub(super) mod metrics;
pub(super) mod probes;
pub(super) mod replay;
pub(super) mod stats;
