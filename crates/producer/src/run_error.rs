//! Why a run could not begin or go on.

use crate::spool::SpoolError;
use std::io;

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The bodies.
    #[error("cannot make the logs: {0}")]
    Source(#[from] io::Error),
    /// The client.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The statistics.
    #[error("cannot keep latencies: {0}")]
    Latency(#[from] hdrhistogram::CreationError),
    /// The folder with unsent batches.
    #[error("cannot use the spool: {0}")]
    Spool(#[from] SpoolError),
}
