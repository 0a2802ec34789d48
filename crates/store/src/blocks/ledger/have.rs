//! A set of positions in a batch, as the runs that they make.
//!
//! ```text
//! encoded   run, run, …, in their order; nothing for the empty set
//! run       positions between it and the run before, less one (of the first: before it), varint
//!           | positions in it, less one, varint
//! varint    seven bits a byte, the lowest first, the eighth says that another follows; as short as can be
//! ```
//!
//! So each set has one encoding, and a whole batch of up to 16,384 records takes three bytes.

use crate::varint::{read_varint, write_varint};
use std::ops::RangeInclusive;

/// A set of positions. A batch that was stored in one piece is one run, however many records it had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Have {
    /// In order; between two of them at least one position is missing.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    first: u32,
    last: u32,
}

impl Have {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many positions are in it.
    pub fn len(&self) -> u64 {
        let each = self.runs.iter();
        each.map(|run| u64::from(run.last - run.first) + 1).sum()
    }

    /// Whether this position is in it.
    #[inline]
    pub fn contains(&self, position: u32) -> bool {
        let next = self.runs.partition_point(|run| run.last < position);
        self.runs.get(next).is_some_and(|run| run.first <= position)
    }

    /// The runs, in order: between two of them at least one position is missing.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> {
        self.runs.iter().map(|run| run.first..=run.last)
    }

    /// Adds a position; whether it was new. Quick for positions that come in order; of those that come in
    /// between, each may move the runs behind it.
    #[inline]
    pub fn insert(&mut self, position: u32) -> bool {
        if let Some(last) = self.runs.last_mut()
            && last.last.checked_add(1) == Some(position)
        {
            last.last = position;
            return true;
        }
        let is_new = !self.contains(position);
        if is_new {
            self.add(Run {
                first: position,
                last: position,
            });
        }
        is_new
    }

    /// Adds all positions of a run; none when it is empty.
    pub fn insert_run(&mut self, run: RangeInclusive<u32>) {
        if !run.is_empty() {
            let (first, last) = run.into_inner();
            self.add(Run { first, last });
        }
    }

    /// Adds all that `other` has, in one pass over both.
    pub fn union(&mut self, other: &Self) {
        let mut before = std::mem::take(&mut self.runs).into_iter().peekable();
        let mut added = other.runs.iter().copied().peekable();
        loop {
            let next = match (before.peek(), added.peek()) {
                (Some(one), Some(another)) if one.first <= another.first => before.next(),
                (_, Some(_)) => added.next(),
                (_, None) => before.next(),
            };
            let Some(next) = next else { return };
            match self.runs.last_mut() {
                Some(last) if next.first <= last.last.saturating_add(1) => {
                    last.last = last.last.max(next.last);
                }
                _ => self.runs.push(next),
            }
        }
    }

    /// Joins a run with those that it touches.
    fn add(&mut self, mut run: Run) {
        let before = |other: &Run| other.last.saturating_add(1) < run.first;
        let from = self.runs.partition_point(before);
        let not_behind = |other: &Run| other.first <= run.last.saturating_add(1);
        let to = self.runs.partition_point(not_behind);
        let touched = self.runs.get(from..to).unwrap_or_default();
        if let (Some(lowest), Some(greatest)) = (touched.first(), touched.last()) {
            run.first = run.first.min(lowest.first);
            run.last = run.last.max(greatest.last);
        }
        self.runs.splice(from..to.max(from), [run]);
    }

    /// Its bytes, as the module describes them.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(3 * self.runs.len());
        self.encode_into(&mut bytes);
        bytes
    }

    /// The same behind what is in `bytes`.
    pub fn encode_into(&self, bytes: &mut Vec<u8>) {
        let mut next = 0;
        for run in &self.runs {
            write_varint(bytes, u64::from(run.first - next));
            write_varint(bytes, u64::from(run.last - run.first));
            // What follows directly would be of this run. The greatest number ends the last one.
            next = run.last.saturating_add(2);
        }
    }

    /// The set that has these bytes; `None` when no set has them.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut runs: Vec<Run> = Vec::new();
        let mut next = Some(0_u32);
        while !bytes.is_empty() {
            let first = next?.checked_add(read_position(&mut bytes)?)?;
            let last = first.checked_add(read_position(&mut bytes)?)?;
            runs.push(Run { first, last });
            next = last.checked_add(2);
        }
        Some(Self { runs })
    }
}

impl FromIterator<u32> for Have {
    fn from_iter<T: IntoIterator<Item = u32>>(positions: T) -> Self {
        let mut have = Self::new();
        for position in positions {
            have.insert(position);
        }
        have
    }
}

fn read_position(bytes: &mut &[u8]) -> Option<u32> {
    u32::try_from(read_varint(bytes)?).ok()
}

#[cfg(test)]
mod tests;
