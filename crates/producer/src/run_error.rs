//! Why a run could not begin or go on.

use crate::spool::SpoolError;
use program::tls::BadTls;
use program::token::BadTokenFile;
use std::io;

/// Why there was no run; the program ends with it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The payloads.
    #[error("cannot make the logs: {0}")]
    Workload(#[from] io::Error),
    /// The token.
    #[error(transparent)]
    Token(#[from] BadTokenFile),
    /// The files of TLS.
    #[error(transparent)]
    Tls(#[from] BadTls),
    /// The client.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The statistics.
    #[error("cannot keep latencies: {0}")]
    Latency(#[from] hdrhistogram::CreationError),
    /// The directory with unsent batches.
    #[error("cannot use the spool: {0}")]
    Spool(#[from] SpoolError),
}
