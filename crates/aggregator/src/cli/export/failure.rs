//! Why an export did not come to its end: one sentence each, and an exit code.

use crate::cli::query;
use logs::counted;
use std::io;
use std::path::Path;
use store::StoreError;
use store::inspection::InspectionError;

const USAGE: u8 = 2;
const FAILED: u8 = 1;

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Flags that do not go together.
    #[error("{0}")]
    Usage(&'static str),
    /// A filter that cannot be read.
    #[error("{0}")]
    Filter(String),
    /// The service cannot be asked.
    #[error(transparent)]
    Service(#[from] query::Failure),
    /// There is no store, or none that can be read.
    #[error(transparent)]
    Folder(#[from] InspectionError),
    /// The store cannot be read on.
    #[error("{error}{}", hint(error))]
    Store {
        /// The store's reason.
        #[from]
        error: StoreError,
    },
    /// It would be written over.
    #[error("{0} is there already: remove it, name another file, or say --overwrite")]
    Exists(String),
    /// A folder, a device, a pipe.
    #[error("{0} is there, and is no file: name one")]
    NoFile(String),
    /// A name that ends with a slash, or none.
    #[error("--output must name a file")]
    NoName,
    /// Another run writes there.
    #[error("{0} is in use: another export to there is running")]
    Locked(String),
    /// What reads has failed in itself.
    #[error("reading ended before all was read, by a fault of this program")]
    Reader,
    /// What was left of another export.
    #[error("{0} is what is left of another export: remove it, or name another file")]
    Other(String),
    /// A file cannot be written.
    #[error("cannot write {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A part of it was written.
    #[error("{cause}; what was exported ({}) is not all{}", counted(*records, "record", "records"), again(*goes_on))]
    Partial {
        /// How much.
        records: u64,
        /// Whether the same command goes on there.
        goes_on: bool,
        /// Why there is not more.
        cause: Box<Failure>,
    },
    /// The program itself has not got what it needs.
    #[error("cannot begin: {0}")]
    Start(String),
    /// What was found cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Damaged(_) => ": `aggregator store verify` tells more",
        _ => "",
    }
}

fn again(goes_on: bool) -> &'static str {
    match goes_on {
        true => ": the same command goes on there",
        false => "",
    }
}

impl Failure {
    /// A file cannot be written.
    pub(super) fn file(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::File {
            path: path.display().to_string(),
            source,
        }
    }

    /// The same after so much was written.
    pub(super) fn after(self, records: u64, goes_on: bool) -> Self {
        match self {
            Self::Output(_) => self,
            cause => Self::Partial {
                records,
                goes_on,
                cause: Box::new(cause),
            },
        }
    }

    /// 2 for what the caller has to write in another way, 1 for all else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Filter(_) | Self::NoName => USAGE,
            Self::Service(failure) => failure.exit_code(),
            _ => FAILED,
        }
    }

    /// Whether the reader of the output has left, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
