//! Values of any type in protobuf (`AnyValue`, `KeyValue`) into BSON.

use super::names::Names;
use super::shared::without_nul;
use crate::error::DecodeError;
use crate::protobuf::{Fields, Malformed, Value, fields, text};
use crate::unusual::Unusual;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_MEMBERS, RecordFault};
use std::borrow::Cow;

/// The member that holds what is beyond the bound.
const MORE: &str = "_more";

/// Why a value cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Malformed(Malformed),
    /// More than a record may hold.
    TooLarge,
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Malformed(malformed) => malformed.into(),
            Fault::TooLarge => Self::TooLarge,
        }
    }
}

impl From<Fault> for RecordFault {
    /// A message that is malformed ends the whole body, whatever its record is refused for.
    fn from(_: Fault) -> Self {
        Self::TooLarge
    }
}

/// A value of any type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Any<'a> {
    Null,
    Text(&'a [u8]),
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Array(&'a [u8]),
    Object(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Any<'a> {
    /// That in a message; of several, the last.
    #[inline]
    pub(super) fn of(message: &'a [u8]) -> Result<Self, Malformed> {
        // What most values are: a short text and nothing else.
        if let [0x0a, length @ 0..0x80, text @ ..] = message
            && text.len() == usize::from(*length)
        {
            return Ok(Self::Text(text));
        }
        let (mut fields, mut any) = (fields(message), Self::Null);
        while let Some((number, value)) = fields.next()? {
            any = match (number, value) {
                (1, Value::Bytes(text)) => Self::Text(text),
                (2, Value::Varint(number)) => Self::Boolean(number != 0),
                (3, Value::Varint(number)) => Self::Integer(number.cast_signed()),
                (4, Value::Fixed64(bits)) => Self::Double(f64::from_bits(bits)),
                (5, Value::Bytes(values)) => Self::Array(values),
                (6, Value::Bytes(members)) => Self::Object(members),
                (7, Value::Bytes(bytes)) => Self::Bytes(bytes),
                _ => any,
            };
        }
        Ok(any)
    }
}

/// Key and value of an attribute.
#[inline]
pub(super) fn key_value(message: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    // As everybody sends it, where both are short.
    if let [0x0a, length @ 0..0x80, rest @ ..] = message
        && let Some((key, [0x12, length @ 0..0x80, any @ ..])) =
            rest.split_at_checked(usize::from(*length))
        && any.len() == usize::from(*length)
    {
        return Ok((key, any));
    }
    let mut fields = fields(message);
    let (mut key, mut any): (&[u8], &[u8]) = (&[], &[]);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Bytes(bytes)) => any = bytes,
            _ => {}
        }
    }
    Ok((key, any))
}

/// Writes values, and takes note of what is unusual of them.
pub(super) struct Values<'u> {
    pub(super) unusual: &'u mut Unusual,
}

impl<'u> Values<'u> {
    pub(super) fn new(unusual: &'u mut Unusual) -> Self {
        Self { unusual }
    }

    /// Writes the value in a message under a name.
    #[inline]
    pub(super) fn write(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        message: &[u8],
        depth: usize,
    ) -> Result<(), Fault> {
        match Any::of(message)? {
            Any::Null => writer.null(name),
            Any::Text(bytes) => writer.string(name, &text(bytes, self.unusual)),
            Any::Boolean(truth) => writer.boolean(name, truth),
            Any::Integer(number) => writer.integer(name, number),
            Any::Double(number) if number.is_finite() => writer.double(name, number),
            Any::Double(number) => writer.string(name, no_number(number)),
            Any::Bytes(bytes) => writer.string(name, &STANDARD.encode(bytes)),
            Any::Array(_) | Any::Object(_) if depth >= MAX_DEPTH => {
                self.write_deep(writer, name, message, depth)?;
            }
            Any::Array(values) => {
                let mark = writer.open_array(name);
                self.elements(writer, values, depth + 1)?;
                writer.close(mark);
            }
            Any::Object(members) => {
                let mark = writer.open_document(name);
                let mut names = Names::default();
                let is_taken = |_: &str| false;
                self.members(
                    writer,
                    (fields(members), 1),
                    &mut names,
                    &is_taken,
                    depth + 1,
                )?;
                writer.close(mark);
            }
        }
        Ok(())
    }

    fn elements(
        &mut self,
        writer: &mut BsonWriter<'_>,
        values: &[u8],
        depth: usize,
    ) -> Result<(), Fault> {
        let (mut fields, mut position) = (fields(values), 0);
        let mut digits = itoa::Buffer::new();
        loop {
            let rest = fields;
            let Some(value) = fields.next_bytes(1)? else {
                return Ok(());
            };
            check_size(writer)?;
            let name = digits.format(position);
            if position == MAX_MEMBERS {
                return self.write_rest_of_array(writer, name, rest, depth);
            }
            self.write(writer, name, value, depth)?;
            position += 1;
        }
    }

    /// A key that is not known from an object before. Those of a record's attributes are likely to come again.
    fn key<'a>(&mut self, key: &'a [u8], names: &mut Names<'a>, depth: usize) -> Cow<'a, str> {
        let name = without_nul(text(key, self.unusual), self.unusual);
        if depth == 0
            && let Cow::Borrowed(name) = name
        {
            names.known.learn(name, name);
        }
        name
    }

    /// Writes the attributes that stand under a number among fields, under names that are not taken.
    pub(super) fn members<'a>(
        &mut self,
        writer: &mut BsonWriter<'_>,
        (mut fields, number): (Fields<'a>, u32),
        names: &mut Names<'a>,
        is_taken: &dyn Fn(&str) -> bool,
        depth: usize,
    ) -> Result<(), Fault> {
        let mut count = 0;
        loop {
            let rest = fields;
            let Some(attribute) = fields.next_bytes(number)? else {
                return Ok(());
            };
            check_size(writer)?;
            if count == MAX_MEMBERS {
                let name = names.claim(Cow::Borrowed(MORE), is_taken);
                return self.write_rest_of_object(writer, &name, (rest, number), depth);
            }
            let (key, value) = key_value(attribute)?;
            let name = match names.known.find(|known| known.as_bytes() == key) {
                Some(known) => Cow::Borrowed(known),
                None => self.key(key, names, depth),
            };
            let name = names.claim(name, is_taken);
            self.write(writer, &name, value, depth)?;
            count += 1;
        }
    }
}

/// What is larger than is of use is not written out.
pub(super) fn check_size(writer: &BsonWriter<'_>) -> Result<(), Fault> {
    match writer.is_full() {
        true => Err(Fault::TooLarge),
        false => Ok(()),
    }
}

/// A double that JSON has no number for, as protobuf's JSON writes it.
pub(super) fn no_number(number: f64) -> &'static str {
    match number {
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}
