//! The structure of attributes: names and nesting without the values, as bytes that are equal where it is; and
//! the values beside it.

use crate::leaf::Leaf;
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

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gathered<'a> {
    Integer(i64),
    Text(&'a str),
    /// Where its JSON text stands among those of all values.
    Json(Range<usize>),
}

impl<'a> Gathered<'a> {
    /// As columns hold it; `json` is that of all values.
    #[inline]
    pub(crate) fn leaf(&self, json: &'a str) -> Leaf<'a> {
        match self {
            Self::Integer(number) => Leaf::Integer(*number),
            Self::Text(text) => Leaf::Text(text),
            Self::Json(range) => Leaf::Json(json.get(range.clone()).unwrap_or_default()),
        }
    }
}

/// The values of a BSON document in their order, whose structure replaces `structure`, and the JSON text of those
/// that need one `json`. `None` where any of it is no value of ours, is damaged, or is more than columns take: then
/// it is only known as a whole.
pub(crate) fn of_document<'a>(
    document: &'a [u8],
    structure: &mut Vec<u8>,
    json: &mut Vec<u8>,
) -> Option<Vec<Gathered<'a>>> {
    structure.clear();
    json.clear();
    let mut walk = Walk {
        structure,
        json,
        values: Vec::new(),
    };
    walk.members(document, 0, DEEPEST)?;
    Some(walk.values)
}

struct Walk<'a, 'b> {
    structure: &'b mut Vec<u8>,
    json: &'b mut Vec<u8>,
    values: Vec<Gathered<'a>>,
}

impl<'a> Walk<'a, '_> {
    /// `above` are the bytes of a path that stand before a member's name.
    fn members(&mut self, document: &'a [u8], above: usize, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        for element in Elements::of(document)? {
            let (name, value) = element?;
            let path = above + name.len();
            if path > LONGEST_PATH || self.values.len() >= MOST_VALUES {
                return None;
            }
            let inner = inner(value);
            let kind = if inner.is_some() { OPEN } else { VALUE };
            self.structure.push(kind);
            self.structure.extend_from_slice(name);
            self.structure.push(0);
            if let Some(inner) = inner {
                self.members(inner, path + 1, depth)?;
                self.structure.push(CLOSE);
            } else {
                let value = self.value(value)?;
                self.values.push(value);
            }
        }
        Some(())
    }

    fn value(&mut self, value: Value<'a>) -> Option<Gathered<'a>> {
        Some(match value {
            Value::Integer(number) => Gathered::Integer(number),
            Value::String(text) => Gathered::Text(std::str::from_utf8(text).ok()?),
            // Only some values have a form as JSON text, which only writing it shows.
            _ => {
                let start = self.json.len();
                write_value_json(value, self.json)?;
                Gathered::Json(start..self.json.len())
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
        let (mut structure, mut json) = (Vec::new(), Vec::new());
        let values = of_document(&bytes, &mut structure, &mut json);
        let written = structure.capacity() + json.capacity();
        (values.map(|values| values.len()), written)
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
