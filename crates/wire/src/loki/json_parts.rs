//! The text of a push as JSON, gone through from place to place, and where the parts of a stream stand in it.

use super::Stop;
use crate::frame::{blanks_end, string_end, value_end};
use crate::scanner::Scanner;
use std::ops::Range;

/// Members that a stream may have, by far: a longer object is a record.
const MAX_PARTS: usize = 1_000;

/// A text that need not be JSON to its end.
pub(super) struct Walk<'t> {
    text: &'t str,
}

impl<'t> Walk<'t> {
    /// Through this one.
    pub(super) fn through(text: &'t str) -> Self {
        Self { text }
    }

    /// Reads what stands at a place token by token.
    pub(super) fn scanner(&self, place: usize) -> Scanner<'t> {
        Scanner::at(self.text, place)
    }

    /// The place of the next byte that is no blank.
    pub(super) fn start(&self, place: usize) -> usize {
        blanks_end(self.text.as_bytes(), place)
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    pub(super) fn byte(&self, place: usize) -> Option<u8> {
        self.text.as_bytes().get(place).copied()
    }

    pub(super) fn value_end(&self, start: usize) -> Result<usize, Stop> {
        value_end(self.text, start).map_err(Stop::Broke)
    }

    /// The place of the next piece of what is open, if one is there; else that of its end. The place that is
    /// given is right behind a bracket that opens, or behind a piece, which a comma must follow.
    pub(super) fn next(&self, place: usize, close: u8) -> Result<(usize, bool), Stop> {
        let bytes = self.text.as_bytes();
        let before = place.checked_sub(1).and_then(|before| bytes.get(before));
        let is_first = matches!(before, Some(b'[' | b'{'));
        let place = blanks_end(bytes, place);
        match bytes.get(place) {
            Some(byte) if *byte == close => Ok((place, false)),
            Some(b',') if !is_first => match blanks_end(bytes, place + 1) {
                piece if bytes.get(piece).is_none_or(|byte| *byte == close) => {
                    Err(Stop::Broke(piece))
                }
                piece => Ok((piece, true)),
            },
            Some(_) if is_first => Ok((place, true)),
            _ => Err(Stop::Broke(place)),
        }
    }

    /// The name of the member at a place, and where its value begins.
    pub(super) fn name(&self, place: usize) -> Result<(Range<usize>, usize), Stop> {
        let bytes = self.text.as_bytes();
        if bytes.get(place) != Some(&b'"') {
            return Err(Stop::Broke(place));
        }
        let end = string_end(bytes, place).map_err(Stop::Broke)?;
        let colon = blanks_end(bytes, end);
        match bytes.get(colon) {
            Some(b':') => Ok((place..end, blanks_end(bytes, colon + 1))),
            _ => Err(Stop::Broke(colon)),
        }
    }

    /// Where the labels of a usual stream stand, and where its lines begin.
    pub(super) fn usual_parts(&self, start: usize) -> Option<(Range<usize>, usize)> {
        let member = |place, name, open| {
            let (piece, _) = self.next(place, b'}').ok()?;
            let (quoted, value) = self.name(piece).ok()?;
            let is_it = self.slice(quoted) == name && self.byte(value) == Some(open);
            is_it.then_some(value)
        };
        let labels = member(start + 1, "\"stream\"", b'{')?;
        let end = self.value_end(labels).ok()?;
        let values = member(end, "\"values\"", b'[')?;
        Some((labels..end, values))
    }
}

/// The parts of a stream.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) labels: Option<Range<usize>>,
    /// Arrays of lines, and whether each is whole.
    pub(super) values: Vec<(Range<usize>, bool)>,
    /// Members that no stream has.
    pub(super) others: Vec<(Range<usize>, Range<usize>)>,
    pub(super) has_values: bool,
}

impl Parts {
    pub(super) fn are_too_many(&self) -> bool {
        self.values.len() + self.others.len() > MAX_PARTS
    }

    /// Reads the object at a place, as far as it goes; the place behind it.
    pub(super) fn read(&mut self, walk: &Walk<'_>, start: usize) -> Result<usize, Stop> {
        let mut place = start + 1;
        loop {
            let (piece, is_member) = walk.next(place, b'}')?;
            if !is_member {
                return Ok(piece + 1);
            }
            let (name, value) = walk.name(piece)?;
            let end = walk.value_end(value);
            if self.are_too_many() {
                place = end?;
                continue;
            }
            let quoted = walk.slice(name.clone());
            match (quoted, walk.byte(value)) {
                ("\"values\"" | "\"entries\"", Some(b'[')) => {
                    self.has_values = true;
                    let stop = end.as_ref().map_or(walk.len(), |end| *end);
                    self.values.push((value..stop, end.is_ok()));
                }
                // How Go writes no lines.
                ("\"values\"" | "\"entries\"", Some(b'n')) => self.has_values = true,
                ("\"stream\"", Some(b'{')) | ("\"labels\"", Some(b'"'))
                    if self.labels.is_none() =>
                {
                    self.labels = end.as_ref().ok().map(|end| value..*end);
                }
                _ => self
                    .others
                    .extend(end.as_ref().ok().map(|end| (name, value..*end))),
            }
            place = end?;
        }
    }
}
