//! Many whole numbers, in as few bytes each as the widest of them needs.
//!
//! ```text
//! least (varint) ‖ unit (varint) ‖ width (1 byte, 0 to 8) ‖ width planes of a byte for each number
//! ```
//!
//! A number is `least + unit × offset`; the first plane holds the lowest byte of each offset. Planes, since the high
//! bytes are nearly all alike and pack to nothing when they lie together. The unit is the greatest common divisor
//! of what the numbers differ by: times of whole milliseconds take no bytes for their nanoseconds.

use crate::damaged::Damaged;
use crate::input::{Input, write_varint};

const WIDEST: u8 = 8;

/// Appends the numbers.
pub(crate) fn write(out: &mut Vec<u8>, numbers: &[u64]) {
    let least = numbers.iter().copied().min().unwrap_or(0);
    let most = numbers.iter().copied().max().unwrap_or(0) - least;
    let unit = unit(numbers, least);
    let width = (u64::BITS - (most / unit).leading_zeros()).div_ceil(8);
    write_varint(out, least);
    write_varint(out, unit);
    out.push(u8::try_from(width).unwrap_or(WIDEST));
    out.reserve(numbers.len() * width as usize);
    let offsets: Vec<u64> = match unit {
        // No division.
        1 => numbers.iter().map(|number| number - least).collect(),
        _ => numbers
            .iter()
            .map(|number| (number - least) / unit)
            .collect(),
    };
    for plane in 0..width {
        out.extend(offsets.iter().map(|offset| {
            let [byte, ..] = (offset >> (8 * plane)).to_le_bytes();
            byte
        }));
    }
}

/// The greatest common divisor of what lies above the least, at least 1.
fn unit(numbers: &[u64], least: u64) -> u64 {
    let mut unit = 0;
    for number in numbers {
        unit = greatest_common_divisor(number - least, unit);
        if unit == 1 {
            break;
        }
    }
    unit.max(1)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A number of a width of its own.
pub(crate) trait Number: Copy + TryFrom<u64> {
    /// What is left of a number in this width.
    fn truncated(number: u64) -> Self;
}

macro_rules! numbers {
    ($($width:ty),*) => {$(
        impl Number for $width {
            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "that is what is asked for")]
            fn truncated(number: u64) -> Self {
                number as Self
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, usize);

/// Reads as many numbers.
pub(crate) fn read<T: Number>(input: &mut Input<'_>, count: usize) -> Result<Vec<T>, Damaged> {
    let (least, unit) = (input.varint()?, input.varint()?);
    let width = input.byte()?;
    if width > WIDEST {
        return Err(Damaged::Impossible("a number of more than eight bytes"));
    }
    let number = |offset: u64| T::truncated(least.wrapping_add(offset.wrapping_mul(unit)));
    // Where the greatest fits, all do.
    let check = |greatest: u64| {
        let most = greatest.checked_mul(unit);
        let most = most.and_then(|most| most.checked_add(least));
        let fits = most.is_some_and(|most| T::try_from(most).is_ok());
        let too_large = Damaged::Impossible("a number that is too large");
        fits.then_some(()).ok_or(too_large)
    };
    let greatest = |plane: &[u8]| plane.iter().copied().max().unwrap_or_default().into();
    match width {
        0 => {
            check(0)?;
            Ok(vec![number(0); count])
        }
        // Most are as narrow as this, and each of them is made at once.
        1 => {
            let plane = input.take(count)?;
            check(greatest(plane))?;
            Ok(plane.iter().map(|byte| number((*byte).into())).collect())
        }
        _ => {
            let mut offsets = vec![0_u64; count];
            for plane in 0..width {
                let bytes = input.take(count)?;
                for (offset, byte) in offsets.iter_mut().zip(bytes) {
                    *offset |= u64::from(*byte) << (8 * plane);
                }
            }
            check(offsets.iter().copied().max().unwrap_or_default())?;
            Ok(offsets.into_iter().map(number).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(numbers: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, numbers);
        out
    }

    #[test]
    fn numbers_that_differ_by_little_or_by_a_unit_take_little() {
        for (numbers, bytes) in [
            (&[][..], 3),
            (&[7; 100], 3),
            (&[1_000_000, 3_000_000, 2_000_000], 3 + 3 + 1 + 3),
            (&[u64::MAX, u64::MAX - 200], 10 + 2 + 1 + 2),
            (&[0, u64::MAX], 1 + 10 + 1 + 2),
            (&[0, 1, u64::MAX], 3 + 3 * 8),
        ] {
            assert_eq!(written(numbers).len(), bytes, "{numbers:?}");
        }
    }

    #[test]
    fn what_is_wider_than_asked_for_is_no_number() {
        let bytes = written(&[1, 256]);
        assert!(read::<u16>(&mut Input::new(&bytes), 2).is_ok());
        assert!(read::<u8>(&mut Input::new(&bytes), 2).is_err());
        // 255 × 2⁶³.
        let bytes = [&[0][..], &[0x80; 9], &[1, 1, 255]].concat();
        assert!(read::<u64>(&mut Input::new(&bytes), 1).is_err());
        assert_eq!(
            read::<u8>(&mut Input::new(&[0, 1, 9]), 0),
            Err(Damaged::Impossible("a number of more than eight bytes"))
        );
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            numbers in prop::collection::vec(any::<u64>(), 0..50), shift in 0_u32..64, unit in 1_u64..1_000_000
        ) {
            let numbers: Vec<u64> = numbers.into_iter().map(|number| (number >> shift).saturating_mul(unit)).collect();
            let bytes = written(&numbers);
            let mut input = Input::new(&bytes);
            prop_assert_eq!(read::<u64>(&mut input, numbers.len()), Ok(numbers));
            prop_assert_eq!(input.end(), Ok(()));
        }
    }
}
