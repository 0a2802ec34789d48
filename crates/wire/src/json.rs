//! The native format: a JSON array of records, one record, or one record a line.

use crate::element::RecordSeed;
use crate::error::{DecodeError, reason_of, text_of};
use crate::ndjson;
use crate::single_pass::{self, Scratch};
use crate::value::{Members, kind_of_byte};
use record::batch::BatchBuilder;
use serde::de::{DeserializeSeed as _, Deserializer as _, SeqAccess, Visitor};
use std::fmt;

/// Reads a body whose first byte says what it is.
pub(super) fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let text = text_of(body)?;
    match first_byte(text) {
        Some(b'[') => decode_array(text, batch),
        Some(b'{') if begins_lines(text) => ndjson::decode_text(text, batch),
        Some(b'{') => decode_object(text, batch),
        first => Err(DecodeError::NotRecords {
            found: kind_of_byte(first),
        }),
    }
}

/// Whether the body is one record a line rather than one JSON value: it begins with an object, and
/// behind that object there is more.
pub(super) fn is_lines(body: &[u8]) -> bool {
    text_of(body).is_ok_and(|text| first_byte(text) == Some(b'{') && begins_lines(text))
}

/// Whether there is more behind the object that a text begins with.
fn begins_lines(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let first = values.next();
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    matches!(first, Some(Ok(_))) && rest.trim_ascii_start().starts_with('{')
}

fn first_byte(text: &str) -> Option<u8> {
    text.trim_ascii_start().as_bytes().first().copied()
}

fn decode_array(text: &str, batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    if single_pass::array(text, batch) {
        return Ok(());
    }
    batch.clear();
    decode_array_by_members(text, batch)
}

/// The way that decides what every record becomes, and what is said about it.
pub(super) fn decode_array_by_members(
    text: &str,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer
        .deserialize_seq(ArrayVisitor { batch: &mut *batch })
        .and_then(|()| deserializer.end());
    outcome(read, batch)
}

fn decode_object(text: &str, batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    if single_pass::line(text, &mut Scratch::default(), batch) {
        return outcome(Ok(()), batch);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = RecordSeed {
        batch: &mut *batch,
        members: &mut Members::new(),
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end());
    outcome(read, batch)
}

fn outcome(read: Result<(), serde_json::Error>, batch: &BatchBuilder) -> Result<(), DecodeError> {
    if batch.is_too_large() {
        return Err(DecodeError::TooLarge);
    }
    read.map_err(|error| DecodeError::Syntax {
        reason: reason_of(&error),
        line: error.line(),
        column: error.column(),
    })
}

struct ArrayVisitor<'b> {
    batch: &'b mut BatchBuilder,
}

impl<'a> Visitor<'a> for ArrayVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        let mut members = Members::new();
        loop {
            let seed = RecordSeed {
                batch: &mut *self.batch,
                members: &mut members,
            };
            if sequence.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            if self.batch.is_too_large() {
                return Err(serde::de::Error::custom("the batch is too large"));
            }
        }
    }
}
