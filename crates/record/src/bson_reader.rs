//! Reads BSON element by element (format: <https://bsonspec.org/spec.html>, version 1.1), as far as it is
//! of the kinds that we write: whatever is not, or is damaged, is `None`, and is left to the `bson` crate.
//!
//! By hand because every row passes here once or twice: it looks at no text's characters, which the crate
//! does for every name and every string, each alone. Property tests of [`attributes`](crate::attributes)
//! and [`document`](crate::document) hold both against each other.

use crate::bson_writer::{LONG_INTEGER, kind};

/// An element's value. Texts are not looked at: they may be no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A floating-point number.
    Double(f64),
    /// A string.
    String(&'a [u8]),
    /// A whole document.
    Document(&'a [u8]),
    /// An array: a document whose names say nothing.
    Array(&'a [u8]),
    /// Bytes of the generic subtype.
    Binary(&'a [u8]),
    /// True or false.
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
    /// Null.
    Null,
    /// An integer of 32 or 64 bits.
    Integer(i64),
    /// A decimal number of 128 bits.
    Decimal([u8; 16]),
    /// Bytes of the subtype of integers that are longer, which should be their digits.
    LongInteger(&'a [u8]),
}

/// The elements of a document, each with its name. One that is `None` is the last.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

/// What stands behind the last element.
const END: &[u8] = &[0];

impl<'a> Elements<'a> {
    /// Those of a document; `None` when its length is not what it says.
    #[inline]
    pub fn of(document: &'a [u8]) -> Option<Self> {
        let (length, rest) = read_length(document)?;
        (length == document.len()).then_some(Self { rest })
    }

    #[inline]
    fn element(&mut self) -> Option<(&'a [u8], Value<'a>)> {
        let (name, value, rest) = member(self.rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Option<(&'a [u8], Value<'a>)>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest == END {
            return None;
        }
        let element = self.element();
        if element.is_none() {
            self.rest = END;
        }
        Some(element)
    }
}

/// The name and the value of a member, and what stands behind it.
#[inline]
pub(crate) fn member(bytes: &[u8]) -> Option<(&[u8], Value<'_>, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (name, rest) = rest.split_at_checked(end)?;
    let (value, rest) = read_value(*kind, rest.get(1..)?)?;
    Some((name, value, rest))
}

/// A value, and what stands behind it.
#[inline]
fn read_value(kind: u8, bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let eight = || bytes.split_first_chunk::<8>();
    Some(match kind {
        kind::STRING => {
            let (length, rest) = read_length(bytes)?;
            let (text, rest) = rest.split_at_checked(length)?;
            let (0, text) = text.split_last()? else {
                return None;
            };
            (Value::String(text), rest)
        }
        kind::INT32 => {
            let (number, rest) = bytes.split_first_chunk::<4>()?;
            (Value::Integer(i32::from_le_bytes(*number).into()), rest)
        }
        kind::INT64 => {
            let (number, rest) = eight()?;
            (Value::Integer(i64::from_le_bytes(*number)), rest)
        }
        kind::DOUBLE => {
            let (number, rest) = eight()?;
            (Value::Double(f64::from_le_bytes(*number)), rest)
        }
        kind::DATE => {
            let (millis, rest) = eight()?;
            (Value::Date(i64::from_le_bytes(*millis)), rest)
        }
        kind::DOCUMENT => {
            let (document, rest) = bytes.split_at_checked(read_length(bytes)?.0)?;
            (Value::Document(document), rest)
        }
        kind::ARRAY => {
            let (array, rest) = bytes.split_at_checked(read_length(bytes)?.0)?;
            (Value::Array(array), rest)
        }
        kind::BINARY => {
            let (length, rest) = read_length(bytes)?;
            let (subtype, rest) = rest.split_first()?;
            let (binary, rest) = rest.split_at_checked(length)?;
            match *subtype {
                0 => (Value::Binary(binary), rest),
                LONG_INTEGER => (Value::LongInteger(binary), rest),
                _ => return None,
            }
        }
        kind::BOOLEAN => match bytes.split_first()? {
            (truth @ (0 | 1), rest) => (Value::Boolean(*truth == 1), rest),
            _ => return None,
        },
        kind::NULL => (Value::Null, bytes),
        kind::DECIMAL128 => {
            let (number, rest) = bytes.split_first_chunk::<16>()?;
            (Value::Decimal(*number), rest)
        }
        _ => return None,
    })
}

/// A length in bytes, and what stands behind it.
#[inline]
pub(crate) fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
    Some((length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bson_writer::BsonWriter;

    fn document() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = BsonWriter::new(&mut bytes);
        let whole = writer.open();
        writer.binary("_id", 0, &[1, 2]);
        writer.date("time", -5);
        writer.string("text", "a\0é");
        writer.integer("small", -7);
        writer.integer("large", 1 << 40);
        writer.double("half", 0.5);
        writer.boolean("yes", true);
        writer.null("nothing");
        let list = writer.open_array("list");
        writer.integer("0", 1);
        writer.close(list);
        writer.close(whole);
        bytes
    }

    #[test]
    fn what_the_writer_writes_is_read() {
        let bytes = document();
        let elements: Option<Vec<_>> = Elements::of(&bytes).unwrap().collect();
        let elements = elements.unwrap();
        let (list, others) = elements.split_last().unwrap();
        let expected: [(&[u8], Value<'_>); 8] = [
            (b"_id", Value::Binary(&[1, 2])),
            (b"time", Value::Date(-5)),
            (b"text", Value::String("a\0é".as_bytes())),
            (b"small", Value::Integer(-7)),
            (b"large", Value::Integer(1 << 40)),
            (b"half", Value::Double(0.5)),
            (b"yes", Value::Boolean(true)),
            (b"nothing", Value::Null),
        ];
        assert_eq!(others, expected);
        let (b"list", Value::Array(list)) = list else {
            panic!("{list:?}");
        };
        let list: Vec<_> = Elements::of(list).unwrap().collect();
        assert_eq!(list, [Some((&b"0"[..], Value::Integer(1)))]);
    }

    #[test]
    fn a_document_that_is_cut_off_ends_with_none() {
        for length in 5..document().len() {
            let mut bytes = document();
            bytes.truncate(length);
            bytes[..4].copy_from_slice(&i32::try_from(length).unwrap().to_le_bytes());
            let last = Elements::of(&bytes).unwrap().last();
            let whole = bytes[length - 1] == 0 && last.is_none_or(|element| element.is_some());
            assert!(whole || last == Some(None), "{length}");
        }
        assert!(Elements::of(&document()[1..]).is_none());
        assert!(Elements::of(&[]).is_none());
    }
}
