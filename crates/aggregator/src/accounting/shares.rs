//! Places that are to be had by all, of which no one owner has all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whose something is, by name. None: nobody's in particular, and no bound but that of all.
pub type Owner = Option<Arc<str>>;

/// What one owner may have of so much: a quarter is kept from him, and one at least if there are two.
pub fn most_of_one(all: usize) -> usize {
    (all - all.div_ceil(4)).max(1)
}

/// The places, and how many of them each owner has. A quarter of them, and one at least if there are two, is kept from
/// any one owner: what they are for may take long, and another is not to wait for it.
#[derive(Debug)]
pub struct Shares {
    places: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_owner: HashMap<Arc<str>, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    owner: Owner,
}

impl Shares {
    /// So many places.
    pub fn new(places: usize) -> Self {
        Self {
            places,
            held: Mutex::default(),
        }
    }

    /// Whether there is a place for this owner.
    pub fn has_free_for(&self, owner: &Owner) -> bool {
        self.held().allow(owner, self.places)
    }

    /// How many there are.
    pub fn places(&self) -> usize {
        self.places
    }

    /// How many of them are taken.
    pub fn taken(&self) -> usize {
        self.held().all
    }

    /// Takes a place, if there is one for this owner.
    pub fn take(self: &Arc<Self>, owner: Owner) -> Option<Share> {
        let mut held = self.held();
        if !held.allow(&owner, self.places) {
            return None;
        }
        held.all += 1;
        if let Some(owner) = &owner {
            *held.by_owner.entry(Arc::clone(owner)).or_default() += 1;
        }
        drop(held);
        let shares = Arc::clone(self);
        Some(Share { shares, owner })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn allow(&self, owner: &Owner, places: usize) -> bool {
        let own = owner.as_ref().and_then(|owner| self.by_owner.get(owner));
        self.all < places && own.is_none_or(|own| *own < most_of_one(places))
    }
}

impl Share {
    /// Whose it is.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        held.all -= 1;
        let Some(owner) = &self.owner else { return };
        if let Some(own) = held.by_owner.get_mut(owner) {
            *own -= 1;
            if *own == 0 {
                held.by_owner.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(shares: &Arc<Shares>, name: Option<&str>) -> Vec<Share> {
        std::iter::from_fn(|| shares.take(name.map(Arc::from))).collect()
    }

    #[test]
    fn no_owner_has_the_last_quarter_and_nobody_in_particular_has_all() {
        for (places, most) in [(1, 1), (2, 1), (3, 2), (4, 3), (5, 3), (64, 48)] {
            let shares = Arc::new(Shares::new(places));
            let one = taken(&shares, Some("one"));
            assert_eq!(one.len(), most, "{places}");
            let another = taken(&shares, Some("another"));
            assert_eq!(another.len(), (places - most).min(most), "{places}");
            drop((one, another));
            assert_eq!(taken(&shares, None).len(), places);
        }
    }

    #[test]
    fn what_is_dropped_can_be_had_again_and_nothing_is_kept_of_its_owner() {
        let shares = Arc::new(Shares::new(4));
        let mut one = taken(&shares, Some("one"));
        assert!(!shares.has_free_for(&Some(Arc::from("one"))));
        drop(one.pop());
        one.extend(shares.take(Some(Arc::from("one"))));
        assert_eq!(one.len(), 3);
        assert_eq!(one[0].owner().as_deref(), Some("one"));
        drop(one);
        assert!(shares.held().by_owner.is_empty());
        assert_eq!(shares.held().all, 0);
    }
}
