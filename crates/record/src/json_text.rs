//! Looks through the text of JSON strings for what cannot stand there as it is.

/// Eight times the byte 1.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each of eight bytes.
const HIGHS: u64 = ONES << 7;

/// The place of the first quote, backslash or control character; the length where there is none.
#[inline]
pub fn first_special(text: &[u8]) -> usize {
    let mut place = 0;
    while let Some(eight) = text.get(place..).and_then(<[u8]>::first_chunk::<8>) {
        let special = special(u64::from_le_bytes(*eight));
        if special != 0 {
            return place + special.trailing_zeros() as usize / 8;
        }
        place += 8;
    }
    let rest = text.get(place..).unwrap_or_default();
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    place + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Whether there is any of these, in a text that is likely to have none: as many bytes at once as a processor takes.
pub fn has_special(text: &[u8]) -> bool {
    const TOGETHER: usize = 512;
    // Without a branch: a compiler makes of it what takes many bytes in one step.
    let is_special =
        |byte: &u8| u8::from(*byte < 0x20) | u8::from(*byte == b'"') | u8::from(*byte == b'\\');
    let special = |bytes: &[u8]| bytes.iter().fold(0, |found, byte| found | is_special(byte));
    text.chunks(TOGETHER).any(|bytes| special(bytes) != 0)
}

/// Marks the bytes that are special: the lowest mark is right, those above it may be wrong
/// (<https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord>).
#[inline]
fn special(eight: u64) -> u64 {
    // With this bit turned the quote stands just behind the control characters, and no other byte does.
    let quotes_and_controls = (eight ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslashes = (eight ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !eight & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_is_told_apart_at_every_place() {
        for (byte, place) in (0..=u8::MAX).flat_map(|byte| (0..20).map(move |place| (byte, place)))
        {
            let mut text = [b'a'; 20];
            text[place] = byte;
            let special = byte < 0x20 || b"\"\\".contains(&byte);
            let expected = if special { place } else { text.len() };
            assert_eq!(first_special(&text), expected, "{byte} at {place}");
            assert_eq!(has_special(&text), special, "{byte} at {place}");
        }
    }

    proptest! {
        #[test]
        fn the_first_special_character_is_found(text in "[a!#é\u{7f}]{0,20}[a\"\\\\\u{0}-\u{20}é]{0,20}") {
            let special = |byte: &u8| *byte < 0x20 || b"\"\\".contains(byte);
            let expected = text.as_bytes().iter().position(special).unwrap_or(text.len());
            prop_assert_eq!(first_special(text.as_bytes()), expected);
            prop_assert_eq!(has_special(text.as_bytes()), expected < text.len());
        }
    }
}
