//! The table of formats, and which of them a body has.

use crate::error::DecodeError;
use crate::json;
use record::batch::BatchBuilder;

/// Reads `body` and gives each of its records to the batch. An error means that the body as a whole
/// could not be read; what the batch got until then must be thrown away.
type Decode = fn(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError>;

/// One format that a body can have.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The media types that name it, in lower case and without parameters.
    media_types: &'static [&'static str],
    /// Reads it.
    pub decode: Decode,
}

/// All formats of `POST /logs/batch`. The first one has the types that say nothing of the content: what a
/// client sends when nobody told it otherwise.
static FORMATS: &[Format] = &[
    Format {
        media_types: &[
            "",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
        ],
        decode: json::decode_untyped,
    },
    Format {
        media_types: &["application/json", "text/json"],
        decode: json::decode,
    },
    Format {
        media_types: &[
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/x-jsonlines",
            "application/stream+json",
        ],
        decode: json::decode_lines,
    },
    Format {
        media_types: &["text/plain"],
        decode: json::decode_plain,
    },
];

/// The format that a Content-Type names, or that of no usable type, as an empty one is; `None` when it names a format that is
/// not taken here.
pub fn format_of(content_type: &str) -> Option<&'static Format> {
    let media_type = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    FORMATS
        .iter()
        .find(|format| format.media_types.contains(&media_type.as_str()))
}
