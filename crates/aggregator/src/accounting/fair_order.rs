//! What several owners have, in the order in which it came; the oldest of whoever has most is the first to go, so that
//! nobody makes forgotten what is another's while he has more himself.

use super::shares::Owner;
use std::collections::{HashMap, VecDeque};

/// All of it.
#[derive(Debug)]
pub struct FairOrder<T> {
    /// None of them is empty.
    of: HashMap<Owner, VecDeque<T>>,
    count: usize,
}

impl<T> Default for FairOrder<T> {
    fn default() -> Self {
        Self {
            of: HashMap::new(),
            count: 0,
        }
    }
}

impl<T: PartialEq> FairOrder<T> {
    /// How much there is of all of them.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds what is newer than all.
    pub fn push_newest(&mut self, owner: Owner, item: T) {
        self.of.entry(owner).or_default().push_back(item);
        self.count += 1;
    }

    /// Adds what is older than all.
    pub fn push_oldest(&mut self, owner: Owner, item: T) {
        self.of.entry(owner).or_default().push_front(item);
        self.count += 1;
    }

    /// Takes out the oldest of whoever has most.
    pub fn pop(&mut self) -> Option<T> {
        // A service has few tenants, and mostly none.
        let most = self.of.iter().max_by_key(|(_, items)| items.len());
        let owner = most.map(|(owner, _)| owner.clone())?;
        let items = self.of.get_mut(&owner)?;
        let item = items.pop_front();
        self.count -= usize::from(item.is_some());
        if items.is_empty() {
            self.of.remove(&owner);
        }
        item
    }

    /// Takes out one that an owner has, if he has it: one of his oldest or newest, which is found soon.
    pub fn remove(&mut self, owner: &Owner, item: &T) {
        let Some(items) = self.of.get_mut(owner) else {
            return;
        };
        let place = match items.front() == Some(item) {
            true => Some(0),
            false => items.iter().rposition(|other| other == item),
        };
        if place.and_then(|place| items.remove(place)).is_some() {
            self.count -= 1;
        }
        if items.is_empty() {
            self.of.remove(owner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn whoever_has_most_loses_the_oldest_of_his_own_and_nobody_else_does() {
        let [a, b] = ["a", "b"].map(|name| Some(Arc::from(name)));
        let mut order = FairOrder::default();
        order.push_newest(b.clone(), 1000);
        order.push_newest(None, 2000);
        for item in 0..10 {
            order.push_newest(a.clone(), item);
        }
        order.push_oldest(a.clone(), -1);
        let gone: Vec<i32> = (0..10).filter_map(|_| order.pop()).collect();
        assert_eq!(gone, [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(order.count(), 3);
        order.remove(&a, &9);
        order.remove(&a, &9);
        order.remove(&b, &2000);
        let mut rest: Vec<i32> = std::iter::from_fn(|| order.pop()).collect();
        rest.sort_unstable();
        assert_eq!((rest, order.count()), (vec![1000, 2000], 0));
        assert!(order.of.is_empty());
    }

    #[test]
    fn one_owner_loses_the_oldest() {
        let mut order = FairOrder::default();
        for item in 0..5 {
            order.push_newest(None, item);
        }
        order.remove(&None, &4);
        order.remove(&None, &1);
        assert_eq!(
            std::iter::from_fn(|| order.pop()).collect::<Vec<_>>(),
            [0, 2, 3]
        );
    }
}
