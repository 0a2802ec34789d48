//! Why an import did not come to its end: one sentence each, and an exit code.

use crate::cli::service::{BadClient, BadUrl};
use std::io;
use std::time::Duration;

const USAGE: u8 = 2;
const FAILED: u8 = 1;
const GO_ON: &str = "; the same command with the same flags goes on, and stores nothing twice";

/// Why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An address that is none.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A file that is of no use.
    #[error(transparent)]
    Client(#[from] BadClient),
    /// The program itself has not got what it needs.
    #[error("cannot begin: {0}")]
    Start(String),
    /// Nobody is there.
    #[error("no answer from {url}: {reason}{GO_ON}")]
    Away {
        /// The address.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// It was tried again and again.
    #[error("{said}: given up after {} s of trying{GO_ON}", patience.as_secs())]
    GaveUp {
        /// What the service said last.
        said: String,
        /// How long it was tried.
        patience: Duration,
    },
    /// What is sent at one time is more than the service takes.
    #[error(
        "{0}: a smaller --portion-bytes is needed, and with another one what was taken of these files so far is stored once more"
    )]
    TooLarge(String),
    /// What reads has failed in itself.
    #[error("reading ended before all was read, by a fault of this program")]
    Reader,
    /// Nothing of it would be taken.
    #[error("{0}")]
    Status(String),
    /// What answers is something else.
    #[error("what answers at {0} is no aggregator")]
    Foreign(String),
    /// What became of it cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// 2 for what the caller has to write in another way, 1 for all else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_) | Self::Client(_) => USAGE,
            _ => FAILED,
        }
    }
}
