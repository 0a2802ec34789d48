//! Texts that stood before values of earlier records, such as their names, and are likely to come again: one is
//! compared whole, which is quicker than to read and to judge it anew.

use crate::scanner::Scanner;

/// So many are kept,
const MOST: usize = 32;
/// and so many looked at for the next, in the order in which they came first.
const AHEAD: usize = 8;

/// Texts, and what each of them means.
#[derive(Debug)]
pub(super) struct Known<'t, T> {
    texts: Vec<(&'t str, T)>,
    /// The place of the next one, if the order is that of before.
    next: usize,
}

impl<T> Default for Known<'_, T> {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            next: 0,
        }
    }
}

impl<'t, T: Copy + PartialEq> Known<'t, T> {
    /// Begins with another record.
    #[inline]
    pub(super) fn restart(&mut self) {
        self.next = 0;
    }

    /// Passes over one of them if it stands here; what it means.
    #[inline]
    pub(super) fn pass(&mut self, scanner: &mut Scanner<'_>) -> Option<T> {
        self.find(|text| scanner.pass(text))
    }

    /// The meaning of the next one that is it.
    #[inline]
    pub(super) fn find(&mut self, mut is_it: impl FnMut(&'t str) -> bool) -> Option<T> {
        let ahead = self.texts.get(self.next..)?.iter().take(AHEAD);
        for (passed, (text, meaning)) in ahead.enumerate() {
            if is_it(text) {
                self.next += passed + 1;
                return Some(*meaning);
            }
        }
        None
    }

    /// Keeps one that came, unless another one means the same.
    #[inline]
    pub(super) fn learn(&mut self, text: &'t str, meaning: T) {
        if self.texts.len() < MOST && self.texts.iter().all(|(_, other)| *other != meaning) {
            self.texts.push((text, meaning));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_known_again_in_its_order_even_if_some_of_it_is_left_out() {
        let mut known = Known::default();
        for (text, meaning) in [("a:", 1), ("b:", 2), ("a :", 1), ("c:", 3)] {
            known.learn(text, meaning);
        }
        let mut found = |text: &'static str| known.find(|other| other == text);
        assert_eq!(
            ["a:", "c:", "b:", "a :"].map(&mut found),
            [Some(1), Some(3), None, None]
        );
        known.restart();
        let mut scanner = Scanner::at("b:c:", 0);
        assert_eq!(
            [(); 3].map(|()| known.pass(&mut scanner)),
            [Some(2), Some(3), None]
        );
        (0..1_000).for_each(|number| known.learn("d", number));
        assert_eq!(known.texts.len(), MOST);
    }
}
