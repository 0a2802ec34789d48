//! The different values of a column as long as they are few, and which one each of its values is.

use super::many::Kind;
use crate::leaf::RawLeaf;
use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Values that a dictionary may have.
pub(super) const MOST: usize = 255;
/// Places of a table in which at least half are free.
const SLOTS: usize = 512;
const FREE: u8 = 0;

/// Values, each different one once.
#[derive(Debug)]
pub(super) struct Few {
    different: Vec<One>,
    text: Vec<u8>,
    /// One more than the number of each, near the place that its hash chooses.
    slots: Vec<u8>,
    places: Vec<u8>,
    state: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct One {
    kind: Kind,
    integer: i64,
    /// Its text.
    start: u32,
    end: u32,
}

impl Default for Few {
    fn default() -> Self {
        Self {
            different: Vec::new(),
            text: Vec::new(),
            slots: vec![FREE; SLOTS],
            places: Vec::new(),
            state: RandomState::default(),
        }
    }
}

impl Few {
    /// Adds a value; not where it would be one different value too many.
    #[inline]
    pub(super) fn push(&mut self, leaf: RawLeaf<'_>) -> bool {
        // Often it is the one that came before.
        let last = self.places.last().copied();
        let is_last = last.is_some_and(|last| self.get(last.into()) == Some(leaf));
        let number = match last {
            Some(last) if is_last => Some(last),
            _ => self.number(leaf),
        };
        self.places.extend(number);
        number.is_some()
    }

    /// Adds a value that there is; bytes of its text.
    #[inline]
    pub(super) fn push_known(&mut self, number: u8) -> usize {
        self.places.push(number);
        let one = self.different.get(usize::from(number));
        one.map_or(0, |one| (one.end - one.start) as usize)
    }

    /// The number of a value, which it has from now on.
    fn number(&mut self, leaf: RawLeaf<'_>) -> Option<u8> {
        let mut slot = self.slot(leaf);
        loop {
            let taken = self.slots.get(slot).copied().unwrap_or(FREE);
            let Some(number) = taken.checked_sub(1) else {
                break;
            };
            if self.get(number.into()) == Some(leaf) {
                return Some(number);
            }
            slot = (slot + 1) % SLOTS;
        }
        let number = u8::try_from(self.different.len()).ok()?;
        *self.slots.get_mut(slot)? = number.checked_add(1)?;
        self.add(leaf);
        Some(number)
    }

    fn slot(&self, leaf: RawLeaf<'_>) -> usize {
        let mut hasher = self.state.build_hasher();
        match leaf {
            RawLeaf::Integer(number) => hasher.write_i64(number),
            RawLeaf::Text(text) | RawLeaf::Json(text) => hasher.write(text),
        }
        usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
    }

    fn add(&mut self, leaf: RawLeaf<'_>) {
        // No block has as much text.
        let end = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let start = end(&self.text);
        let (kind, integer, text) = match leaf {
            RawLeaf::Integer(number) => (Kind::Integer, number, &[][..]),
            RawLeaf::Text(text) => (Kind::Text, 0, text),
            RawLeaf::Json(json) => (Kind::Json, 0, json),
        };
        self.text.extend_from_slice(text);
        self.different.push(One {
            kind,
            integer,
            start,
            end: end(&self.text),
        });
    }

    /// The different value of this number.
    #[inline]
    fn get(&self, number: usize) -> Option<RawLeaf<'_>> {
        let one = self.different.get(number)?;
        let text = self.text.get(one.start as usize..one.end as usize)?;
        Some(match one.kind {
            Kind::Integer => RawLeaf::Integer(one.integer),
            Kind::Text => RawLeaf::Text(text),
            Kind::Json => RawLeaf::Json(text),
        })
    }

    /// The different values, in the order in which they came first.
    pub(super) fn different(&self) -> impl ExactSizeIterator<Item = RawLeaf<'_>> + Clone {
        let get = |number| self.get(number).unwrap_or(RawLeaf::Text(&[]));
        (0..self.different.len()).map(get)
    }

    /// Which one each value is.
    pub(super) fn places(&self) -> &[u8] {
        &self.places
    }

    /// All values.
    pub(super) fn leaves(&self) -> impl Iterator<Item = RawLeaf<'_>> {
        let get = |place: &u8| self.get(usize::from(*place)).unwrap_or(RawLeaf::Text(&[]));
        self.places.iter().map(get)
    }

    pub(super) fn clear(&mut self) {
        if !self.different.is_empty() {
            self.slots.fill(FREE);
        }
        self.different.clear();
        self.text.clear();
        self.places.clear();
    }

    pub(super) fn memory(&self) -> usize {
        let different = self.different.capacity() * size_of::<One>();
        different + self.text.capacity() + self.slots.len() + self.places.capacity()
    }
}
