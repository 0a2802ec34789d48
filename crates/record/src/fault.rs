//! Why a record was refused, and the bounds that it broke.

use logs::TimeError;

/// The largest document that one record may become, in bytes. It fits one insert command and one page.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;

/// How many objects and arrays may stand inside one another within an attribute.
pub const MAX_DEPTH: usize = 32;

/// Members of one object or one array: far more than a log has. Without a bound, reading one would take
/// many times the room of its text.
pub const MAX_MEMBERS: usize = 100_000;

/// Why one record was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The element is something else than a JSON object.
    #[error("a record must be a JSON object, not {0}")]
    NotAnObject(&'static str),
    /// The line is not JSON.
    #[error("not valid JSON: {reason} at line {line} column {column}")]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Line of the body, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// None of the fields that hold a message is there.
    #[error(
        "there is no message: expected text in one of message, _msg, msg, log, body, short_message, event, text, @m, @mt, RenderedMessage, MessageTemplate"
    )]
    MissingMessage,
    /// A field that must be text is something else.
    #[error("{field} must be text, not {found}")]
    NotText {
        /// Which field.
        field: String,
        /// What it is.
        found: &'static str,
    },
    /// The time cannot be read.
    #[error("{field} is not a time: {reason}")]
    BadTime {
        /// Which field.
        field: String,
        /// Why.
        reason: TimeError,
    },
    /// A text has an escape that stands for no character.
    #[error("{0}")]
    BadText(String),
    /// A name has U+0000 in it, which BSON cannot hold.
    #[error("a field name holds U+0000, which cannot be stored")]
    NulInName,
    /// Attributes are nested too deeply.
    #[error("attributes are nested more than {} deep", MAX_DEPTH)]
    TooDeep,
    /// An object or an array has too many members.
    #[error("an object or array holds more than {} members", MAX_MEMBERS)]
    TooManyMembers,
    /// A number that a 64-bit floating-point number cannot hold.
    #[error("the number {0} is too large")]
    NumberTooLarge(String),
    /// The body breaks off within it, and nothing behind that place can be read.
    #[error("the body breaks off here")]
    BrokenOff,
    /// The record is too large to be stored.
    #[error("the record is larger than {} MiB", MAX_DOCUMENT_BYTES / 1024 / 1024)]
    TooLarge,
}
