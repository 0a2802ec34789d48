//! The fields of a protobuf message as they stand
//! (format: <https://protobuf.dev/programming-guides/encoding>), borrowed from its bytes.

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValue<'a> {
    /// A number of variable length.
    Varint(u64),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
    /// A number of fixed length, which no field of a push is.
    Fixed,
}

/// The message breaks: from this byte of it on, nothing can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken(pub(super) usize);

/// The fields of a message, in the order in which they stand; nothing comes behind one that breaks.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    message: &'a [u8],
    place: usize,
}

/// Those of a message's bytes.
pub(super) fn fields_in(message: &[u8]) -> Fields<'_> {
    Fields { message, place: 0 }
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.message.get(self.place)?;
            self.place += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self, length: u64) -> Option<&'a [u8]> {
        let end = self.place.checked_add(usize::try_from(length).ok()?)?;
        let bytes = self.message.get(self.place..end)?;
        self.place = end;
        Some(bytes)
    }

    fn field(&mut self) -> Option<(u64, FieldValue<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => FieldValue::Varint(self.varint()?),
            1 => self.bytes(8).map(|_| FieldValue::Fixed)?,
            2 => {
                let length = self.varint()?;
                FieldValue::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| FieldValue::Fixed)?,
            _ => return None,
        };
        // No field has the number 0.
        (tag >> 3 > 0).then_some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, FieldValue<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.place;
        if start >= self.message.len() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.place = self.message.len();
        }
        Some(field.ok_or(Broken(start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_stand_and_nothing_behind_one_that_breaks() {
        let message = b"\x08\x96\x01\x12\x07testing\x19\0\0\0\0\0\0\0\0\x25\0\0\0\0";
        let fields: Vec<_> = fields_in(message).collect();
        let expected = [
            Ok((1, FieldValue::Varint(150))),
            Ok((2, FieldValue::Bytes(b"testing"))),
            Ok((3, FieldValue::Fixed)),
            Ok((4, FieldValue::Fixed)),
        ];
        assert_eq!(fields, expected);
        for broken in [
            &b"\x12\x07test"[..],
            b"\x08",
            b"\x0b",
            b"\x02\0",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            let message = [b"\x08\x01", broken].concat();
            let fields: Vec<_> = fields_in(&message).collect();
            let expected = [Ok((1, FieldValue::Varint(1))), Err(Broken(2))];
            assert_eq!(fields, expected, "{broken:?}");
        }
    }
}
