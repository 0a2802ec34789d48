//! Which runs of three bytes the messages of a block have, folded: what tells that a part of a message is not in it.
//!
//! A run's hash chooses a bit, and of a text that is in a message the bits of all its runs are set. A third of
//! all bits at most, where there are enough of them: so a text of ten characters that is nowhere may be in one block of
//! thousands.
//!
//! A run is the number of its bytes, little endian; its hash is the highest 16 bits of the lower 32 of its product
//! with 0x9e3779b1. There are as many bits as the largest number of them, a power of two of at least 64, by which the
//! remainder of each hash is taken.

use crate::damaged::Damaged;

const MULTIPLIER: u32 = 0x9e37_79b1;
/// Words of all bits that there can be.
const MOST_WORDS: usize = 1 << 10;
/// Bytes of all of them as they are written.
pub(crate) const MOST_GRAMS_BYTES: usize = 1 + MOST_WORDS * size_of::<u64>();
/// Bits for each that is set.
const BITS_FOR_EACH: usize = 6;
const WORD: usize = u64::BITS as usize;

/// Bits of runs; none where there are no runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grams(Vec<u64>);

/// Runs that are gathered.
#[derive(Debug)]
pub(crate) struct GramsWriter(Vec<u64>);

impl Default for GramsWriter {
    fn default() -> Self {
        Self(vec![0; MOST_WORDS])
    }
}

/// The hashes of all runs of a text.
#[inline]
pub(crate) fn hashes(text: &[u8]) -> impl Iterator<Item = u16> {
    let (first, rest) = text.split_at_checked(2).unwrap_or_default();
    let mut run = first
        .iter()
        .fold(0, |run, byte| run >> 8 | u32::from(*byte) << 16);
    rest.iter().map(move |byte| {
        run = run >> 8 | u32::from(*byte) << 16;
        let [_, _, lower, upper] = run.wrapping_mul(MULTIPLIER).to_le_bytes();
        u16::from_le_bytes([lower, upper])
    })
}

impl GramsWriter {
    /// Adds the runs of a folded message.
    #[inline]
    pub(crate) fn add(&mut self, text: &[u8]) {
        let Some(words) = self.0.first_chunk_mut::<MOST_WORDS>() else {
            return;
        };
        for hash in hashes(text) {
            let hash = usize::from(hash);
            if let Some(word) = words.get_mut(hash / WORD) {
                *word |= 1 << (hash % WORD);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// As few bits as will do.
    pub(crate) fn finish(&self) -> Grams {
        let mut words = self.0.clone();
        let ones = |words: &[u64]| words.iter().map(|word| word.count_ones() as usize).sum();
        loop {
            let set: usize = ones(&words);
            if set == 0 {
                return Grams::default();
            }
            let half = words.len() / 2;
            if half == 0 || set * BITS_FOR_EACH > words.len() * WORD {
                return Grams(words);
            }
            let upper = words.split_off(half);
            for (word, upper) in words.iter_mut().zip(upper) {
                *word |= upper;
            }
        }
    }
}

impl Grams {
    /// Whether a message may have the run of this hash.
    #[inline]
    pub(crate) fn may_have(&self, hash: u16) -> bool {
        let hash = usize::from(hash);
        let word = match self.0.len() {
            0 => None,
            words => self.0.get(hash / WORD % words),
        };
        word.is_some_and(|word| word >> (hash % WORD) & 1 == 1)
    }

    /// How many times the number of words was doubled, and one more (1 byte; 0 for none), and the words.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let doubled = self
            .0
            .len()
            .checked_ilog2()
            .map_or(0, |doubled| doubled + 1);
        out.push(u8::try_from(doubled).unwrap_or_default());
        out.extend(self.0.iter().flat_map(|word| word.to_le_bytes()));
    }

    /// What was written, and what stands behind it.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Damaged> {
        let (doubled, rest) = bytes.split_first().ok_or(Damaged::Length)?;
        let words = match doubled.checked_sub(1) {
            None => 0,
            Some(doubled) => 1_usize.checked_shl(doubled.into()).unwrap_or(usize::MAX),
        };
        if words > MOST_WORDS {
            return Err(Damaged::Impossible("more than there can be"));
        }
        let words = rest.split_at_checked(words * size_of::<u64>());
        let (words, rest) = words.ok_or(Damaged::Length)?;
        let (words, _) = words.as_chunks();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        Ok((Self(words.collect()), rest))
    }

    /// Bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(texts: &[String]) -> Grams {
        let mut writer = GramsWriter::default();
        for text in texts {
            writer.add(text.as_bytes());
        }
        let mut out = Vec::new();
        writer.finish().write(&mut out);
        out.push(7);
        let (read, rest) = Grams::read(&out).unwrap();
        assert_eq!((&read, rest), (&writer.finish(), &[7][..]));
        read
    }

    #[test]
    fn a_run_is_the_same_in_every_version() {
        assert_eq!(hashes(b"abcd").collect::<Vec<_>>(), [0x3f0d, 0x8e70]);
        assert_eq!(hashes(b"ab").count(), 0);
    }

    #[test]
    fn few_runs_that_are_in_no_message_may_be_in_one_and_they_take_few_bytes() {
        for (count, bytes) in [(0, 0), (1, 16), (50, 128), (5_000, 4_096)] {
            let texts = (0..count).map(|number| format!("{number:05}"));
            let grams = of(&texts.collect::<Vec<_>>());
            assert!(grams.memory() <= bytes, "{} of {count}", grams.memory());
            let letters = || b'a'..=b'z';
            let runs = letters().flat_map(|a| letters().map(move |b| [a, b, a ^ b ^ 0x60]));
            let may_be = runs.filter(|run| hashes(run).all(|hash| grams.may_have(hash)));
            let may_be = may_be.count();
            assert!(may_be <= 26 * 26 / 3, "{may_be} of {count}");
        }
        let all = (0..1 << 16)
            .map(|number| char::from_u32(number).map_or(String::new(), |c| format!("{c}é{c}")));
        assert_eq!(of(&all.collect::<Vec<_>>()).memory(), 8 * MOST_WORDS);
    }

    proptest! {
        #[test]
        fn no_run_of_a_text_is_denied(texts in prop::collection::vec(".{0,40}", 0..40)) {
            let grams = of(&texts);
            for text in texts {
                let runs: Vec<u16> = hashes(text.as_bytes()).collect();
                prop_assert_eq!(runs.len(), text.len().saturating_sub(2));
                prop_assert!(runs.iter().all(|hash| grams.may_have(*hash)));
            }
        }

        #[test]
        fn no_bytes_whatever_panic(bytes: Vec<u8>, hash: u16) {
            if let Ok((grams, _)) = Grams::read(&bytes) {
                grams.may_have(hash);
            }
        }
    }
}
