//! Attributes as JSON text, from the BSON that they are stored as.
//!
//! Both stores answer with this text, so a query gives the same bytes on either.

mod from_json;

pub use from_json::{NoAttributes, write_bson};

use crate::bson_reader::{Elements, Value};
use crate::bson_writer::LONG_INTEGER;
use crate::json_text;
use bson::raw::{RawBsonRef, RawDocument};
use bson::spec::BinarySubtype;

/// Appends `document` to `out` as a JSON object. Values that JSON has no form for (dates, object
/// ids, … of documents that others wrote) come in MongoDB's relaxed extended JSON.
///
/// # Errors
/// When the bytes are not BSON.
pub fn write_json(document: &RawDocument, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
    let start = out.len();
    let plain = write_plain(document.as_bytes(), out);
    // Names and texts were only copied: one look at all of them is faster than one at each.
    let written = out.get(start..).unwrap_or_default();
    if plain.is_some() && std::str::from_utf8(written).is_ok() {
        return Ok(());
    }
    out.truncate(start);
    write_any(document, out)
}

/// A document of the kinds that JSON has, which nearly all are; `None` for any other, and for one that is
/// damaged.
fn write_plain(document: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'{');
    for (position, element) in Elements::of(document)?.enumerate() {
        let (name, value) = element?;
        if position > 0 {
            out.push(b',');
        }
        write_text(name, out)?;
        out.push(b':');
        write_plain_value(value, out)?;
    }
    out.push(b'}');
    Some(())
}

fn write_plain_value(value: Value<'_>, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::String(text) => write_text(text, out)?,
        Value::Integer(number) => {
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        Value::Double(number) => write_double(number, out),
        Value::Boolean(true) => out.extend_from_slice(b"true"),
        Value::Boolean(false) => out.extend_from_slice(b"false"),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Document(document) => write_plain(document, out)?,
        Value::Array(array) => {
            out.push(b'[');
            for (position, element) in Elements::of(array)?.enumerate() {
                let (name, value) = element?;
                // It is not written, so nobody else would see that it is damaged.
                if !name.is_ascii() {
                    return None;
                }
                if position > 0 {
                    out.push(b',');
                }
                write_plain_value(value, out)?;
            }
            out.push(b']');
        }
        Value::LongInteger(digits) if is_integer(digits) => out.extend_from_slice(digits),
        Value::Decimal(number) => {
            let text = bson::Decimal128::from_bytes(number).to_string();
            // Any other one becomes a string.
            out.extend_from_slice(is_integer(text.as_bytes()).then_some(text.as_bytes())?);
        }
        Value::LongInteger(_) | Value::Binary(_) | Value::Date(_) => return None,
    }
    Some(())
}

/// Appends a value as the JSON text that [`write_json`] has for it. `None` for one that JSON has no form for, and
/// for one that is damaged: what was written until then stays, and is the caller's to cut off.
pub fn write_value_json(value: Value<'_>, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    write_plain_value(value, out)?;
    std::str::from_utf8(out.get(start..)?).ok().map(drop)
}

/// A JSON string of bytes that may be no UTF-8, which is for the caller to see.
fn write_text(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if json_text::first_special(text) < text.len() {
        write_string(std::str::from_utf8(text).ok()?, out);
        return Some(());
    }
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
    Some(())
}

/// Any document.
fn write_any(document: &RawDocument, out: &mut Vec<u8>) -> Result<(), bson::error::Error> {
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
        RawBsonRef::Document(document) => write_any(document, out)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Bson, Document, doc};
    use proptest::prelude::*;

    /// Whether the short way takes it. However it is written, the way for any document writes the same.
    fn agrees(bytes: &[u8]) -> Result<bool, TestCaseError> {
        let Ok(document) = RawDocument::from_bytes(bytes) else {
            return Ok(false);
        };
        let (mut written, mut expected) = (b"before".to_vec(), b"before".to_vec());
        let is_written = write_json(document, &mut written).is_ok();
        let is_expected = write_any(document, &mut expected).is_ok();
        prop_assert_eq!(is_written, is_expected, "{:?}", bytes);
        if is_written {
            prop_assert_eq!(written, expected);
        }
        Ok(write_plain(bytes, &mut Vec::new()).is_some())
    }

    fn decimal(text: &str) -> Bson {
        Bson::Decimal128(text.parse().unwrap())
    }

    fn long_integer(digits: &str) -> Bson {
        Bson::Binary(bson::Binary {
            subtype: BinarySubtype::UserDefined(LONG_INTEGER),
            bytes: digits.as_bytes().to_vec(),
        })
    }

    fn value() -> impl Strategy<Value = Bson> {
        let leaf = prop_oneof![
            Just(Bson::Null),
            any::<bool>().prop_map(Bson::from),
            any::<i32>().prop_map(Bson::from),
            any::<i64>().prop_map(Bson::from),
            any::<f64>().prop_map(Bson::from),
            "[a-c\"\\\\\u{0}-\u{1f}\u{7f}é😀]{0,12}".prop_map(Bson::from),
            Just(Bson::from(bson::DateTime::from_millis(5))),
            any::<u64>().prop_map(|number| decimal(&number.to_string())),
            any::<[u8; 16]>().prop_map(|bytes| bson::Decimal128::from_bytes(bytes).into()),
            "-?[0-9]{0,45}x?".prop_map(|digits| long_integer(&digits)),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Bson::from),
                members(inner).prop_map(Bson::from),
            ]
        })
    }

    fn members(value: impl Strategy<Value = Bson>) -> impl Strategy<Value = Document> {
        let name = "[a-c\"\\\\\u{1}-\u{1f}é]{0,4}";
        prop::collection::vec((name, value), 0..6).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn the_short_way_writes_what_the_other_way_writes(document in members(value())) {
            agrees(&document.to_vec().unwrap())?;
        }

        #[test]
        fn what_the_short_way_takes_of_damaged_bytes_the_other_way_takes(
            document in members(value()),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = document.to_vec().unwrap();
            for (place, byte) in edits {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            agrees(&bytes)?;
        }
    }

    #[test]
    fn the_attributes_that_most_records_have_are_written_the_short_way() {
        let document =
            doc! { "a": "é\n", "b": [1_i32, 2_i64, 0.5, true, null, {}], "c": { "d": "" } };
        assert!(agrees(&document.to_vec().unwrap()).unwrap());
        let long =
            doc! { "a": decimal("18446744073709551615"), "b": [long_integer("-1234567890")] };
        assert!(agrees(&long.to_vec().unwrap()).unwrap());
        for foreign in [
            decimal("0.5"),
            decimal("NaN"),
            long_integer(""),
            long_integer("0x1"),
        ] {
            assert!(!agrees(&doc! { "a": foreign }.to_vec().unwrap()).unwrap());
        }
        let wrong_text = b"\x0e\0\0\0\x02a\0\x02\0\0\0\xff\0\0";
        assert!(agrees(wrong_text).unwrap());
        let wrong_name = b"\x14\0\0\0\x04a\0\x0c\0\0\0\x10\x80\0\x01\0\0\0\0\0";
        assert!(!agrees(wrong_name).unwrap());
        let foreign = doc! { "at": bson::DateTime::from_millis(5) };
        assert!(!agrees(&foreign.to_vec().unwrap()).unwrap());
    }
}
