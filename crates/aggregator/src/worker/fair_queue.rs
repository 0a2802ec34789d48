//! What waits, of each owner in a queue of its own: they take turns. Pure.

use crate::accounting::shares::Owner;
use std::collections::VecDeque;

/// At most so much of it waits.
pub(super) struct FairQueue<T> {
    bound: usize,
    waiting: usize,
    /// In the order of their turns. None is empty, so there are no more of them than of what waits.
    queues: VecDeque<(Owner, VecDeque<T>)>,
}

impl<T> FairQueue<T> {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            bound,
            waiting: 0,
            queues: VecDeque::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Puts it behind the others of its owner. Where there is no room, whoever has most waiting gives up the last of it,
    /// and of two who have as much, the one who comes: that is given back.
    pub(super) fn push(&mut self, owner: Owner, item: T) -> Option<T> {
        let place = self.queues.iter().position(|(other, _)| *other == owner);
        let own = place.and_then(|place| self.queues.get(place));
        let own = own.map_or(0, |(_, items)| items.len());
        if self.waiting >= self.bound {
            let longest = self.queues.iter_mut().max_by_key(|(_, items)| items.len());
            let pushed_out = longest.filter(|(_, items)| items.len() > own + 1);
            let Some(last) = pushed_out.and_then(|(_, items)| items.pop_back()) else {
                return Some(item);
            };
            self.insert(place, owner, item);
            return Some(last);
        }
        self.waiting += 1;
        self.insert(place, owner, item);
        None
    }

    fn insert(&mut self, place: Option<usize>, owner: Owner, item: T) {
        match place.and_then(|place| self.queues.get_mut(place)) {
            Some((_, items)) => items.push_back(item),
            None => self.queues.push_back((owner, VecDeque::from([item]))),
        }
    }

    /// The first of the owner whose turn it is, of those who may have one.
    pub(super) fn pop(&mut self, may: impl Fn(&Owner) -> bool) -> Option<(Owner, T)> {
        let place = self.queues.iter().position(|(owner, _)| may(owner))?;
        let (owner, mut items) = self.queues.remove(place)?;
        let item = items.pop_front()?;
        self.waiting -= 1;
        if !items.is_empty() {
            self.queues.push_back((owner.clone(), items));
        }
        Some((owner, item))
    }
}

#[cfg(test)]
mod tests;
