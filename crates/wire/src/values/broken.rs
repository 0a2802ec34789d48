//! Values that break: which bodies go on as lines all the same, and what is said of the others.

use super::Reader;
use crate::error::{DecodeError, reason_of};
use crate::frame::value_end;
use record::fault::RecordFault;
use serde::de::IgnoredAny;

impl Reader<'_, '_> {
    /// Whether a body whose first value broke is read as lines: where it is JSON, only one that broke by
    /// the first byte of its second line, and has an object in a line of its own.
    pub(super) fn goes_on_as_lines(&self, line_end: usize, broke: usize) -> bool {
        if self.is_strict_json() {
            return false;
        }
        let later = self.text.get(line_end + 1..).unwrap_or_default();
        let mut lines = later.split('\n').map(str::trim_ascii);
        let is_object = |line: &str| line.starts_with('{') && value_end(line, 0) == Ok(line.len());
        !self.terms.is_json || (broke <= line_end + 1 && lines.any(is_object))
    }

    /// What is wrong with a line that is no JSON.
    pub(super) fn syntax_fault(&mut self, line: &str, start: usize) -> RecordFault {
        let error = serde_json::from_str::<IgnoredAny>(line).err();
        let before = self.text.as_bytes().get(..start).unwrap_or_default();
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        RecordFault::Syntax {
            reason: error.as_ref().map_or_else(String::new, reason_of),
            line: self.lines.number_of(start, self.text),
            column: start - line_start + error.map_or(1, |error| error.column()),
        }
    }

    /// What is wrong with the value that a body begins with.
    pub(super) fn syntax_error(&self) -> DecodeError {
        let mut values = serde_json::Deserializer::from_str(self.text).into_iter::<IgnoredAny>();
        let error = values.next().and_then(Result::err);
        DecodeError::Syntax {
            reason: error.as_ref().map_or_else(String::new, reason_of),
            line: error.as_ref().map_or(1, serde_json::Error::line),
            column: error.as_ref().map_or(1, serde_json::Error::column),
        }
    }
}
