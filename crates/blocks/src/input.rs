//! Bytes read piece by piece, and the numbers of variable length among them (LEB128, as protobuf has them).

use crate::damaged::Damaged;

/// Bytes of the longest number: ten times seven bits.
const LONGEST: usize = 10;

/// What is left of some bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Damaged::Length)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Damaged::Length)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Damaged> {
        let mut number = 0_u64;
        for place in 0..LONGEST {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * place;
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged::Impossible("a number of more than 64 bits"))
    }

    /// A number of things, of which there can be no more than `most`.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Damaged> {
        let count = usize::try_from(self.varint()?).ok();
        count
            .filter(|count| *count <= most)
            .ok_or(Damaged::Impossible("more than there can be"))
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn end(self) -> Result<(), Damaged> {
        match self.rest {
            [] => Ok(()),
            _ => Err(Damaged::Length),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are taken")]
pub(crate) fn write_varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A signed number as one that is small where it lies near zero.
pub(crate) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63).cast_unsigned()
}

pub(crate) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(number: u64, signed: i64) {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, number);
            let mut input = Input::new(&bytes);
            prop_assert_eq!(input.varint(), Ok(number));
            prop_assert_eq!(input.end(), Ok(()));
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }

        #[test]
        fn no_bytes_are_a_number_of_more_bits(bytes: Vec<u8>) {
            let mut input = Input::new(&bytes);
            if let Ok(number) = input.varint() {
                let mut again = Vec::new();
                write_varint(&mut again, number);
                prop_assert!(again.len() <= bytes.len() - input.rest().len());
            }
        }
    }
}
