//! Why a body as a whole could not be read.

use std::borrow::Cow;

/// Why a body could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It holds JSON, but no records.
    #[error(
        "the body must be a JSON array of records, one record, or one record a line, not {found}"
    )]
    NotRecords {
        /// What it begins with.
        found: &'static str,
    },
    /// It is not UTF-8.
    #[error("the body is not UTF-8: byte {offset} is wrong")]
    NotUtf8 {
        /// Bytes before the first wrong one.
        offset: usize,
    },
    /// It is not JSON.
    #[error("the body is not valid JSON: {reason} at line {line} column {column}")]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// It is no push of Loki's.
    #[error(
        "the body must be a push: {{\"streams\": [{{\"stream\": {{…}}, \"values\": [[\"time\", \"line\"], …]}}, …]}}"
    )]
    NotPush,
    /// It is no message of protobuf.
    #[error("the body is not valid protobuf: {reason}")]
    Protobuf {
        /// What is wrong.
        reason: &'static str,
    },
    /// It is JSON, but not of the form that its protocol has.
    #[error("the body is not what is sent here: {reason}")]
    Shape {
        /// What is wrong.
        reason: &'static str,
    },
    /// A line of it should be an action, and is none.
    #[error("malformed action line {line}: {reason}")]
    Action {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// It has more documents with an id than one request may.
    #[error("a request may have {0} documents with an _id: send fewer in one request")]
    TooManyIds(usize),
    /// It is not of the journal export format.
    #[error("the body is not of the journal export format: there is no field at byte {offset}")]
    NotExported {
        /// Bytes before the place.
        offset: usize,
    },
    /// Its records take more room than one batch may.
    #[error("the batch is too large once encoded: send fewer records in one request")]
    TooLarge,
}

impl DecodeError {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRecords { .. } => "not_records",
            Self::NotUtf8 { .. } => "invalid_utf8",
            Self::Syntax { .. } => "invalid_json",
            Self::NotPush => "not_push",
            Self::Protobuf { .. } => "invalid_protobuf",
            Self::Shape { .. } => "invalid_form",
            Self::Action { .. } => "malformed_action",
            Self::TooManyIds(_) => "too_many_ids",
            Self::NotExported { .. } => "invalid_journal",
            Self::TooLarge => "batch_too_large",
        }
    }
}

/// `serde_json`'s message without the position, which is told apart from it.
pub(crate) fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}
