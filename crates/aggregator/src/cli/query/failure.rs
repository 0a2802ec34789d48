//! Why a query did not come to its end: one sentence each, and an exit code.

use super::json_record::NoRecord;
use super::parameter_names;
use super::row_splitter::TooLong;
use crate::cli::service::{BadClient, BadUrl};
use logs::counted;
use std::io;
use std::time::Duration;

/// The flags are wrong, or the service says so.
const USAGE: u8 = 2;
const FAILED: u8 = 1;

/// Why a query did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// An address that is none.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A file that is of no use.
    #[error(transparent)]
    Client(#[from] BadClient),
    /// The program itself has not got what it needs.
    #[error("cannot ask: {0}")]
    Start(String),
    /// Nobody is there, or the connection broke before an answer began.
    #[error("no answer from {url}: {reason}")]
    Away {
        /// The address.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// No answer in time.
    #[error("no answer from {url} within {} s", timeout.as_secs_f64())]
    Silent {
        /// The address.
        url: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The service cannot read what it is asked for.
    #[error("{}", refusal(message, code))]
    Refused {
        /// Its sentence.
        message: String,
        /// Its code.
        code: String,
    },
    /// The service cannot answer now.
    #[error("the service cannot answer now: {message} ({code}){}", again(wait.as_deref()))]
    Unavailable {
        /// Its sentence.
        message: String,
        /// Its code.
        code: String,
        /// Seconds until it is worth another try, as it says.
        wait: Option<String>,
    },
    /// Any other answer that is not what was asked for.
    #[error("{url} answered {status}{said}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: String,
        /// What it said, with what parts it from the status.
        said: String,
    },
    /// What answers is something else.
    #[error("what answers at {0} is no aggregator")]
    Foreign(String),
    /// The answer ended before its end.
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    /// Nothing says whether the answer came to its end.
    #[error("the answer came without its length, so it may have been cut off on its way")]
    NoEnd,
    /// A search that was not finished cannot be gone on with.
    #[error("the service stopped looking before the end")]
    Unfinished,
    /// Neighbours that the service could not all find.
    #[error(
        "not all neighbours of some records were found in the time that the service takes for one answer"
    )]
    Context,
    /// The answer holds what cannot be shown.
    #[error(transparent)]
    NoRecord(#[from] NoRecord),
    /// The same.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// After a part of the answer was shown.
    #[error("{cause}; what is shown ({}) is not all", counted(*shown, "record", "records"))]
    Partial {
        /// Records that were shown.
        shown: u64,
        /// Why there are not more.
        cause: Box<Failure>,
    },
    /// What was found cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// In the words of the command line, where the service's sentence speaks of one of its parameters.
fn refusal(message: &str, code: &str) -> String {
    let in_flags = parameter_names::in_flags(message);
    in_flags.unwrap_or_else(|| format!("the service refused the query: {message} ({code})"))
}

fn again(wait: Option<&str>) -> String {
    wait.map(|wait| format!("; try again in {wait} s"))
        .unwrap_or_default()
}

impl Failure {
    /// 2 for what the caller has to write in another way, 1 for all else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Url(_) | Self::Client(_) | Self::Refused { .. } => USAGE,
            _ => FAILED,
        }
    }

    /// Whether asking again later may help whoever was answered before.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Silent { .. } | Self::Unavailable { .. } => true,
            Self::BrokenOff(_) | Self::NoEnd => true,
            Self::Status { status, .. } => status.starts_with('5') || status.starts_with("429"),
            _ => false,
        }
    }

    /// Whether the reader of the output has left, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The same failure after something was asked and shown already.
    pub(super) fn after(self, shown: u64) -> Self {
        match self {
            Self::Output(_) => self,
            cause => Self::Partial {
                shown,
                cause: Box::new(cause),
            },
        }
    }
}
