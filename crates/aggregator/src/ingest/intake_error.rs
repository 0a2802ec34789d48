//! Why a request is not taken: its body cannot be used, or its batch cannot be made durable.

use super::acceptance::NotAccepted;
use super::body_error::BodyError;
use crate::access::limits::OverRate;
use spool::AppendError;

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The spool does not take it.
    #[error(transparent)]
    Spool(#[from] AppendError),
    /// A record is too large to be stored, and nothing has room for it.
    #[error("a record is too large to be stored, and records that are set aside have no room: {0}")]
    RejectedFull(String),
    /// A record is too large to be stored, and the disk does not keep it.
    #[error("a record is too large to be stored, and cannot be set aside: {0}")]
    RejectedFailed(String),
    /// Another batch was sent under this key.
    #[error("another batch was sent under this Idempotency-Key: a key stands for one body")]
    KeyReused,
    /// The disk did not answer in time; the batch may be taken all the same.
    #[error("the disk did not answer in time")]
    Timeout,
    /// The token that it came with has brought as much as it may.
    #[error("the token has sent more than its {} allows: nothing of this was taken", .0.limit)]
    OverRate(OverRate),
}

impl From<OverRate> for IntakeError {
    fn from(over: OverRate) -> Self {
        Self::OverRate(over)
    }
}

impl From<NotAccepted> for IntakeError {
    fn from(error: NotAccepted) -> Self {
        match error {
            NotAccepted::Spool(error) => Self::Spool(error),
            NotAccepted::DeadLetters(error) => match error.is_no_room() {
                true => Self::RejectedFull(error.to_string()),
                false => Self::RejectedFailed(error.to_string()),
            },
        }
    }
}

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The body cannot be used.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The batch cannot be made durable.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}
