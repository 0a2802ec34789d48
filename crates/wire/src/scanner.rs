//! Reads JSON token by token (format: RFC 8259), as far as it is plain: anything else is `None`, and is
//! left to `serde_json`, which alone says what is wrong with a text.
//!
//! By hand because every record passes here once: 0.36 µs a record with what is written of it, against
//! 0.45 µs by way of `serde_json`'s visitors. It takes nothing that `serde_json` would refuse; property
//! tests of [`single_pass`](super::single_pass) hold both against each other.

use record::json_text;
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

/// Digits that fit 64 bits whatever they are, if those are not signed.
const SAFE_DIGITS: usize = 19;

impl<'a> Scanner<'a> {
    /// A text from a place on.
    pub(super) fn at(text: &'a str, place: usize) -> Self {
        Self { text, place }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// What it has passed over from a place on.
    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.place)
    }

    /// Passes over a text if it stands here.
    #[inline]
    pub(super) fn pass(&mut self, text: &str) -> bool {
        let rest = self.text.as_bytes().get(self.place..).unwrap_or_default();
        let stands = rest.starts_with(text.as_bytes());
        if stands {
            self.place += text.len();
        }
        stands
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

    /// A string with something escaped in it, from behind its quote on; `first` is where that is seen.
    fn escaped(&mut self, start: usize, first: usize) -> Option<Cow<'a, str>> {
        let (mut stop, mut has_code) = (first, false);
        loop {
            match self.byte(stop)? {
                b'"' => break,
                b'\\' => {
                    has_code |= self.byte(stop + 1)? == b'u';
                    stop = self.stop(stop + 2)?;
                }
                _ => return None,
            }
        }
        self.place = stop + 1;
        if !has_code {
            let text = self.text.get(start..stop)?;
            return unescaped(text, first - start).map(Cow::Owned);
        }
        let quoted = self.text.get(start.checked_sub(1)?..self.place)?;
        serde_json::from_str(quoted).ok().map(Cow::Owned)
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
        if is_integer
            && digits <= SAFE_DIGITS
            && !(negative && is_zero)
            && let Ok(size) = i64::try_from(size)
        {
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

    /// An integer of 64 bits that stands here, as a number or its digits in a text; `None` also of one that has
    /// other digits than it should.
    #[inline]
    pub(super) fn integer(&mut self) -> Option<i64> {
        let is_quoted = self.pass("\"");
        let Number::Integer(number) = self.number()? else {
            return None;
        };
        (!is_quoted || self.pass("\"")).then_some(number)
    }

    /// One digit or more; the number that they stand for if they are few enough.
    fn digits(&mut self) -> Option<u64> {
        let (start, mut size) = (self.place, 0_u64);
        while let Some(digit @ b'0'..=b'9') = self.byte(self.place) {
            size = size.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
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

    #[inline]
    fn byte(&self, place: usize) -> Option<u8> {
        self.text.as_bytes().get(place).copied()
    }
}

/// A text without its escapes, the first of which stands at `stop`; `None` when one is none of the short
/// ones, or is cut off.
fn unescaped(text: &str, mut stop: usize) -> Option<String> {
    let (mut plain, mut start) = (String::with_capacity(text.len()), 0);
    while stop < text.len() {
        plain.push_str(text.get(start..stop)?);
        plain.push(match text.as_bytes().get(stop + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return None,
        });
        start = stop + 2;
        stop = start + json_text::first_special(text.as_bytes().get(start..)?);
    }
    plain.push_str(text.get(start..)?);
    Some(plain)
}

#[cfg(test)]
mod tests;
