//! JSON values into BSON: nothing rounded, nothing doubled, nothing lost.
//!
//! Integers beyond 64 bits keep their digits: as a decimal up to 34 of them, beyond that as text
//! under a binary subtype of our own. Other numbers are 64-bit floating point, as in every JSON
//! library; what none of these holds, and what is nested too deeply, is kept as text.

use crate::members::{Members, Value, members_of, rest_of};
use crate::raw::elements_in;
use crate::string::text_of;
use crate::unusual::Unusual;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_MEMBERS, RecordFault};
use record::notice::{Notice, shortened};

/// Digits of the greatest double: an integer with fewer is not beyond all of them.
const DOUBLE_DIGITS: usize = 309;

/// What a value is, in words.
pub(super) fn kind_of(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "something that is no JSON",
    }
}

/// Writes members into the open document of `writer`, which stands `depth` levels below the
/// attributes.
///
/// # Errors
/// [`RecordFault::TooLarge`] as soon as the writer is full: more is of no use.
pub(super) fn write_members(
    writer: &mut BsonWriter<'_>,
    members: &Members<'_>,
    depth: usize,
    unusual: &mut Unusual,
) -> Result<(), RecordFault> {
    for (name, value) in members {
        check_size(writer)?;
        match value {
            Value::Json(text) => write_value(writer, name, text, depth, unusual)?,
            Value::Text(text) => writer.string(name, text),
            Value::Rest(rest) => writer.string_of(name, ["{", rest, "}"]),
        }
    }
    Ok(())
}

/// What is larger than is of use is not written out: an array's elements grow as they are.
fn check_size(writer: &BsonWriter<'_>) -> Result<(), RecordFault> {
    match writer.is_full() {
        true => Err(RecordFault::TooLarge),
        false => Ok(()),
    }
}

/// Writes the JSON text of a value under a name, as [`write_members`] writes each.
///
/// # Errors
/// [`RecordFault::TooLarge`] as soon as the writer is full: more is of no use.
pub(super) fn write_value(
    writer: &mut BsonWriter<'_>,
    name: &str,
    text: &str,
    depth: usize,
    unusual: &mut Unusual,
) -> Result<(), RecordFault> {
    match text.as_bytes().first() {
        Some(b'"') => writer.string(name, &text_of(text, unusual)),
        Some(b't') => writer.boolean(name, true),
        Some(b'f') => writer.boolean(name, false),
        Some(b'n') => writer.null(name),
        Some(b'{' | b'[') if depth >= MAX_DEPTH => {
            unusual.tell(Notice::TooDeep);
            writer.string(name, text);
        }
        Some(b'{') => {
            let mark = writer.open_document(name);
            let members = members_of(text, unusual);
            write_members(writer, &members, depth + 1, unusual)?;
            writer.close(mark);
        }
        Some(b'[') => {
            let mark = writer.open_array(name);
            write_elements(writer, text, depth + 1, unusual)?;
            writer.close(mark);
        }
        _ => write_number(writer, name, text, unusual),
    }
    Ok(())
}

/// Beyond the bound, the last element is the JSON text of an array of the others.
fn write_elements(
    writer: &mut BsonWriter<'_>,
    array: &str,
    depth: usize,
    unusual: &mut Unusual,
) -> Result<(), RecordFault> {
    let mut digits = itoa::Buffer::new();
    for (position, (start, element)) in elements_in(array).enumerate() {
        check_size(writer)?;
        let name = digits.format(position);
        if position == MAX_MEMBERS {
            let rest = rest_of(array, start, unusual);
            writer.string_of(name, ["[", rest, "]"]);
            break;
        }
        write_value(writer, name, element, depth, unusual)?;
    }
    Ok(())
}

fn write_number(writer: &mut BsonWriter<'_>, name: &str, text: &str, unusual: &mut Unusual) {
    let is_integer = !text.contains(['.', 'e', 'E']) && text != "-0";
    if is_integer && text.len() < DOUBLE_DIGITS {
        return writer.long_integer(name, text);
    }
    // Not through serde_json, whose fast reading of decimals may be off by the last bit.
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && is_integer => writer.long_integer(name, text),
        Ok(number) if number.is_finite() => writer.double(name, number),
        _ => {
            unusual.tell(Notice::Number(shortened(text)));
            writer.string(name, text);
        }
    }
}
