//! The structure of attributes: names and nesting without the values, as bytes that are equal where it is; and
//! the values beside it.

mod known;

pub(crate) use known::KnownStructures;

use crate::leaf::RawLeaf;
use record::attributes::write_value_json;
use record::bson_reader::{Elements, Value};
use std::ops::Range;

/// Objects in objects beyond which attributes are kept whole.
pub(crate) const DEEPEST: usize = 40;
/// Values beyond which they are: no block has as many columns.
pub(crate) const MOST_VALUES: usize = 256;
/// Bytes of a path that has a column of its own.
pub(crate) const LONGEST_PATH: usize = 1_000;

const VALUE: u8 = 1;
const OPEN: u8 = 2;
const CLOSE: u8 = 3;

/// A part of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A value with this name.
    Value(&'a [u8]),
    /// An object with this name begins.
    Open(&'a [u8]),
    /// It ends.
    Close,
}

/// A value of a document: itself, or where its text stands.
#[derive(Debug, Clone)]
enum Place {
    Integer(i64),
    /// In the document.
    Text(Range<usize>),
    /// Among the JSON texts.
    Json(Range<usize>),
}

/// What was gathered of a document; its memory is worth keeping.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    structure: Vec<u8>,
    values: Vec<Place>,
    /// The JSON text of the values that need one.
    json: Vec<u8>,
}

impl Gathered {
    /// Gathers the values of a BSON document. Whether that could be done: not where any of it is no value of ours, is
    /// damaged, or is more than columns take; then it is only known as a whole.
    pub(crate) fn gather(&mut self, document: &[u8]) -> bool {
        self.structure.clear();
        self.values.clear();
        self.json.clear();
        let mut walk = Walk {
            document,
            gathered: self,
        };
        walk.members(document, 0, DEEPEST).is_some() && is_text(&self.json)
    }

    /// The same of a document with a structure that is known; its shape, and not its structure.
    pub(crate) fn gather_known(&mut self, document: &[u8], known: &KnownStructures) -> Option<u16> {
        self.values.clear();
        self.json.clear();
        let mut walk = Walk {
            document,
            gathered: self,
        };
        let shape = known.shape_of(document, &mut |value| {
            let value = walk.value(value)?;
            walk.gathered.values.push(value);
            Some(())
        });
        shape.filter(|_| is_text(&self.json))
    }

    /// The structure of what was gathered.
    pub(crate) fn structure(&self) -> &[u8] {
        &self.structure
    }

    /// The values in their order, of the document that they were gathered of.
    pub(crate) fn leaves<'a>(
        &'a self,
        document: &'a [u8],
    ) -> impl Iterator<Item = RawLeaf<'a>> + Clone {
        self.values.iter().map(|value| match value {
            Place::Integer(number) => RawLeaf::Integer(*number),
            Place::Text(range) => RawLeaf::Text(document.get(range.clone()).unwrap_or_default()),
            Place::Json(range) => RawLeaf::Json(self.json.get(range.clone()).unwrap_or_default()),
        })
    }
}

/// Whether bytes are UTF-8.
#[inline]
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
}

struct Walk<'a, 'b> {
    document: &'a [u8],
    gathered: &'b mut Gathered,
}

impl<'a> Walk<'a, '_> {
    /// `above` are the bytes of a path that stand before a member's name.
    fn members(&mut self, document: &'a [u8], above: usize, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        for element in Elements::of(document)? {
            let (name, value) = element?;
            let path = above + name.len();
            if path > LONGEST_PATH || self.gathered.values.len() >= MOST_VALUES {
                return None;
            }
            let inner = inner(value);
            let kind = if inner.is_some() { OPEN } else { VALUE };
            let structure = &mut self.gathered.structure;
            structure.push(kind);
            structure.extend_from_slice(name);
            structure.push(0);
            if let Some(inner) = inner {
                self.members(inner, path + 1, depth)?;
                self.gathered.structure.push(CLOSE);
            } else {
                let value = self.value(value)?;
                self.gathered.values.push(value);
            }
        }
        Some(())
    }

    #[inline]
    fn value(&mut self, value: Value<'a>) -> Option<Place> {
        Some(match value {
            Value::Integer(number) => Place::Integer(number),
            Value::String(text) if is_text(text) => {
                let start = text.as_ptr().addr() - self.document.as_ptr().addr();
                Place::Text(start..start + text.len())
            }
            Value::String(_) => return None,
            // Only some values have a form as JSON text, which only writing it shows.
            _ => {
                let json = &mut self.gathered.json;
                let start = json.len();
                write_value_json(value, json)?;
                Place::Json(start..json.len())
            }
        })
    }
}

/// An object that has members.
fn inner(value: Value<'_>) -> Option<&[u8]> {
    const EMPTY: &[u8] = &[5, 0, 0, 0, 0];
    match value {
        Value::Document(document) if document != EMPTY => Some(document),
        _ => None,
    }
}

/// The parts of a structure, in their order.
pub(crate) fn parts(mut structure: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (kind, rest) = structure.split_first()?;
        if *kind == CLOSE {
            structure = rest;
            return Some(Part::Close);
        }
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (name, rest) = rest.split_at_checked(end)?;
        structure = rest.get(1..).unwrap_or_default();
        match *kind {
            OPEN => Some(Part::Open(name)),
            _ => Some(Part::Value(name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Document, doc};

    /// How many values have columns, and how much was written to find out.
    fn gathered(document: &Document) -> (Option<usize>, usize) {
        let bytes = document.to_vec().unwrap();
        let mut gathered = Gathered::default();
        let is_whole = gathered.gather(&bytes);
        let written = gathered.structure.capacity() + gathered.json.capacity();
        (is_whole.then_some(gathered.values.len()), written)
    }

    fn members(count: usize) -> Document {
        (0..count)
            .map(|number| (format!("a{number}"), number.to_string().into()))
            .collect()
    }

    #[test]
    fn what_has_no_columns_is_given_up_before_it_is_copied() {
        let long = "x".repeat(500_000);
        for document in [
            doc! {long.clone(): members(100_000)},
            doc! {"a": {long: 1}},
            members(100_000),
        ] {
            let (values, written) = gathered(&document);
            assert_eq!(values, None);
            assert!(written < 10_000, "{written}");
        }
    }

    #[test]
    fn as_many_values_as_long_paths_and_as_deep_objects_as_there_may_be_have_columns() {
        let nested = |depth| (1..depth).fold(doc! {"a": 1}, |inner, _| doc! {"a": inner});
        for (document, expected) in [
            (members(MOST_VALUES), Some(MOST_VALUES)),
            (members(MOST_VALUES + 1), None),
            (doc! {"x".repeat(LONGEST_PATH): 1}, Some(1)),
            (doc! {"x".repeat(LONGEST_PATH + 1): 1}, None),
            (doc! {"a": {"x".repeat(LONGEST_PATH - 2): 1}}, Some(1)),
            (doc! {"a": {"x".repeat(LONGEST_PATH - 1): 1}}, None),
            (nested(DEEPEST), Some(1)),
            (nested(DEEPEST + 1), None),
        ] {
            assert_eq!(gathered(&document).0, expected);
        }
    }
}
