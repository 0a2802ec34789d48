//! Equal values counted together, in a table that lies near.

use crate::MOST_RECORDS;
use foldhash::fast::RandomState;
use std::cmp::Reverse;
use std::hash::{BuildHasher as _, Hash};

const FREE: u16 = 0;
// A place of the table has room for the number of any value of a block.
const _: () = assert!(MOST_RECORDS < u16::MAX as usize);

/// Different values, and how often each is there.
pub(super) struct Groups<K> {
    different: Vec<(K, u32)>,
    /// One more than the number of each, near the place that its hash chooses.
    slots: Vec<u16>,
    state: RandomState,
}

impl<K: Copy + Eq + Hash> Groups<K> {
    /// For so many values at most.
    pub(super) fn of_so_many(values: usize) -> Self {
        let slots = (2 * values).next_power_of_two();
        Self {
            different: Vec::new(),
            slots: vec![FREE; slots],
            state: RandomState::default(),
        }
    }

    #[inline]
    pub(super) fn add(&mut self, value: K, times: u32) {
        let mask = self.slots.len() - 1;
        // Its low bits are what is needed.
        #[expect(clippy::cast_possible_truncation, reason = "as many bits as there are")]
        let mut place = self.state.hash_one(value) as usize & mask;
        while let Some(number) = self.slots.get(place).and_then(|slot| slot.checked_sub(1)) {
            if let Some((other, count)) = self.different.get_mut(usize::from(number))
                && *other == value
            {
                *count += times;
                return;
            }
            place = (place + 1) & mask;
        }
        self.different.push((value, times));
        let number = u16::try_from(self.different.len()).unwrap_or(FREE);
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = number;
        }
    }

    /// How many there are.
    pub(super) fn values(&self) -> u64 {
        let counts = self.different.iter().map(|(_, count)| u64::from(*count));
        counts.sum()
    }

    /// The `most` frequent ones, and how often one of the others is there at most. Where one is left out, so are others
    /// that are as frequent, but for as many as there are to be at `least`: they would make no count surer.
    pub(super) fn most_frequent(
        &self,
        most: usize,
        least: usize,
    ) -> (impl Iterator<Item = (K, u32)>, u32) {
        let mut left_out = 0;
        if self.different.len() > most {
            let mut counts: Vec<u32> = self.different.iter().map(|(_, count)| *count).collect();
            let (_, nth, _) = counts.select_nth_unstable_by_key(most, |count| Reverse(*count));
            left_out = *nth;
        }
        let above = self.different.iter().filter(|(_, count)| *count > left_out);
        let mut filling = least.min(most).saturating_sub(above.count());
        let told = self.different.iter().filter(move |(_, count)| {
            let fills = *count == left_out && filling > 0;
            filling -= usize::from(fills);
            *count > left_out || fills
        });
        (told.copied(), left_out)
    }
}
