//! What a store knows of the spools that batches came from.
//!
//! A spool has a random id in its folder, and rows name it by a small number. Of each it is known below
//! which sequence number rows may be gone: nothing below is delivered again, whatever the spool's own hint
//! says, and new numbers begin above. So a spool that was restored or copied doubles nothing, and nothing
//! that is new to it is taken for what was there before.

use logs::Timestamp;

/// By which a spool is known, in its folder.
pub type SpoolId = [u8; 16];

/// A row of what is known of spools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSpool {
    /// Its id.
    pub id: SpoolId,
    /// By which rows name it; from 1 on.
    pub number: u32,
    /// The first sequence number of its oldest segment when rows were removed last; 0 before.
    /// Written in the transaction that removes them.
    pub forgotten_below: u64,
    /// When another was found in its place; `None` while it is at hand.
    pub left_at: Option<Timestamp>,
}

/// Notes which spool is at hand, at a start; its place among all that are known, those that `known` had first.
/// The one that was at hand before has left no later than now.
pub fn at_hand(known: &mut Vec<KnownSpool>, id: SpoolId, now: Timestamp) -> usize {
    for spool in known.iter_mut().filter(|spool| spool.id != id) {
        spool.left_at.get_or_insert(now);
    }
    let place = known.iter().position(|spool| spool.id == id);
    let place = place.unwrap_or_else(|| {
        let last = known.iter().map(|spool| spool.number).max();
        known.push(KnownSpool {
            id,
            number: last.unwrap_or(0).saturating_add(1),
            forgotten_below: 0,
            left_at: None,
        });
        known.len() - 1
    });
    if let Some(spool) = known.get_mut(place) {
        spool.left_at = None;
    }
    place
}

/// Whether batches may be forgotten of a spool that nobody knows, from its oldest number on: it has lost its id, or
/// never had one, and may be any that is known. Where nothing is forgotten from there on, what is delivered once more
/// is told by its rows.
pub fn may_be_forgotten(known: &[KnownSpool], oldest: u64) -> bool {
    known.iter().any(|spool| oldest < spool.forgotten_below)
}

/// When a spool was at hand last that is not now.
pub fn last_left_at(known: &[KnownSpool]) -> Option<Timestamp> {
    known.iter().filter_map(|spool| spool.left_at).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn of_a_spool_that_nobody_knows_batches_may_be_forgotten_where_they_are_of_any() {
        let mut known = Vec::new();
        at_hand(&mut known, [1; 16], time(1));
        at_hand(&mut known, [2; 16], time(2));
        assert!(!may_be_forgotten(&known, 1));
        known[0].forgotten_below = 7;
        assert!(may_be_forgotten(&known, 6) && !may_be_forgotten(&known, 7));
    }

    #[test]
    fn a_spool_has_its_number_for_good_and_leaves_when_another_comes() {
        let mut known = Vec::new();
        assert_eq!(at_hand(&mut known, [1; 16], time(1)), 0);
        assert_eq!((known[0].number, last_left_at(&known)), (1, None));
        known[0].forgotten_below = 7;
        assert_eq!(at_hand(&mut known, [2; 16], time(5)), 1);
        assert_eq!((known[1].number, last_left_at(&known)), (2, Some(time(5))));
        // It left once, however often the other is found.
        at_hand(&mut known, [2; 16], time(6));
        assert_eq!(last_left_at(&known), Some(time(5)));
        let again = at_hand(&mut known, [1; 16], time(9));
        assert_eq!(
            (again, known[0].number, known[0].forgotten_below),
            (0, 1, 7)
        );
        assert_eq!((known[0].left_at, known[1].left_at), (None, Some(time(9))));
    }
}
