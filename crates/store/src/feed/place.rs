//! Whether a reader can go on in a feed where it was, and when an entry may go (pure).

use super::{Gap, Life, Reached};
use logs::Timestamp;

/// How long an entry stays once the one behind it was written: a day, and an hour for clocks and for who is on the way.
pub(crate) const KEPT_NANOS: i64 = 25 * 3_600_000_000_000;

/// Whether an entry may go, by when the one behind it was written. The newest has none, and stays.
pub(crate) fn may_go(next_written: Timestamp, now: Timestamp) -> bool {
    next_written.nanos().saturating_add(KEPT_NANOS) <= now.nanos()
}

/// What is there of a feed, at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The number of the first entry that is there.
    pub(crate) first: u64,
    /// The last one.
    pub(crate) newest: Reached,
}

/// Behind which number a reader goes on that has `reached` an entry behind it. `at_number` is the life of the entry that
/// has that number, where it is there.
///
/// One that is gone is not gone on from, also where the next is there: whose it was is not known any more, and the reader
/// stayed away for longer than a day.
pub(crate) fn behind(
    reached: Option<Reached>,
    at_number: Option<Life>,
    standing: Option<Standing>,
) -> Result<u64, Gap> {
    let reached = reached.filter(|reached| reached.number > 0);
    match (reached, standing, at_number) {
        (None, None, _) => Ok(0),
        (None, Some(standing), _) if standing.first <= 1 => Ok(0),
        (None, Some(_), _) => Err(Gap::Forgotten),
        (Some(_), None, _) => Err(Gap::AnotherHistory),
        (Some(reached), Some(_), Some(life)) if life == reached.life => Ok(reached.number),
        (Some(_), Some(_), Some(_)) => Err(Gap::AnotherHistory),
        (Some(reached), Some(standing), None) if reached.number < standing.first => {
            Err(Gap::Forgotten)
        }
        (Some(_), Some(_), None) => Err(Gap::AnotherHistory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Life = Life([1; 8]);
    const OTHER: Life = Life([2; 8]);

    fn reached(number: u64) -> Option<Reached> {
        Some(Reached { number, life: OWN })
    }

    fn standing(first: u64, newest: u64) -> Option<Standing> {
        let newest = Reached {
            number: newest,
            life: OTHER,
        };
        Some(Standing { first, newest })
    }

    #[test]
    fn a_reader_goes_on_from_an_entry_that_is_there_and_is_of_the_life_that_it_knows() {
        assert_eq!(behind(reached(5), Some(OWN), standing(5, 9)), Ok(5));
        assert_eq!(behind(reached(9), Some(OWN), standing(5, 9)), Ok(9));
        assert_eq!(
            behind(reached(5), Some(OTHER), standing(5, 9)),
            Err(Gap::AnotherHistory)
        );
    }

    #[test]
    fn where_the_entry_is_not_there_it_is_told_why() {
        assert_eq!(
            behind(reached(4), None, standing(5, 9)),
            Err(Gap::Forgotten)
        );
        assert_eq!(
            behind(reached(10), None, standing(5, 9)),
            Err(Gap::AnotherHistory)
        );
        assert_eq!(behind(reached(1), None, None), Err(Gap::AnotherHistory));
    }

    #[test]
    fn who_knows_nothing_yet_begins_with_the_first_entry_as_long_as_that_is_there() {
        for none in [None, reached(0)] {
            assert_eq!(behind(none, None, None), Ok(0));
            assert_eq!(behind(none, None, standing(1, 9)), Ok(0));
            assert_eq!(behind(none, None, standing(2, 9)), Err(Gap::Forgotten));
        }
    }

    #[test]
    fn an_entry_goes_a_day_and_an_hour_after_the_next_was_written() {
        let at = |nanos| Timestamp::from_nanos(nanos);
        assert!(!may_go(at(7), at(6 + KEPT_NANOS)));
        assert!(may_go(at(7), at(7 + KEPT_NANOS)));
        assert!(!may_go(at(i64::MAX), at(i64::MAX - 1)));
    }
}
