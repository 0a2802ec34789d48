//! What the driver's errors and the server's codes mean for us.
//!
//! Codes: <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>.

use super::MongoAddress;
use crate::store::StoreError;
use mongodb::error::{Error, ErrorKind};

/// A unique index holds the key already.
pub(super) const DUPLICATE_KEY: i32 = 11000;
/// `maxTimeMS` has passed.
const MAX_TIME_EXPIRED: i32 = 50;

/// The command itself is refused, however often it is sent: bad value, failed to parse, type
/// mismatch, command not found, invalid options, view where none may be, unknown field.
const REJECTED: &[i32] = &[2, 9, 14, 59, 72, 166, 40415];

/// A single document is refused for good: bad value, failed to parse, type mismatch, too deep,
/// no such key, invalid BSON, name with a dollar sign or a dot, bad reference, validation, too large.
const DOCUMENT_REFUSED: &[i32] = &[
    2, 9, 14, 15, 16, 22, 52, 54, 55, 57, 121, 10334, 17280, 17419, 17420,
];

/// Whether a write error means that this document will never be taken.
pub(super) fn refuses_document(code: i32) -> bool {
    DOCUMENT_REFUSED.contains(&code)
}

/// What a code with which a whole command failed means. A code that is not known counts as one
/// that passes: the sender keeps its data and tries again, so nothing is lost by a wrong guess.
pub(super) fn of_code(code: i32, message: String) -> StoreError {
    match code {
        MAX_TIME_EXPIRED => StoreError::QueryTooSlow,
        code if REJECTED.contains(&code) => StoreError::Rejected(message),
        _ => StoreError::Unavailable(message),
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match *error.kind {
            ErrorKind::Command(ref command) => of_code(
                command.code,
                format!("{} (code {})", command.message, command.code),
            ),
            // The whole text lists every server's state; the reason is enough.
            ref other => Self::Unavailable(other.to_string()),
        }
    }
}

impl StoreError {
    /// The same without any password.
    pub(super) fn scrub(self, address: &MongoAddress) -> Self {
        match self {
            Self::Unavailable(reason) => Self::Unavailable(address.scrub(&reason)),
            Self::Rejected(reason) => Self::Rejected(address.scrub(&reason)),
            other => other,
        }
    }
}
