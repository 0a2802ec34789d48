//! Protobuf messages, field by field, borrowed from the body
//! (format: <https://protobuf.dev/programming-guides/encoding/>).
//!
//! By hand and not by way of generated messages: those would make an owned tree of several times the
//! body's size before the first record is known. What a message means is for its reader to say; a field
//! that it does not know, or that has another type than it should, is passed over as the format wants it.

use crate::error::DecodeError;
use crate::unusual::Unusual;
use record::notice::Notice;
use std::borrow::Cow;

/// The value of a field, by the form that it is encoded in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    /// A text, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It ends before its last field does.
    CutOff,
    /// A number of more than 64 bits.
    LongNumber,
    /// A field whose number or type there cannot be.
    NoField,
}

impl From<Malformed> for DecodeError {
    fn from(malformed: Malformed) -> Self {
        Self::Protobuf {
            reason: match malformed {
                Malformed::CutOff => "a message ends in the middle of a field",
                Malformed::LongNumber => "a number has more than 64 bits",
                Malformed::NoField => "a field has a number or a type that there cannot be",
            },
        }
    }
}

/// The longest varint, in bytes.
const MAX_VARINT_BYTES: u32 = 10;

/// The fields of a message, in the order sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

/// Those of this message.
pub(super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

impl<'a> Fields<'a> {
    /// The next field's number and value; `None` behind the last one.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Malformed> {
        while !self.rest.is_empty() {
            let (number, kind) = self.tag()?;
            let value = match kind {
                0 => Value::Varint(self.varint()?),
                1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
                2 => Value::Bytes(self.bytes()?),
                3 => {
                    self.pass_group()?;
                    continue;
                }
                5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
                _ => return Err(Malformed::NoField),
            };
            return Ok(Some((number, value)));
        }
        Ok(None)
    }

    /// One field after another, for readers that keep what stands before a place that breaks: that place is told
    /// in bytes, and nothing comes behind it.
    pub(super) fn each(mut self) -> impl Iterator<Item = Result<(u32, Value<'a>), usize>> {
        let (length, mut ended) = (self.rest.len(), false);
        std::iter::from_fn(move || {
            let place = length - self.rest.len();
            let field = match ended {
                true => None,
                false => self.next().map_err(|_| place).transpose(),
            };
            ended = !matches!(field, Some(Ok(_)));
            field
        })
    }

    /// The next message, text or bytes under a number; all other fields are passed over.
    #[inline]
    pub(super) fn next_bytes(&mut self, number: u32) -> Result<Option<&'a [u8]>, Malformed> {
        if let Some(bytes) = self.short_bytes(number) {
            return Ok(Some(bytes));
        }
        self.later_bytes(number)
    }

    fn later_bytes(&mut self, number: u32) -> Result<Option<&'a [u8]>, Malformed> {
        while let Some((found, value)) = self.next()? {
            if let Value::Bytes(bytes) = value
                && found == number
            {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The message, text or bytes under a number that is next, if it is a short one, as most are.
    #[inline]
    pub(super) fn short_bytes(&mut self, number: u32) -> Option<&'a [u8]> {
        if let [tag @ 8..0x80, length @ 0..0x80, rest @ ..] = self.rest
            && u32::from(*tag) == number << 3 | 2
            && let Some((taken, rest)) = rest.split_at_checked(usize::from(*length))
        {
            self.rest = rest;
            return Some(taken);
        }
        None
    }

    #[inline]
    fn tag(&mut self) -> Result<(u32, u8), Malformed> {
        // What nearly all are.
        if let [tag @ 8..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok((u32::from(tag >> 3), tag & 7));
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed::NoField)?;
        match number {
            0 => Err(Malformed::NoField),
            number => Ok((number, tag.to_le_bytes()[0] & 7)),
        }
    }

    /// Groups are a form of old that none of our messages has; they may be nested.
    fn pass_group(&mut self) -> Result<(), Malformed> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.tag()?.1 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                2 => drop(self.bytes()?),
                3 => depth += 1,
                4 => depth -= 1,
                5 => drop(self.take(4)?),
                _ => return Err(Malformed::NoField),
            }
        }
        Ok(())
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed::CutOff)?;
        self.rest = rest;
        if *first < 0x80 {
            return Ok(u64::from(*first));
        }
        self.long_varint(*first)
    }

    fn long_varint(&mut self, first: u8) -> Result<u64, Malformed> {
        let mut number = u64::from(first & 0x7f);
        for place in 1..MAX_VARINT_BYTES {
            let (byte, rest) = self.rest.split_first().ok_or(Malformed::CutOff)?;
            self.rest = rest;
            // Bits beyond 64 are dropped, as every reader drops them.
            number |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed::LongNumber)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed::CutOff)?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        if let [length @ 0..0x80, rest @ ..] = self.rest
            && let Some((taken, rest)) = rest.split_at_checked(usize::from(*length))
        {
            self.rest = rest;
            return Ok(taken);
        }
        let length = self.varint()?;
        self.take(length)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::CutOff)?;
        let split = self.rest.split_at_checked(length);
        let (taken, rest) = split.ok_or(Malformed::CutOff)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A text, which should be UTF-8; what is not becomes U+FFFD.
#[inline]
pub(super) fn text<'a>(bytes: &'a [u8], unusual: &mut Unusual) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    unusual.tell(Notice::NotUtf8);
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(message: &[u8]) -> Result<Vec<(u32, Value<'_>)>, Malformed> {
        let (mut fields, mut all) = (fields(message), Vec::new());
        while let Some(field) = fields.next()? {
            all.push(field);
        }
        Ok(all)
    }

    #[test]
    fn each_form_of_a_field_is_read_and_groups_are_passed_over() {
        let message = [
            &[0x08, 0x96, 0x01][..],
            &[0x11, 1, 0, 0, 0, 0, 0, 0, 0x80],
            // A group with a text and another group in it.
            &[0x1b, 0x12, 1, b'x', 0x23, 0x08, 1, 0x24, 0x1c],
            &[0xa2, 0x01, 2, b'a', b'b'],
            &[0x2d, 4, 3, 2, 1],
            &[0x08],
            &[0xff; 9],
            &[0x01],
        ];
        let expected = vec![
            (1, Value::Varint(150)),
            (2, Value::Fixed64(0x8000_0000_0000_0001)),
            (20, Value::Bytes(b"ab")),
            (5, Value::Fixed32(0x0102_0304)),
            (1, Value::Varint(u64::MAX)),
        ];
        assert_eq!(all(&message.concat()), Ok(expected));
    }

    #[test]
    fn what_stands_before_a_place_that_breaks_can_be_kept() {
        for broken in [&b"\x12\x07test"[..], b"\x08", b"\x0c", b"\x02\0"] {
            let message = [b"\x08\x01", broken].concat();
            let found: Vec<_> = fields(&message).each().collect();
            assert_eq!(found, [Ok((1, Value::Varint(1))), Err(2)], "{broken:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for (message, expected) in [
            (&[0x0a, 5, 1][..], Malformed::CutOff),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], Malformed::CutOff),
            (&[0x08], Malformed::CutOff),
            (&[0x09, 1, 2], Malformed::CutOff),
            (&[0x1b, 0x08, 1], Malformed::CutOff),
            (&[0x00, 1], Malformed::NoField),
            (&[0x0c], Malformed::NoField),
            (&[0x0f], Malformed::NoField),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                Malformed::LongNumber,
            ),
        ] {
            assert_eq!(all(message), Err(expected), "{message:?}");
        }
    }
}
