//! What stands in the way of deliveries at present. Each problem belongs to the delivery that has it:
//! another's success says nothing about it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The problems of all deliveries. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems(Arc<Mutex<Standing>>);

#[derive(Debug, Default)]
struct Standing {
    next: u64,
    /// When something came to stand in the way after nothing had.
    since: Duration,
    /// Oldest first.
    reasons: BTreeMap<u64, String>,
}

/// What stands in one delivery's way; it is gone with the delivery.
#[derive(Debug)]
pub(crate) struct Problem {
    all: Problems,
    number: Option<u64>,
}

impl Problems {
    /// The oldest that is still there.
    pub(crate) fn oldest(&self) -> Option<String> {
        self.standing().reasons.values().next().cloned()
    }

    /// A place for one delivery's.
    pub(crate) fn of_one(&self) -> Problem {
        Problem {
            all: self.clone(),
            number: None,
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Problem {
    /// Notes why it is not going on; whether nothing stood in anybody's way before.
    pub(crate) fn note(&mut self, reason: String, now: Duration) -> bool {
        let mut standing = self.all.standing();
        let is_first = standing.reasons.is_empty();
        if is_first {
            standing.since = now;
        }
        let number = *self.number.get_or_insert(standing.next);
        standing.next = standing.next.max(number + 1);
        standing.reasons.insert(number, reason);
        is_first
    }

    /// It goes on. Where that was the last problem of all, for how long there were any.
    pub(crate) fn clear(&mut self, now: Duration) -> Option<Duration> {
        let number = self.number.take()?;
        let mut standing = self.all.standing();
        standing.reasons.remove(&number);
        let is_last = standing.reasons.is_empty();
        is_last.then(|| now.saturating_sub(standing.since))
    }
}

impl Drop for Problem {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.all.standing().reasons.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_stays_until_its_own_delivery_is_rid_of_it_and_the_oldest_is_told() {
        let at = Duration::from_secs;
        let problems = Problems::default();
        let (mut first, mut second) = (problems.of_one(), problems.of_one());
        assert!(first.note("a".to_owned(), at(1)));
        assert!(!second.note("b".to_owned(), at(2)));
        assert_eq!(problems.of_one().clear(at(2)), None);
        assert_eq!(problems.oldest().as_deref(), Some("a"));
        // It is as old as it was when it began.
        assert!(!first.note("a, still".to_owned(), at(3)));
        assert_eq!(problems.oldest().as_deref(), Some("a, still"));
        assert_eq!(first.clear(at(4)), None);
        assert_eq!(problems.oldest().as_deref(), Some("b"));
        assert!(!first.note("a, again".to_owned(), at(5)));
        assert_eq!(problems.oldest().as_deref(), Some("b"));
        drop(first);
        assert_eq!(second.clear(at(8)), Some(at(7)), "since the first of all");
        assert_eq!(problems.oldest(), None);
    }
}
