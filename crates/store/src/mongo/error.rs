//! What the driver's errors and the server's codes mean for us.
//!
//! Codes: <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>.

use crate::StoreError;
use crate::address::MongoAddress;
use mongodb::error::{Error, ErrorKind};

/// A unique index holds the key already.
pub(super) const DUPLICATE_KEY: i32 = 11000;
/// The collection of that name is not the one with the UUID that a command is held to.
pub(super) const UUID_MISMATCH: i32 = 361;
/// A view has the collection's name.
const IS_A_VIEW: i32 = 166;
/// There is no collection of that name.
pub(super) const NAMESPACE_NOT_FOUND: i32 = 26;
/// The user has no right to it.
const UNAUTHORIZED: i32 = 13;
/// Bad value, failed to parse, invalid options, not supported here, not implemented, unknown field:
/// what a server says that does not know clustered collections, a compressor or a member of a command.
const NOT_KNOWN: &[i32] = &[2, 9, 72, 115, 238, 303, 40414, 40415];
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

/// A write error of a single document that says something of the server and nothing of the
/// document: internal, network, not primary, recovering, interrupted, locks and other operations,
/// sharding, out of time, memory or disk, conflict of transactions, not authorised, write concern,
/// writes blocked by an administrator.
const PASSING: &[i32] = &[
    1, 6, 7, 8, 13, 18, 24, 46, 50, 63, 64, 79, 89, 91, 100, 107, 112, 117, 146, 150, 189, 202,
    246, 249, 262, 290, 314, 317, 365, 371, 384, 8000, 9001, 10058, 10107, 11600, 11601, 11602,
    13388, 13435, 13436, 14031,
];

/// A whole insert is refused for a document in it: overflow of nesting, no such key, invalid BSON,
/// too large.
const INSERT_REFUSED: &[i32] = &[15, 16, 22, 10334, 17280];

/// Whether the user may not do what was asked.
pub(super) fn is_unauthorized(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == UNAUTHORIZED)
}

/// The same where it is asked before each insert: Atlas tells a right that is missing in a way of its own.
pub(super) fn may_not(error: &Error) -> bool {
    const ATLAS: i32 = 8000;
    is_unauthorized(error)
        || matches!(&*error.kind, ErrorKind::Command(command) if command.code == ATLAS)
}

/// Whether the server does not know what it was asked for.
pub(super) fn is_not_known(code: i32) -> bool {
    NOT_KNOWN.contains(&code)
}

/// Whether what has the collection's name is not what was prepared: that says nothing of the documents.
pub(super) fn is_not_the_collection(code: i32) -> bool {
    [UUID_MISMATCH, IS_A_VIEW].contains(&code)
}

/// Whether a write error passes by itself: then the whole insert is in doubt.
pub(super) fn passes(code: i32) -> bool {
    PASSING.contains(&code)
}

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

/// What the failure of a whole insert means. Only a code that speaks of a document is a refusal;
/// all others speak of the server, the collection or the command, and pass or are mended.
pub(super) fn of_insert(error: Error) -> StoreError {
    if let ErrorKind::Command(command) = &*error.kind
        && INSERT_REFUSED.contains(&command.code)
    {
        return StoreError::Rejected(format!("{} (code {})", command.message, command.code));
    }
    match StoreError::from(error) {
        StoreError::Rejected(reason) => StoreError::Unavailable(reason),
        other => other,
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match *error.kind {
            ErrorKind::Command(ref command) => of_code(
                command.code,
                format!("{} (code {})", command.message, command.code),
            ),
            ErrorKind::ServerSelection { ref message, .. } => Self::Unavailable(brief(message)),
            ref other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The driver lists everything that it knows of every server; the addresses and the reasons are enough.
fn brief(message: &str) -> String {
    let Some((what, topology)) = message.split_once(" Topology: ") else {
        return message.to_owned();
    };
    let servers = topology.split("{ Address: ").skip(1).map(|server| {
        let address = server.split(',').next().unwrap_or_default();
        let reason = server.split_once("Error: Kind: ").map(|(_, reason)| reason);
        let end = |reason: &str| reason.find(", labels:").unwrap_or(reason.len());
        let reason = reason.and_then(|reason| reason.get(..end(reason)));
        format!("{address}: {}", reason.unwrap_or("no answer yet"))
    });
    let servers: Vec<String> = servers.collect();
    if servers.is_empty() {
        return message.to_owned();
    }
    format!("{} ({})", what.trim_end_matches('.'), servers.join("; "))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Not primary and recovering, out of reach, shutting down, over a time limit, authentication, disk full.
    const COUNTED: [i32; 16] = [
        10107, 13435, 13436, 11600, 11602, 189, 91, 6, 7, 89, 9001, 262, 13, 18, 14031, 64,
    ];

    #[test]
    fn what_is_the_servers_fault_counts_for_the_breaker_and_what_is_the_questions_does_not() {
        for code in COUNTED {
            assert!(of_code(code, String::new()).is_failure(), "{code}");
            assert!(!refuses_document(code), "{code}");
        }
        for code in [2, 9, 14, 50, 72] {
            assert!(!of_code(code, String::new()).is_failure(), "{code}");
        }
        // A code that nobody knew of when this was written: the sender keeps its data.
        assert!(of_code(4_242_424, String::new()).is_failure());
        assert!(!refuses_document(4_242_424));
    }

    #[test]
    fn when_no_server_can_be_reached_each_is_told_with_its_reason_and_no_more() {
        let message = "Server selection timeout: No available servers. Topology: { Type: Unknown, Servers: [ \
            { Address: a.example:27017, Type: Unknown, Error: Kind: I/O error: Connection refused (os error 111), \
            labels: {\"RetryableError\"}, source: None, server response: None }, \
            { Address: b.example:27017, Type: Unknown } ] }";
        assert_eq!(
            brief(message),
            "Server selection timeout: No available servers (a.example:27017: I/O error: Connection refused \
             (os error 111); b.example:27017: no answer yet)"
        );
        assert_eq!(brief("another form"), "another form");
    }

    #[test]
    fn a_password_in_the_servers_own_words_is_replaced() {
        let address = MongoAddress::parse("mongodb://u:hunter2@db.example").unwrap();
        for error in [
            StoreError::Unavailable("hunter2?".to_owned()),
            StoreError::Rejected("hunter2?".to_owned()),
        ] {
            assert!(!error.scrub(&address).to_string().contains("hunter2"));
        }
    }
}
