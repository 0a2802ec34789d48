//! Attributes that every record of a batch gets, whatever its sender gave for them.

mod removal;

use crate::bson_reader::{self, Value};
use crate::bson_writer::BsonWriter;
use removal::without;

/// How many there may be.
pub const MAX_PINS: usize = 16;
/// Bytes of a name.
pub const LONGEST_NAME: usize = 128;
/// Bytes of a text.
pub const LONGEST_TEXT: usize = 1024;

/// What a record gets under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

/// Why they are none: a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPins {
    /// There are more.
    #[error("more than {MAX_PINS} attributes are pinned")]
    TooMany,
    /// No attribute is found by that name.
    #[error(
        "{0:?} cannot be pinned: a name has 1 to {LONGEST_NAME} bytes and no control characters, and of its parts between dots none is empty or a whole number"
    )]
    Name(String),
    /// A text is longer.
    #[error("what is pinned as {0:?} is longer than {LONGEST_TEXT} bytes")]
    Text(String),
}

/// The attributes, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    all: Vec<(String, PinValue)>,
    /// As members of a document.
    members: Vec<u8>,
}

impl Pins {
    /// These; of one name the last one counts. `None` if there are none.
    ///
    /// # Errors
    /// [`BadPins`]
    pub fn new(
        given: impl IntoIterator<Item = (String, PinValue)>,
    ) -> Result<Option<Self>, BadPins> {
        let mut all: Vec<(String, PinValue)> = Vec::new();
        for (name, value) in given {
            check(&name, &value)?;
            all.retain(|(other, _)| *other != name);
            if all.len() == MAX_PINS {
                return Err(BadPins::TooMany);
            }
            all.push((name, value));
        }
        let mut members = Vec::new();
        let mut writer = BsonWriter::new(&mut members);
        for (name, value) in &all {
            match value {
                PinValue::Text(text) => writer.string(name, text),
                PinValue::Integer(number) => writer.integer(name, *number),
                PinValue::Boolean(truth) => writer.boolean(name, *truth),
            }
        }
        Ok((!all.is_empty()).then_some(Self { all, members }))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &PinValue)> {
        self.all.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// By how much a document grows at most.
    pub fn bytes(&self) -> usize {
        self.members.len()
    }

    /// Puts them behind the members that were written, of which it takes out all that any of their names leads to.
    pub(crate) fn put(&self, writer: &mut BsonWriter<'_>) {
        let (bytes, start) = writer.written_mut();
        if bytes.get(start..).is_some_and(|own| self.lead_to_any(own)) {
            let names: Vec<&str> = self.all.iter().map(|(name, _)| name.as_str()).collect();
            without(bytes, start, &names);
        }
        bytes.extend_from_slice(&self.members);
    }

    /// Whether one of their names may lead anywhere among these members.
    fn lead_to_any(&self, members: &[u8]) -> bool {
        let mut rest = members;
        while !rest.is_empty() {
            let Some((name, value, behind)) = bson_reader::member(rest) else {
                return true;
            };
            let may_lead_on = matches!(value, Value::Document(_) | Value::Array(_));
            let leads = |pin: &str| match pin.as_bytes().strip_prefix(name) {
                Some([]) => true,
                Some([b'.', ..]) => may_lead_on,
                Some(_) | None => false,
            };
            if self.all.iter().any(|(pin, _)| leads(pin)) {
                return true;
            }
            rest = behind;
        }
        false
    }
}

fn check(name: &str, value: &PinValue) -> Result<(), BadPins> {
    // A number may name a place in an array, too.
    let is_part = |part: &str| !part.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = (1..=LONGEST_NAME).contains(&name.len())
        && !name.chars().any(char::is_control)
        && name.split('.').all(is_part);
    match value {
        _ if !is_name => Err(BadPins::Name(name.chars().take(LONGEST_NAME).collect())),
        PinValue::Text(text) if text.len() > LONGEST_TEXT => Err(BadPins::Text(name.to_owned())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
