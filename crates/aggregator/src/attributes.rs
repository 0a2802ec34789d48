//! Attributes as JSON text, from the BSON that they are stored as.
//!
//! Both stores answer with this text, so a query gives the same bytes on either.

use bson::raw::{RawBsonRef, RawDocument};
use bson::spec::BinarySubtype;

/// Binary subtype of an integer too long for any number of BSON: its digits as text.
pub const LONG_INTEGER: u8 = 0x80;

/// Appends `document` to `out` as a JSON object. Values that JSON has no form for (dates, object
/// ids, … of documents that others wrote) come in MongoDB's relaxed extended JSON.
///
/// # Errors
/// When the bytes are not BSON.
pub fn write_json(document: &RawDocument, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
    out.push(b'{');
    for (position, element) in document.iter().enumerate() {
        let (name, value) = element?;
        if position > 0 {
            out.push(b',');
        }
        write_string(name.as_str(), out);
        out.push(b':');
        write_value(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_value(value: RawBsonRef<'_>, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
    match value {
        RawBsonRef::String(text) => write_string(text, out),
        RawBsonRef::Int32(number) => write_display(number, out),
        RawBsonRef::Int64(number) => write_display(number, out),
        RawBsonRef::Double(number) => write_double(number, out),
        RawBsonRef::Boolean(truth) => write_display(truth, out),
        RawBsonRef::Null => out.extend_from_slice(b"null"),
        RawBsonRef::Document(document) => write_json(document, out)?,
        RawBsonRef::Array(array) => {
            out.push(b'[');
            for (position, element) in array.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_value(element?, out)?;
            }
            out.push(b']');
        }
        RawBsonRef::Decimal128(number) => write_decimal(&number.to_string(), out),
        RawBsonRef::Binary(binary)
            if binary.subtype == BinarySubtype::UserDefined(LONG_INTEGER)
                && is_integer(binary.bytes) =>
        {
            out.extend_from_slice(binary.bytes);
        }
        foreign => {
            let value: bson::Bson = foreign.try_into()?;
            write_display(value.into_relaxed_extjson(), out);
        }
    }
    Ok(())
}

/// Digits with at most one sign before them: what may stand in JSON as it is.
fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Only integers are stored as decimals by us; any other one is somebody else's.
fn write_decimal(text: &str, out: &mut Vec<u8>) {
    if is_integer(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        write_string(text, out);
    }
}

/// Infinity and NaN, which only others can have stored, become `null`.
fn write_double(number: f64, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    serde_json::to_writer(out, &number).unwrap_or_default();
}

/// Appends `text` as a JSON string, quoted and escaped.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    serde_json::to_writer(out, text).unwrap_or_default();
}

fn write_display(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a vector cannot fail.
    write!(out, "{value}").unwrap_or_default();
}
