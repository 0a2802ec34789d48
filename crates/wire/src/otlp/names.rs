//! Names of attributes that do not come twice. A list of keys and values may have a key several times;
//! nothing of it is lost.

use super::known::Known;
use crate::members::FreeNames;
use std::borrow::Cow;
use std::collections::HashSet;

/// From here on, doubled names are looked for with a set.
const FEW: usize = 32;

/// The names of one object so far.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// A bit for each name, by what is seen of it at once: most names that are new are known to be.
    bits: u64,
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
    free: FreeNames,
    /// Keys of objects before, by what stood before their values.
    pub(super) known: Known<'a, &'a str>,
}

fn bit_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied(), bytes.last().copied());
    let seen =
        usize::from(first.unwrap_or(0)) + 7 * usize::from(last.unwrap_or(0)) + 3 * name.len();
    1 << (seen % 64)
}

impl<'a> Names<'a> {
    /// Forgets all of them, for the next object.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.known.restart();
        self.bits = 0;
        self.free = FreeNames::default();
        self.few.clear();
        if !self.many.is_empty() {
            self.many.clear();
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.few.len() + self.many.len()
    }

    /// Whether a name is among them.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.bits & bit_of(name) != 0
            && (self.few.iter().any(|known| known == name) || self.many.contains(name))
    }

    /// Takes a name, or where it is taken already, here or by others, one that is made of it: with `_`
    /// behind it, then with `_2`, `_3`, ….
    #[inline]
    pub(super) fn claim(
        &mut self,
        name: Cow<'a, str>,
        is_taken: impl Fn(&str) -> bool,
    ) -> Cow<'a, str> {
        let bit = bit_of(&name);
        let is_new = self.bits & bit == 0 || !self.contains(&name);
        if is_new && !is_taken(&name) {
            self.bits |= bit;
            self.add(name.clone());
            return name;
        }
        self.claim_another(&name, is_taken)
    }

    #[cold]
    fn claim_another(&mut self, name: &str, is_taken: impl Fn(&str) -> bool) -> Cow<'a, str> {
        let mut free = std::mem::take(&mut self.free);
        let other = free.of(name, |name| is_taken(name) || self.contains(name));
        self.free = free;
        self.bits |= bit_of(&other);
        self.add(Cow::Owned(other.clone()));
        Cow::Owned(other)
    }

    #[inline]
    fn add(&mut self, name: Cow<'a, str>) {
        match self.few.len() < FEW {
            true => self.few.push(name),
            false => self.add_beyond(name),
        }
    }

    #[cold]
    fn add_beyond(&mut self, name: Cow<'a, str>) {
        self.many.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_again_is_another_one_however_often() {
        let mut names = Names::default();
        let mut claim = |name: &'static str| {
            let claimed = names.claim(Cow::Borrowed(name), |name| name == "own");
            claimed.into_owned()
        };
        let claimed = ["a", "a_", "a", "a", "b", "own", "b", ""].map(&mut claim);
        assert_eq!(claimed, ["a", "a_", "a_2", "a_3", "b", "own_", "b_", ""]);
        let all: HashSet<String> = (0..10_000).map(|_| claim("a")).collect();
        assert_eq!(all.len(), 10_000);
        names.clear();
        assert!(!names.contains("a") && !names.contains("a_77"));
    }
}
