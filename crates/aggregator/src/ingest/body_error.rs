//! Why nothing of a body can be taken, whichever step of its decoding found it out.

use crate::accounting::admission::NoRoom;
use logs::counted;
use record::batch::Rejects;
use wire::DecodeError;

/// Why nothing of a body can be taken.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is not what its encoding says.
    #[error("the body cannot be decompressed: {0}")]
    Compression(String),
    /// It is larger than a body may be.
    #[error("the body is larger than {} once decompressed", counted(*limit, "byte", "bytes"))]
    TooLarge {
        /// Bytes that it may have.
        limit: usize,
    },
    /// The body as a whole cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Records of it are refused, and with them the others.
    #[error("{} cannot be taken", counted(.rejects.count, "record", "records"))]
    Records {
        /// Which records, and why.
        rejects: Rejects,
        /// Whether the others would have been taken from a sender that is not strict.
        strict: bool,
    },
    /// There is no memory for it.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// Decoding panicked, which was logged.
    #[error("decoding the body panicked")]
    Panicked,
}
