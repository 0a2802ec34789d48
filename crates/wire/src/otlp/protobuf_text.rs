//! Values in protobuf as JSON text: what is nested too deeply, what is too much, and a body that is too large to be
//! anything else.

use super::protobuf_value::{Any, Fault, Values, key_value, no_number};
use crate::protobuf::{Fields, fields, text};
use crate::string::quote_within;
use crate::unusual::Unusual;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use record::bson_writer::BsonWriter;
use record::fault::MAX_DEPTH;
use record::notice::Notice;
use std::io::Write as _;

/// How deep a part that is nested too deeply is made to JSON text, from the start; what lies deeper is kept
/// as it is encoded. Libraries for protobuf take no message that is nested a hundred deep, and a value in
/// another one is two or three messages.
const DEEPEST: usize = 2 * MAX_DEPTH;

impl Values<'_> {
    /// Writes the JSON text of what is nested too deeply.
    pub(super) fn write_deep(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        message: &[u8],
        depth: usize,
    ) -> Result<(), Fault> {
        self.unusual.tell(Notice::TooDeep);
        self.write_text(writer, name, |text| text.value(message, depth))
    }

    /// Writes that of the elements of an array which are too many.
    pub(super) fn write_rest_of_array(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        rest: Fields<'_>,
        depth: usize,
    ) -> Result<(), Fault> {
        self.unusual.tell(Notice::TooManyMembers);
        self.write_text(writer, name, |text| text.array(rest, depth))
    }

    /// Writes that of the attributes under a number which are too many.
    pub(super) fn write_rest_of_object(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        (rest, number): (Fields<'_>, u32),
        depth: usize,
    ) -> Result<(), Fault> {
        self.unusual.tell(Notice::TooManyMembers);
        self.write_text(writer, name, |text| text.object((rest, number), depth))
    }

    fn write_text(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        write: impl FnOnce(&mut JsonText<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        writer.string_by(name, |out, of_use| {
            let end = out.len() + of_use;
            let unusual = &mut *self.unusual;
            write(&mut JsonText { out, end, unusual })
        })
    }
}

/// The JSON text of a value; none that is longer than so many bytes.
pub(super) fn json_text(
    message: &[u8],
    most: usize,
    unusual: &mut Unusual,
) -> Result<String, Fault> {
    let mut text = Vec::new();
    let mut writer = JsonText {
        out: &mut text,
        end: most,
        unusual,
    };
    writer.value(message, 0)?;
    Ok(String::from_utf8(text).unwrap_or_default())
}

/// JSON text that is written. All of a list is kept, also where a name comes twice.
struct JsonText<'a> {
    out: &'a mut Vec<u8>,
    /// How long `out` may become.
    end: usize,
    unusual: &'a mut Unusual,
}

impl JsonText<'_> {
    fn value(&mut self, message: &[u8], depth: usize) -> Result<(), Fault> {
        match Any::of(message)? {
            Any::Null => self.push("null"),
            Any::Text(bytes) => {
                let text = text(bytes, self.unusual);
                self.quoted(&text)
            }
            Any::Boolean(truth) => self.push(if truth { "true" } else { "false" }),
            Any::Integer(number) => self.push(itoa::Buffer::new().format(number)),
            Any::Double(number) if number.is_finite() => {
                // Writing to a vector cannot fail.
                serde_json::to_writer(&mut *self.out, &number).unwrap_or_default();
                Ok(())
            }
            Any::Double(number) => self.quoted(no_number(number)),
            Any::Bytes(bytes) => self.encoded(bytes),
            Any::Array(_) | Any::Object(_) if depth >= DEEPEST => self.encoded(message),
            Any::Array(values) => self.array(fields(values), depth + 1),
            Any::Object(members) => self.object((fields(members), 1), depth + 1),
        }
    }

    fn array(&mut self, mut values: Fields<'_>, depth: usize) -> Result<(), Fault> {
        let mut separator = "[";
        while let Some(value) = values.next_bytes(1)? {
            self.push(separator)?;
            separator = ",";
            self.value(value, depth)?;
        }
        self.push(if separator == "[" { "[]" } else { "]" })
    }

    fn object(
        &mut self,
        (mut attributes, number): (Fields<'_>, u32),
        depth: usize,
    ) -> Result<(), Fault> {
        let mut separator = "{";
        while let Some(attribute) = attributes.next_bytes(number)? {
            self.push(separator)?;
            separator = ",";
            let (key, value) = key_value(attribute)?;
            let key = text(key, self.unusual);
            self.quoted(&key)?;
            self.push(":")?;
            self.value(value, depth)?;
        }
        self.push(if separator == "{" { "{}" } else { "}" })
    }

    fn left(&self) -> usize {
        self.end.saturating_sub(self.out.len())
    }

    fn push(&mut self, piece: &str) -> Result<(), Fault> {
        self.out.extend_from_slice(piece.as_bytes());
        match self.out.len() > self.end {
            true => Err(Fault::TooLarge),
            false => Ok(()),
        }
    }

    fn quoted(&mut self, text: &str) -> Result<(), Fault> {
        match quote_within(text, self.left(), self.out) {
            true => Ok(()),
            false => Err(Fault::TooLarge),
        }
    }

    /// Bytes as base64.
    fn encoded(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.len() > self.left() / 4 * 3 {
            return Err(Fault::TooLarge);
        }
        // Writing to a vector cannot fail.
        write!(self.out, "\"{}\"", Base64Display::new(bytes, &STANDARD)).unwrap_or_default();
        Ok(())
    }
}
