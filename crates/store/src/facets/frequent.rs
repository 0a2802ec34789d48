//! The most frequent of many values, in bounded memory.
//!
//! All are counted as long as there are not too many different ones; then the rarer half is forgotten,
//! and it is remembered how often one of those was seen at most. So a count is never too high, and it
//! is known by how much it may be too low: also where values come group by group, of which the rarer ones are left out
//! already (Agarwal and others, Mergeable Summaries, 2012).

use foldhash::fast::RandomState;
use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

/// Different values that are kept in mind at one time.
pub(super) const MOST: usize = 1_000;
/// Bytes that a value takes beside its text.
const OVERHEAD: usize = 64;

/// How often values were seen.
#[derive(Debug, Default, Clone)]
pub(super) struct Frequent {
    seen: HashMap<Box<str>, Seen, RandomState>,
    /// Bytes that all of it takes.
    bytes: usize,
    missed: u64,
}

#[derive(Debug, Clone)]
struct Seen {
    records: u64,
    /// The last record that had it.
    last: u64,
}

impl Frequent {
    /// Counts a value of the record with this number; a value that a record has twice counts once.
    pub(super) fn add(&mut self, value: &str, record: u64) {
        match self.seen.get_mut(value) {
            Some(seen) if seen.last == record => {}
            Some(seen) => {
                seen.records += 1;
                seen.last = record;
            }
            None => self.add_new(value, record),
        }
    }

    /// Counts values, each told once with how many records have it, up to the one with this number. So many at most have
    /// one that is `left_out`.
    pub(super) fn add_groups<'a>(
        &mut self,
        values: impl Iterator<Item = (&'a str, u64)>,
        left_out: u64,
        last: u64,
    ) {
        let mut new = Vec::new();
        for (value, records) in values {
            match self.seen.get_mut(value) {
                Some(seen) => {
                    seen.records += records;
                    seen.last = last;
                }
                None if records > 0 => new.push((value, records)),
                None => {}
            }
        }
        self.missed += self.make_room(&mut new, left_out);
        for (value, records) in new {
            self.insert(value, records, last);
        }
    }

    /// Leaves out the rarer ones of new values, and forgets those that are rarer than the rest, until there is room for
    /// all; how often one of either was seen at most in what is added, where others are left out of that already.
    fn make_room(&mut self, new: &mut Vec<(&str, u64)>, left_out: u64) -> u64 {
        if self.seen.len() + new.len() <= MOST {
            return left_out;
        }
        let old = self.seen.values().map(|seen| seen.records);
        let mut counts: Vec<u64> = old.chain(new.iter().map(|(_, records)| *records)).collect();
        let (_, limit, _) = counts.select_nth_unstable_by_key(MOST, |records| Reverse(*records));
        let is_rare = |(_, records): &mut (&str, u64)| *records <= *limit;
        let rare = new.extract_if(.., is_rare).map(|(_, records)| records);
        let missed = left_out.max(rare.max().unwrap_or(0));
        let forgotten = self.keep((MOST - new.len()).min(self.seen.len()));
        // One that is forgotten may be among those that were left out as well.
        match forgotten {
            0 => missed,
            _ => missed.max(left_out + forgotten),
        }
    }

    fn add_new(&mut self, value: &str, record: u64) {
        if self.seen.len() >= MOST {
            self.forget_rare();
        }
        self.insert(value, 1, record);
    }

    fn insert(&mut self, value: &str, records: u64, last: u64) {
        self.bytes += value.len() + OVERHEAD;
        self.seen.insert(value.into(), Seen { records, last });
    }

    /// Forgets the rarer half.
    pub(super) fn forget_rare(&mut self) {
        self.missed += self.keep(self.seen.len().div_ceil(2));
    }

    /// Keeps so many, and forgets those that are rarer; how often one of these was seen at most.
    fn keep(&mut self, kept: usize) -> u64 {
        let mut all = self.all();
        if kept >= all.len() {
            return 0;
        }
        let (_, first, _) = all.select_nth_unstable_by(kept, by_rank);
        // The most frequent one of them.
        let first: (Box<str>, u64) = (first.0.into(), first.1);
        let bytes = &mut self.bytes;
        self.seen.retain(|value, seen| {
            let is_kept = by_rank(&(value, seen.records), &(&first.0, first.1)).is_lt();
            if !is_kept {
                *bytes -= value.len() + OVERHEAD;
            }
            is_kept
        });
        first.1
    }

    /// The most frequent ones, each with the records that have it.
    pub(super) fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut sorted = self.sorted();
        sorted.truncate(most);
        sorted
    }

    /// By how much a count may be too low; a value that is not there may have been seen so often.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// How many different ones there are.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Bytes that all of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn sorted(&self) -> Vec<(&str, u64)> {
        let mut sorted = self.all();
        sorted.sort_unstable_by(by_rank);
        sorted
    }

    fn all(&self) -> Vec<(&str, u64)> {
        let values = self.seen.iter();
        values
            .map(|(value, seen)| (&**value, seen.records))
            .collect()
    }
}

/// The most frequent first, and those that are equally frequent in the order of their text: the same
/// on every store.
fn by_rank((a, of_a): &(&str, u64), (b, of_b): &(&str, u64)) -> Ordering {
    of_b.cmp(of_a).then(a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_are_counted_exactly_and_one_that_a_record_has_twice_counts_once() {
        let mut values = Frequent::default();
        for (record, value) in [(1, "b"), (2, "a"), (2, "a"), (3, "c"), (4, "c"), (4, "")] {
            values.add(value, record);
        }
        assert_eq!(values.top(3), [("c", 2), ("", 1), ("a", 1)]);
        assert_eq!((values.len(), values.missed()), (4, 0));
    }

    proptest! {
        #[test]
        fn with_more_values_than_memory_a_count_is_never_too_high_and_too_low_by_what_is_told_at_most(
            rare in 0..6_000_u64, every in 2..50_u64, seed: u64,
        ) {
            let mut values = Frequent::default();
            let mut exact: HashMap<String, u64> = HashMap::new();
            for record in 0..rare {
                let value = if record % every == 0 {
                    "often".to_owned()
                } else {
                    // Some of them come again.
                    (seed.wrapping_mul(record) % 3_000).to_string()
                };
                values.add(&value, record);
                *exact.entry(value).or_default() += 1;
                prop_assert!(values.len() <= MOST);
            }
            let told: HashMap<&str, u64> = values.top(MOST).into_iter().collect();
            for (value, count) in &exact {
                let told = told.get(value.as_str()).copied().unwrap_or(0);
                prop_assert!(told <= *count && *count <= told + values.missed(), "{value}: {told} of {count}");
            }
            let bytes: usize = told.keys().map(|value| value.len() + OVERHEAD).sum();
            prop_assert_eq!(values.bytes(), bytes);
        }
    }
}
