//! Lines: where they end, and which of them are values.

use super::Reader;
use crate::error::DecodeError;
use crate::frame::{blanks_end, value_end};
use crate::raw::elements_in;

impl Reader<'_, '_> {
    /// Whether the value that ends at a place is the whole body.
    pub(super) fn is_whole(&self, stop: usize) -> bool {
        self.is_first && blanks_end(self.text.as_bytes(), stop) == self.text.len()
    }

    /// Whether what begins at a place is text although it may be an array: one that ends in its line and
    /// has no object in it, in a body that is text.
    pub(super) fn is_text(&self, start: usize, end: usize) -> bool {
        if !self.terms.is_plain || self.text.as_bytes().get(start) != Some(&b'[') {
            return false;
        }
        // Not to the line's end first: of many arrays in one line, each would look for it again.
        let Ok(stop) = value_end(self.text.get(..end).unwrap_or_default(), start) else {
            return false;
        };
        let array = self.text.get(start..stop).unwrap_or_default();
        if array.contains('\n') {
            return false;
        }
        !self.is_whole(stop) && !elements_in(array).any(|(_, element)| element.starts_with('{'))
    }

    /// Where a message begins that stands at `start`: with its line, unless something stands before it.
    pub(super) fn message_start(&self, from: usize, start: usize, is_behind: bool) -> usize {
        let before = self.text.as_bytes().get(from..start).unwrap_or_default();
        match memchr::memrchr(b'\n', before) {
            Some(line_end) => from + line_end + 1,
            None if is_behind => start,
            None => from,
        }
    }

    pub(super) fn line_end(&self, start: usize, end: usize) -> usize {
        let rest = self.text.as_bytes().get(start..end).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(end, |length| start + length)
    }

    /// A line that begins with no object and no array: a value, or a message.
    pub(super) fn line(
        &mut self,
        message: usize,
        start: usize,
        stop: usize,
    ) -> Result<(), DecodeError> {
        let line = self.text.get(start..stop).unwrap_or_default();
        let value = line.trim_end_matches([' ', '\t', '\r']);
        let is_value = value_end(value, 0) == Ok(value.len());
        match is_value && (self.is_whole(stop) || !self.terms.is_plain) {
            true => self.element(start..start + value.len(), self.given),
            false => self.message(message..stop),
        }
    }
}
