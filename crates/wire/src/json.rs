//! The native format under each of the types that it comes with.

use crate::error::DecodeError;
use crate::values::{Terms, read};
use record::batch::BatchBuilder;

/// A body that is JSON, says its type: one value that is broken says nothing of the rest.
pub(super) const JSON: Terms = Terms {
    is_json: true,
    opens_wrapper: true,
    is_plain: false,
};

/// A body whose type says nothing.
pub(super) const UNTYPED: Terms = Terms {
    is_json: false,
    ..JSON
};

/// A value a line.
pub(super) const LINES: Terms = Terms {
    opens_wrapper: false,
    ..UNTYPED
};

/// A message a line, which may be an object.
pub(super) const PLAIN: Terms = Terms {
    is_plain: true,
    ..LINES
};

/// Reads a body under [`JSON`].
pub(super) fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    read(body, JSON, batch)
}

/// Reads a body under [`UNTYPED`].
pub(super) fn decode_untyped(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    read(body, UNTYPED, batch)
}

/// Reads records of JSON, one a line.
///
/// # Errors
/// When the body as a whole cannot be read; what the batch got until then must be thrown away.
pub fn decode_lines(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    read(body, LINES, batch)
}

/// Reads a body under [`PLAIN`].
pub(super) fn decode_plain(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    read(body, PLAIN, batch)
}
