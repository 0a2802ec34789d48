//! Reads JSON token by token (format: RFC 8259), as far as it is plain: anything else is `None`, and is
//! left to `serde_json`, which alone says what is wrong with a text.
//!
//! By hand because every record passes here once: 0.36 µs a record with what is written of it, against
//! 0.45 µs by way of `serde_json`'s visitors. It takes nothing that `serde_json` would refuse; property
//! tests of [`single_pass`](super::single_pass) hold both against each other.

use super::value::Text;
use crate::json_text;
use std::borrow::Cow;

/// A text and a place in it.
pub(super) struct Scanner<'a> {
    text: &'a str,
    place: usize,
}

/// A number, told apart as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// An integer of 64 bits.
    Integer(i64),
    /// With a point or an exponent, or the negative zero.
    Double(f64),
}

/// Digits that fit 64 bits whatever they are.
const SAFE_DIGITS: usize = 18;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, place: 0 }
    }

    /// Passes over blanks and gives the first byte of the next token, which stays.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            let byte = self.byte(self.place)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.place += 1;
        }
    }

    /// Takes a token of one byte.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> Option<()> {
        if self.next()? != byte {
            return None;
        }
        self.place += 1;
        Some(())
    }

    /// Opens an object or an array; whether anything is in it. An empty one is closed at once.
    #[inline]
    pub(super) fn open(&mut self, open: u8, close: u8) -> Option<bool> {
        self.take(open)?;
        let empty = self.next()? == close;
        self.place += usize::from(empty);
        Some(!empty)
    }

    /// Behind a member or an element: whether another one follows, or its object or array is closed.
    #[inline]
    pub(super) fn more(&mut self, close: u8) -> Option<bool> {
        let byte = self.next()?;
        if byte != b',' && byte != close {
            return None;
        }
        self.place += 1;
        Some(byte == b',')
    }

    /// A member's name and its colon.
    #[inline]
    pub(super) fn name(&mut self) -> Option<Cow<'a, str>> {
        let name = self.string()?;
        self.take(b':')?;
        Some(name)
    }

    /// A string, borrowed where nothing is escaped.
    #[inline]
    pub(super) fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take(b'"')?;
        let start = self.place;
        let stop = self.stop(start)?;
        if self.byte(stop)? == b'"' {
            self.place = stop + 1;
            return self.text.get(start..stop).map(Cow::Borrowed);
        }
        self.escaped(start, stop)
    }

    /// A string with something escaped in it, from its quote on; `stop` is where that is seen.
    fn escaped(&mut self, start: usize, mut stop: usize) -> Option<Cow<'a, str>> {
        loop {
            match self.byte(stop)? {
                b'"' => break,
                b'\\' => stop = self.stop(stop + 2)?,
                _ => return None,
            }
        }
        self.place = stop + 1;
        let quoted = self.text.get(start.checked_sub(1)?..self.place)?;
        let Text(text) = serde_json::from_str(quoted).ok()?;
        Some(text)
    }

    /// The next quote, backslash or control character.
    #[inline]
    fn stop(&self, place: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(place..)?;
        Some(place + json_text::first_special(rest))
    }

    /// A number that stands here, where [`next`](Self::next) has led; no integer beyond 64 bits, whose
    /// digits are kept.
    pub(super) fn number(&mut self) -> Option<Number> {
        let start = self.place;
        let negative = self.byte(start)? == b'-';
        self.place += usize::from(negative);
        let first = self.place;
        let size = self.digits()?;
        let digits = self.place - first;
        let is_zero = self.byte(first)? == b'0';
        if is_zero && digits > 1 {
            return None;
        }
        let is_integer = !matches!(self.byte(self.place), Some(b'.' | b'e' | b'E'));
        if is_integer && digits <= SAFE_DIGITS && !(negative && is_zero) {
            return Some(Number::Integer(if negative { -size } else { size }));
        }
        if !is_integer {
            self.fraction()?;
        }
        let text = self.text.get(start..self.place)?;
        if is_integer && !is_zero {
            return text.parse().ok().map(Number::Integer);
        }
        let number: f64 = text.parse().ok()?;
        number.is_finite().then_some(Number::Double(number))
    }

    /// One digit or more; the number that they stand for if they are few enough.
    fn digits(&mut self) -> Option<i64> {
        let (start, mut size) = (self.place, 0_i64);
        while let Some(digit @ b'0'..=b'9') = self.byte(self.place) {
            size = size.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.place += 1;
        }
        (self.place > start).then_some(size)
    }

    /// What may stand behind the whole part of a number.
    fn fraction(&mut self) -> Option<()> {
        if self.byte(self.place) == Some(b'.') {
            self.place += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte(self.place) {
            self.place += 1;
            self.place += usize::from(matches!(self.byte(self.place), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// A word that stands here, where [`next`](Self::next) has led: `true`, `false` or `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.get(self.place..)?;
        rest.starts_with(word).then(|| self.place += word.len())
    }

    /// Nothing but blanks is left.
    pub(super) fn end(&mut self) -> Option<()> {
        self.next().is_none().then_some(())
    }

    #[inline]
    fn byte(&self, place: usize) -> Option<u8> {
        self.text.as_bytes().get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Option<Number> {
        let mut scanner = Scanner::new(text);
        let number = scanner.number()?;
        scanner.end().map(|()| number)
    }

    #[test]
    fn a_number_is_told_apart_as_it_is_stored() {
        for (text, expected) in [
            ("0", Number::Integer(0)),
            ("-7", Number::Integer(-7)),
            ("9223372036854775807", Number::Integer(i64::MAX)),
            ("-9223372036854775808", Number::Integer(i64::MIN)),
            ("-0", Number::Double(-0.0)),
            ("1.0", Number::Double(1.0)),
            ("1e2", Number::Double(100.0)),
            ("-0.5E-1", Number::Double(-0.05)),
        ] {
            assert_eq!(number(text), Some(expected), "{text}");
        }
        for wrong in [
            "9223372036854775808",
            "18446744073709551616",
            "",
            "-",
            "01",
            "-01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "1x",
            "1e999",
        ] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_string_ends_where_serde_json_ends_it(
            parts in prop::collection::vec(prop::sample::select(vec![
                "abcdefg", "a", "é", "\"", "\\", "\\\"", "\\\\", "\\n", "\\/", "\\x", "\\u0041", "\\u00",
                "\\ud83d", "\\ude00", "\\ud83d\\ude00", "\n", "\t", "\u{0}", "\u{1f}", "\u{7f}",
            ]), 0..12)
        ) {
            let text = parts.concat();
            let quoted = format!("\"{text}");
            let mut scanner = Scanner::new(&quoted);
            let ours = scanner.string().map(|text| (text.into_owned(), scanner.place));
            let mut theirs = serde_json::Deserializer::from_str(&quoted).into_iter::<String>();
            let read = theirs.next().and_then(Result::ok);
            prop_assert_eq!(ours, read.map(|text| (text, theirs.byte_offset())));
        }

        #[test]
        fn a_number_is_one_for_serde_json_too(text in "[-+.eE019]{0,8}") {
            let theirs = serde_json::from_str::<f64>(&text).ok();
            let ours = number(&text).map(|number| match number {
                Number::Integer(number) => number.to_string().parse().unwrap(),
                Number::Double(number) => number,
            });
            prop_assert_eq!(ours.map(f64::to_bits), theirs.map(f64::to_bits));
        }
    }
}
