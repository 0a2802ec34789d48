//! Where a field begins and ends.

use crate::error::DecodeError;

/// The bytes of a value's length.
const LENGTH_BYTES: usize = 8;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Field {
        name: &'a [u8],
        value: &'a [u8],
        /// The place behind it.
        end: usize,
    },
    EmptyLine {
        end: usize,
    },
    /// Nothing that is whole.
    Nothing,
}

/// The piece that begins at a place of a body, which may go on unless this `is_end`.
///
/// # Errors
/// It is none of the format, whatever may follow.
pub(super) fn piece(body: &[u8], place: usize, is_end: bool) -> Result<Piece<'_>, DecodeError> {
    let rest = body.get(place..).unwrap_or_default();
    let broken = || DecodeError::NotExported { offset: place };
    let Some(length) = memchr::memchr(b'\n', rest) else {
        return match memchr::memchr(b'=', rest) {
            Some(_) if is_end => Ok(text_field(rest, body.len())),
            None if is_end && !rest.is_empty() => Err(broken()),
            _ => Ok(Piece::Nothing),
        };
    };
    let (line, behind) = rest.split_at(length);
    let end = place + length + 1;
    if line.is_empty() {
        return Ok(Piece::EmptyLine { end });
    }
    if line.contains(&b'=') {
        return Ok(text_field(line, end));
    }
    let behind = behind.get(1..).unwrap_or_default();
    let whole = behind
        .split_first_chunk::<LENGTH_BYTES>()
        .map(|(length, value)| {
            let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
            (length, value.split_at_checked(length))
        });
    match whole {
        Some((length, Some((value, [b'\n', ..])))) => Ok(Piece::Field {
            name: line,
            value,
            end: end + LENGTH_BYTES + length + 1,
        }),
        Some((_, Some((_, [_, ..])))) => Err(broken()),
        _ if is_end => Err(broken()),
        _ => Ok(Piece::Nothing),
    }
}

fn text_field(line: &[u8], end: usize) -> Piece<'_> {
    let equals = memchr::memchr(b'=', line).unwrap_or(line.len());
    let (name, value) = line.split_at(equals);
    Piece::Field {
        name,
        value: value.get(1..).unwrap_or_default(),
        end,
    }
}
