//! What tells that a token is not in a block, by a few bits for each that is.
//!
//! A split block Bloom filter (as Apache Parquet has it, `BloomFilter.md`): a token's hash chooses 32 bytes, and in each
//! of their eight words one bit. So a look touches one line of the processor's cache. Ten bits a token: of
//! blocks without a token about one in a hundred is looked through in vain.
//!
//! Beside them it has the runs of three bytes that messages have; see `grams`.
//!
//! It is stored as these runs, and 32 bytes for each part: eight words, little endian. The head has its length and its checksum, so the
//! filter of another block, which would deny what is there, is told apart.

use crate::damaged::Damaged;
use crate::grams::{Grams, MOST_GRAMS_BYTES};

const BITS_PER_TOKEN: usize = 10;
const PART_WORDS: usize = 8;
const PART_BYTES: usize = PART_WORDS * size_of::<u32>();
const PART_BITS: usize = 8 * PART_BYTES;
/// Bytes of all parts: with more tokens there are fewer bits for each.
const MOST_PARTS: usize = 64 * 1024 / PART_BYTES;
/// Tokens of which a filter is made: with more, which have less than two bits each, it would deny next to nothing.
pub(crate) const MOST_TOKENS: usize = MOST_PARTS * PART_BITS / 2;
/// Bytes of a filter as it is stored.
pub(crate) const MOST_FILTER_BYTES: usize = MOST_PARTS * PART_BYTES + MOST_GRAMS_BYTES;

/// Odd numbers, by which a word's bit is chosen.
const SALTS: [u32; PART_WORDS] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// The tokens of a block, as far as it can be told that one is not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    grams: Grams,
    parts: Vec<[u32; PART_WORDS]>,
}

impl Filter {
    /// Of the hashes of all tokens, each once.
    pub(crate) fn of(hashes: &[u64], grams: Grams) -> Self {
        let parts = (hashes.len() * BITS_PER_TOKEN).div_ceil(PART_BITS);
        let parts = parts.min(MOST_PARTS);
        let parts = vec![[0; PART_WORDS]; parts];
        let mut filter = Self { grams, parts };
        for hash in hashes {
            let place = filter.place(*hash);
            if let Some(part) = filter.parts.get_mut(place) {
                for (word, bit) in part.iter_mut().zip(bits(*hash)) {
                    *word |= bit;
                }
            }
        }
        filter
    }

    /// Of more tokens than a filter is made of: any may be in the block.
    pub(crate) fn of_all(grams: Grams) -> Self {
        let parts = vec![[u32::MAX; PART_WORDS]];
        Self { grams, parts }
    }

    /// Whether a token may be in the block: no token that is in it is denied.
    #[inline]
    pub fn may_have(&self, hash: u64) -> bool {
        let part = self.parts.get(self.place(hash));
        part.is_some_and(|part| {
            part.iter()
                .zip(bits(hash))
                .all(|(word, bit)| word & bit != 0)
        })
    }

    /// Whether a message may have the run of this hash: none that it has is denied.
    #[inline]
    pub(crate) fn messages_may_have(&self, gram: u16) -> bool {
        self.grams.may_have(gram)
    }

    /// The part that the upper half of a hash chooses.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        let chosen = ((hash >> 32) * self.parts.len() as u64) >> 32;
        usize::try_from(chosen).unwrap_or_default()
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.grams.write(&mut out);
        let words = self.parts.iter().flatten();
        out.extend(words.flat_map(|word| word.to_le_bytes()));
        out
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let (grams, bytes) = Grams::read(bytes)?;
        let (parts, []) = bytes.as_chunks::<PART_BYTES>() else {
            return Err(Damaged::Length);
        };
        let part = |bytes: &[u8; PART_BYTES]| {
            let mut part = [0; PART_WORDS];
            let (words, _) = bytes.as_chunks::<4>();
            for (word, bytes) in part.iter_mut().zip(words) {
                *word = u32::from_le_bytes(*bytes);
            }
            part
        };
        let parts = parts.iter().map(part).collect();
        Ok(Self { grams, parts })
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.grams.memory() + self.parts.len() * PART_BYTES
    }
}

/// The bit of each word, by the lower half of a hash.
#[inline]
fn bits(hash: u64) -> impl Iterator<Item = u32> {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    let lower = u32::from_le_bytes([a, b, c, d]);
    SALTS
        .into_iter()
        .map(move |salt| 1 << (lower.wrapping_mul(salt) >> 27))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn hashes(numbers: std::ops::Range<u64>) -> Vec<u64> {
        numbers
            .map(|number| xxh3_64(&number.to_le_bytes()))
            .collect()
    }

    #[test]
    fn few_of_those_that_are_not_in_it_are_not_denied() {
        let filter = Filter::of(&hashes(0..50_000), Grams::default());
        assert_eq!(filter.memory(), 62_528);
        let others = hashes(50_000..150_000);
        let wrong = others.iter().filter(|hash| filter.may_have(**hash)).count();
        assert!((200..2_000).contains(&wrong), "{wrong} of {}", others.len());
    }

    #[test]
    fn of_many_tokens_it_takes_no_more_and_denies_what_it_can() {
        for (tokens, most_wrong) in [
            (60_000, 4_000),
            (120_000, 40_000),
            (MOST_TOKENS as u64, 100_000),
        ] {
            let filter = Filter::of(&hashes(0..tokens), Grams::default());
            assert_eq!(filter.memory(), 65_536);
            assert!(filter.write().len() <= MOST_FILTER_BYTES);
            assert!(hashes(0..tokens).iter().all(|hash| filter.may_have(*hash)));
            let others = hashes(tokens..tokens + 100_000);
            let wrong = others.iter().filter(|hash| filter.may_have(**hash)).count();
            assert!(wrong < most_wrong, "{wrong} of {tokens}");
        }
        let all = Filter::of_all(Grams::default());
        assert!(hashes(0..9).iter().all(|hash| all.may_have(*hash)));
        assert_eq!(Filter::read(&all.write()), Ok(all));
    }

    #[test]
    fn nothing_is_in_an_empty_one() {
        let filter = Filter::of(&[], Grams::default());
        assert_eq!(Filter::read(&filter.write()), Ok(filter.clone()));
        assert!(!filter.may_have(0) && !filter.may_have(u64::MAX));
    }

    proptest! {
        #[test]
        fn no_token_that_is_in_it_is_denied(hashes: Vec<u64>) {
            let filter = Filter::of(&hashes, Grams::default());
            let read = Filter::read(&filter.write()).unwrap();
            prop_assert!(hashes.iter().all(|hash| read.may_have(*hash)));
            prop_assert_eq!(read, filter);
        }
    }
}
