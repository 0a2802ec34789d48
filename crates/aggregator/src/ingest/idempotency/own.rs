//! Keys of batches of their own, of which thousands come in one request. They wait for nobody: two requests
//! with one key at a time are both written, and the store finds that it has everything.

use super::{Entry, Keys};
use crate::accounting::shares::Owner;
use record::id::{BatchId, KeyDigest};
use std::collections::HashSet;

impl Keys {
    /// Which of these were accepted before, or come a second time among them; `None` stands for none.
    pub fn which_are_known(&self, keys: impl Iterator<Item = Option<KeyDigest>>) -> Vec<bool> {
        let (known, mut here) = (self.known(), HashSet::new());
        let is_known = |key: Option<KeyDigest>| {
            key.is_some_and(|key| !here.insert(key) || known.entries.contains_key(&key))
        };
        keys.map(is_known).collect()
    }

    /// Remembers these of an owner's, which were accepted.
    pub fn accepted(&self, keys: impl Iterator<Item = (KeyDigest, BatchId)>, owner: &Owner) {
        let mut known = self.known();
        for (key, batch) in keys {
            let entry = Entry {
                batch,
                under_way: None,
            };
            if known.entries.insert(key, entry).is_none() {
                known.order.push_newest(owner.clone(), key);
            }
        }
        known.keep(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::id::own_key;

    #[test]
    fn a_key_is_known_once_it_is_accepted_and_the_second_time_in_one_request() {
        let keys = Keys::new(3);
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|id| own_key("i", id));
        let ask = |asked: &[Option<(KeyDigest, BatchId)>]| {
            keys.which_are_known(asked.iter().map(|key| key.map(|(key, _)| key)))
        };
        assert_eq!(
            ask(&[Some(a), None, Some(a), None]),
            [false, false, true, false]
        );
        // What was only asked for is not known.
        assert_eq!(ask(&[Some(a)]), [false]);
        keys.accepted([a, b, a].into_iter(), &None);
        assert_eq!(ask(&[Some(b), Some(c), Some(a)]), [true, false, true]);
        keys.accepted([c, d].into_iter(), &None);
        assert_eq!(
            ask(&[Some(a), Some(b), Some(c), Some(d)]),
            [false, true, true, true]
        );
    }
}
