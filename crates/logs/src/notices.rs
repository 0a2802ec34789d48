//! Things that come again and again, each kind of which is told at once and then seldom, with the number of the others; so
//! nobody can fill the log with them.

use crate::counted;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two lines of one kind.
const BETWEEN: Duration = Duration::from_secs(60);
/// More kinds are not told apart for long.
const MAX_KINDS: usize = 4096;

/// What was told of each kind.
#[derive(Debug)]
pub struct Notices<K>(Mutex<BTreeMap<K, Notice>>);

#[derive(Debug, Default)]
struct Notice {
    told: Option<Duration>,
    untold: u64,
}

/// One that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub struct Due {
    untold: u64,
}

impl Due {
    /// How many others of its kind there were since the last one that was told.
    pub fn untold(&self) -> u64 {
        self.untold
    }

    /// What is said of the others, behind the sentence.
    pub fn others(&self) -> String {
        match self.untold {
            0 => String::new(),
            count => format!("; {} before", counted(count, "other", "others")),
        }
    }
}

impl<K> Default for Notices<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> Notices<K> {
    /// One more of this kind; whether it is to be told.
    pub fn note(&self, kind: K, now: Duration) -> Option<Due> {
        let mut kinds = self.kinds();
        if kinds.len() >= MAX_KINDS && !kinds.contains_key(&kind) {
            kinds.clear();
        }
        let notice = kinds.entry(kind).or_default();
        match notice.told {
            Some(told) if now.saturating_sub(told) < BETWEEN => {
                notice.untold += 1;
                None
            }
            _ => {
                notice.told = Some(now);
                let untold = std::mem::take(&mut notice.untold);
                Some(Due { untold })
            }
        }
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<K, Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_at_once_and_then_once_a_minute_with_the_number_of_the_others() {
        let at = Duration::from_secs;
        let notices = Notices::default();
        let note = |code, now| notices.note(code, now).map(|due| due.others());
        assert_eq!(note("a", at(0)), Some(String::new()));
        assert_eq!((note("a", at(1)), note("a", at(59))), (None, None));
        assert_eq!(note("b", at(59)), Some(String::new()));
        assert_eq!(note("a", at(60)), Some("; 2 others before".to_owned()));
        assert_eq!(note("a", at(61)), None);
        assert_eq!(note("a", at(500)), Some("; 1 other before".to_owned()));
    }

    #[test]
    fn so_many_kinds_are_remembered_and_all_are_told() {
        let notices = Notices::default();
        for kind in 0..3 * MAX_KINDS {
            assert!(notices.note(kind, Duration::ZERO).is_some());
            assert!(notices.kinds().len() <= MAX_KINDS);
        }
    }
}
