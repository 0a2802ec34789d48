//! Every value among attributes as they are stored, without their JSON.

use record::attributes::write_value_json;
use record::bson_reader::{Elements, Value};
use std::ops::Range;

/// The values of one record after another, as [`each_value`](super::each_value) tells those of its JSON. The
/// memory is used again.
#[derive(Debug, Default)]
pub struct StoredValues {
    /// Paths and values, with an end behind each, so that none completes another's text.
    text: String,
    values: Vec<(Range<usize>, Range<usize>)>,
    path: Vec<u8>,
}

/// Stands behind each text.
const END: u8 = 0;

impl StoredValues {
    /// Reads the values among attributes in BSON. Whether that was possible: what others wrote may have values
    /// that only its JSON tells, and what is damaged may have none.
    pub fn read(&mut self, members: &[u8]) -> bool {
        let mut text = std::mem::take(&mut self.text).into_bytes();
        text.clear();
        self.values.clear();
        self.path.clear();
        let read = self.members(members, true, &mut text);
        match String::from_utf8(text) {
            Ok(text) if read.is_some() => {
                self.text = text;
                true
            }
            _ => {
                self.values.clear();
                false
            }
        }
    }

    /// The path and the text of each value that was read last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let at = |span: &Range<usize>| self.text.get(span.clone()).unwrap_or_default();
        self.values
            .iter()
            .map(move |(path, value)| (at(path), at(value)))
    }

    fn members(&mut self, object: &[u8], is_root: bool, text: &mut Vec<u8>) -> Option<()> {
        let end = self.path.len();
        for element in Elements::of(object)? {
            let (name, value) = element?;
            if !is_root {
                self.path.push(b'.');
            }
            self.path.extend_from_slice(name);
            // Where there is no value behind it, nobody else looks at the name.
            if matches!(value, Value::Document(_) | Value::Array(_)) {
                text.extend_from_slice(name);
                text.push(END);
            }
            match value {
                Value::Document(members) => self.members(members, false, text)?,
                Value::Array(array) => self.elements(array, text)?,
                _ => self.leaf(value, text)?,
            }
            self.path.truncate(end);
        }
        Some(())
    }

    fn elements(&mut self, array: &[u8], text: &mut Vec<u8>) -> Option<()> {
        for element in Elements::of(array)? {
            let (name, value) = element?;
            // Nobody else looks at it.
            if !name.is_ascii() {
                return None;
            }
            match value {
                Value::Document(members) => self.members(members, false, text)?,
                // It has no values, but has to be whole.
                Value::Array(_) => write_value_json(value, &mut Vec::new())?,
                _ => self.leaf(value, text)?,
            }
        }
        Some(())
    }

    fn leaf(&mut self, value: Value<'_>, text: &mut Vec<u8>) -> Option<()> {
        let start = text.len();
        text.extend_from_slice(&self.path);
        let path = start..text.len();
        text.push(END);
        let start = text.len();
        match value {
            Value::String(own) => text.extend_from_slice(own),
            _ => write_value_json(value, text)?,
        }
        // No filter can ask for a name that is empty.
        if !path.is_empty() {
            self.values.push((path, start..text.len()));
        }
        text.push(END);
        Some(())
    }
}

#[cfg(test)]
mod tests;
