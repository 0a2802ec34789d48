//! The table of formats, and which of them a body has.

use crate::error::DecodeError;
use crate::{json, ndjson};
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
