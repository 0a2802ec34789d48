//! Wire formats: bytes in, records and refused records out.
//!
//! Every format is one file with the same signature, `decode(body, &mut BatchBuilder)`, and one row
//! in `FORMATS`. None of them does I/O, reads a clock or knows HTTP.

mod fields;
mod json;
mod names;
mod ndjson;
mod scanner;
mod single_pass;
mod value;
mod weight;

pub use weight::encoded_bytes_at_most;

use record::batch::BatchBuilder;

/// Reads `body` and gives each of its records to the batch. An error means that the body as a whole
/// could not be read; what the batch got until then must be thrown away.
type Decode = fn(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError>;

/// One format that a body can have.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The media types that name it, in lower case and without parameters.
    media_types: &'static [&'static str],
    /// Whether good records are taken when others of the batch are refused, unless the client asks otherwise.
    pub partial_by_default: fn(body: &[u8]) -> bool,
    /// Reads it.
    pub decode: Decode,
}

/// All formats of `POST /logs/batch`; the first one also serves bodies without a usable type.
static FORMATS: &[Format] = &[
    Format {
        media_types: &["application/json", "text/json"],
        partial_by_default: json::is_lines,
        decode: json::decode,
    },
    Format {
        media_types: &[
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
        ],
        partial_by_default: |_| true,
        decode: ndjson::decode,
    },
];

/// Types that say nothing of the content: what a client sends when nobody told it otherwise.
const UNUSABLE_TYPES: &[&str] = &[
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
];

/// The format that a Content-Type names; the JSON family, told apart by the first byte, when the
/// type is missing or says nothing; `None` when it names a format that is not taken here.
pub fn format_of(content_type: Option<&str>) -> Option<&'static Format> {
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if UNUSABLE_TYPES.contains(&media_type.as_str()) {
        return FORMATS.first();
    }
    FORMATS
        .iter()
        .find(|format| format.media_types.contains(&media_type.as_str()))
}

/// Why a body could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// There is nothing in it.
    #[error("the body is empty: send a JSON array of records, one record, or one record a line")]
    Empty,
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
    /// Its records take more room than one batch may.
    #[error("the batch is too large once encoded: send fewer records in one request")]
    TooLarge,
}

impl DecodeError {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_body",
            Self::NotRecords { .. } => "not_records",
            Self::NotUtf8 { .. } => "invalid_utf8",
            Self::Syntax { .. } => "invalid_json",
            Self::TooLarge => "batch_too_large",
        }
    }
}

/// The body as text.
fn text_of(body: &[u8]) -> Result<&str, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|error| DecodeError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    Ok(text)
}

/// `serde_json`'s message without the position, which is told apart from it.
fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
