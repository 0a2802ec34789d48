//! Bytes as hexadecimal digits.

use std::fmt;

/// The longest that is written: a record's id.
const LONGEST: usize = 27;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes at most as many bytes as a record's id has.
pub(crate) fn write(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = digits(bytes);
    let text = text.get(..2 * bytes.len()).unwrap_or_default();
    formatter.write_str(std::str::from_utf8(text).unwrap_or_default())
}

/// Appends the same.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    let text = digits(bytes);
    out.extend_from_slice(text.get(..2 * bytes.len()).unwrap_or_default());
}

/// What a digit stands for, of either case.
pub(crate) fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> [u8; 2 * LONGEST] {
    let mut text = [0; 2 * LONGEST];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = HEX.get(usize::from(nibble)).copied().unwrap_or(b'?');
        }
    }
    text
}
