//! Some of the records of a block, a bit each.

const WORD: usize = u64::BITS as usize;

/// A set of places in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSet {
    words: Vec<u64>,
    rows: usize,
}

impl RowSet {
    /// None of so many.
    pub fn none(rows: usize) -> Self {
        let words = vec![0; rows.div_ceil(WORD)];
        Self { words, rows }
    }

    /// All of so many.
    pub fn all(rows: usize) -> Self {
        let mut all = Self::none(rows);
        all.add(0..rows);
        all
    }

    /// Those for which it says so.
    pub fn of(rows: impl ExactSizeIterator<Item = bool>) -> Self {
        let mut set = Self::none(rows.len());
        for (place, is_in) in rows.enumerate() {
            if let Some(word) = set.words.get_mut(place / WORD) {
                *word |= u64::from(is_in) << (place % WORD);
            }
        }
        set
    }

    /// Adds those at some places, as far as they are there.
    pub fn add(&mut self, places: std::ops::Range<usize>) {
        for place in places.start..places.end.min(self.rows) {
            if let Some(word) = self.words.get_mut(place / WORD) {
                *word |= 1 << (place % WORD);
            }
        }
    }

    /// Keeps those only that are in the other as well.
    pub fn keep(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Adds those of the other.
    pub fn join(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Those that are not in it.
    #[must_use]
    pub fn others(&self) -> Self {
        let mut others = Self::all(self.rows);
        for (word, own) in others.words.iter_mut().zip(&self.words) {
            *word &= !own;
        }
        others
    }

    /// Whether one is in it.
    #[inline]
    pub fn has(&self, place: usize) -> bool {
        let word = self.words.get(place / WORD).copied().unwrap_or_default();
        word >> (place % WORD) & 1 == 1
    }

    /// How many are in it.
    pub fn count(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones() as usize);
        ones.sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Their places, ascending; backwards they are descending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(place, word)| Ones {
            word: *word,
            start: place * WORD,
        })
    }
}

/// The places of the bits of a word.
struct Ones {
    word: u64,
    start: usize,
}

impl Iterator for Ones {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let place = self.word.trailing_zeros();
        self.word &= self.word.wrapping_sub(1);
        (place < u64::BITS).then(|| self.start + place as usize)
    }
}

impl DoubleEndedIterator for Ones {
    #[inline]
    fn next_back(&mut self) -> Option<usize> {
        let place = (u64::BITS - 1).checked_sub(self.word.leading_zeros())?;
        self.word &= !(1 << place);
        Some(self.start + place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_is_what_a_list_of_truths_is(
            pairs in prop::collection::vec(any::<(bool, bool)>(), 0..200), start in 0_usize..200, end in 0_usize..250
        ) {
            let (left, right): (Vec<bool>, Vec<bool>) = pairs.iter().copied().unzip();
            let set = |truths: &[bool]| RowSet::of(truths.iter().copied());
            let places = |truths: &mut dyn Iterator<Item = bool>| {
                let places = truths.enumerate().filter(|(_, is_in)| *is_in);
                places.map(|(place, _)| place).collect::<Vec<_>>()
            };
            let check = |set: &RowSet, truths: &mut dyn Iterator<Item = bool>| {
                let expected = places(truths);
                assert_eq!(set.iter().collect::<Vec<_>>(), expected);
                assert_eq!(set.count(), expected.len());
                assert_eq!(set.is_empty(), expected.is_empty());
                assert!(expected.iter().all(|place| set.has(*place)));
                let mut backwards: Vec<usize> = set.iter().rev().collect();
                backwards.reverse();
                assert_eq!(backwards, expected);
            };
            check(&set(&left), &mut left.iter().copied());
            check(&RowSet::all(left.len()), &mut left.iter().map(|_| true));
            let mut both = set(&left);
            both.keep(&set(&right));
            check(&both, &mut pairs.iter().map(|(left, right)| *left && *right));
            let mut any = set(&left);
            any.join(&set(&right));
            check(&any, &mut pairs.iter().map(|(left, right)| *left || *right));
            check(&set(&left).others(), &mut left.iter().map(|is_in| !is_in));
            let mut more = set(&left);
            more.add(start..end);
            let added = left.iter().enumerate().map(|(place, is_in)| *is_in || (start..end).contains(&place));
            check(&more, &mut added.collect::<Vec<_>>().into_iter());
        }
    }
}
