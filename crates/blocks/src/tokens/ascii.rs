//! The [words](query::words()) of a text of ASCII, eight bytes at a time.

use std::ops::Range;

const LANES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * LANES;
/// Times this, the lowest bit of each byte goes to a bit of its own of the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;
const CHUNK: usize = u64::BITS as usize;

/// Calls `each` with where every word stands, in their order.
#[inline]
pub(super) fn each_word(text: &[u8], mut each: impl FnMut(Range<usize>)) {
    let (mut start, mut carried) = (None, 0);
    for (number, chunk) in text.chunks(CHUNK).enumerate() {
        let mask = of_words(chunk);
        // Where a word begins or ends.
        let mut edges = mask ^ (mask << 1 | carried);
        carried = mask >> (CHUNK - 1);
        while edges != 0 {
            let place = number * CHUNK + edges.trailing_zeros() as usize;
            edges &= edges - 1;
            start = match start {
                None => Some(place),
                Some(start) => {
                    each(start..place);
                    None
                }
            };
        }
    }
    if let Some(start) = start {
        each(start..text.len());
    }
}

/// A bit for each byte that is of a word.
#[inline]
fn of_words(chunk: &[u8]) -> u64 {
    let (eights, rest) = chunk.as_chunks::<8>();
    let mut mask = 0;
    for (place, eight) in eights.iter().enumerate() {
        mask |= of_word(u64::from_le_bytes(*eight)) << (8 * place);
    }
    if !rest.is_empty() {
        let bytes = rest.iter().rev();
        let last = bytes.fold(0, |last, byte| last << 8 | u64::from(*byte));
        mask |= of_word(last) << (8 * eights.len());
    }
    mask
}

/// The same of eight bytes, none of which is above 0x7f.
#[inline]
fn of_word(bytes: u64) -> u64 {
    let at_least = |bytes: u64, least: u8| bytes + LANES * u64::from(0x80 - least);
    let digits = at_least(bytes, b'0') & !at_least(bytes, b'9' + 1);
    let small = bytes | (LANES * 0x20);
    let letters = at_least(small, b'a') & !at_least(small, b'z' + 1);
    let low_lines = !((bytes ^ (LANES * u64::from(b'_'))) + LANES * 0x7f);
    let highest = (digits | letters | low_lines) & HIGH;
    (highest >> 7).wrapping_mul(GATHER) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&[u8]> {
        let mut found = Vec::new();
        each_word(text.as_bytes(), |word| found.push(&text.as_bytes()[word]));
        found
    }

    #[test]
    fn each_character_is_of_words_or_is_not() {
        for character in '\0'..='\x7f' {
            for place in 0..9 {
                let text = format!("{}{character}", " ".repeat(place));
                let expected: Vec<&[u8]> = query::words(&text).map(str::as_bytes).collect();
                assert_eq!(found(&text), expected, "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_of_ascii_are_words(text in "([a-z0-9_]{0,30}[ -~\\t\\n\\x00\\x7f]{0,9}){0,9}") {
            let expected: Vec<&[u8]> = query::words(&text).map(str::as_bytes).collect();
            prop_assert_eq!(found(&text), expected);
        }
    }
}
