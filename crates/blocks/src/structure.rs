//! The structure of attributes: names and nesting without the values, as bytes that are equal where it is.

use record::attributes::write_value_json;
use record::bson_reader::{Elements, Value};

/// Brackets in brackets beyond which attributes are kept whole.
const DEEPEST: usize = 40;

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

/// Replaces `structure` by that of a BSON document. `None` where any of it is no value of ours, or is damaged: then
/// it is only known as a whole.
pub(crate) fn of_document(document: &[u8], structure: &mut Vec<u8>) -> Option<()> {
    structure.clear();
    members(document, structure, DEEPEST)
}

fn members(document: &[u8], structure: &mut Vec<u8>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    for element in Elements::of(document)? {
        let (name, value) = element?;
        let inner = inner(value);
        structure.push(if inner.is_some() { OPEN } else { VALUE });
        structure.extend_from_slice(name);
        structure.push(0);
        match (inner, value) {
            (Some(inner), _) => {
                members(inner, structure, depth)?;
                structure.push(CLOSE);
            }
            (None, Value::String(text)) => drop(std::str::from_utf8(text).ok()?),
            // Only some values have a form as JSON text, which only writing it shows.
            (None, Value::Array(_)) => write_value_json(value, &mut Vec::new())?,
            (None, Value::Binary(_) | Value::Date(_)) => return None,
            (None, _) => {}
        }
    }
    Some(())
}

/// An object that has members.
pub(crate) fn inner(value: Value<'_>) -> Option<&[u8]> {
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
