//! Who is refused is told in the log, since most senders drop what gets such an answer; and seldom enough that no
//! stranger can fill the log with it.

use logs::counted;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Between two lines of one kind.
const BETWEEN: Duration = Duration::from_secs(60);

/// What was told of each kind of refusal, by the code of its answer.
#[derive(Debug, Default)]
pub struct RefusalNotices(Mutex<BTreeMap<&'static str, Notice>>);

#[derive(Debug, Default)]
struct Notice {
    told: Option<Duration>,
    untold: u64,
}

/// A refusal that is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Of its kind, since the last one that was told.
    untold: u64,
}

impl Due {
    /// What is said of the others, behind the sentence.
    pub(super) fn others(&self) -> String {
        match self.untold {
            0 => String::new(),
            count => format!("; {} before", counted(count, "other", "others")),
        }
    }
}

impl RefusalNotices {
    /// One more of this kind; whether it is to be told.
    pub(super) fn note(&self, code: &'static str, now: Duration) -> Option<Due> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let notice = kinds.entry(code).or_default();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_told_at_once_and_then_once_a_minute_with_the_number_of_the_others() {
        let at = Duration::from_secs;
        let notices = RefusalNotices::default();
        let note = |code, now| notices.note(code, now).map(|due| due.others());
        assert_eq!(note("a", at(0)), Some(String::new()));
        assert_eq!((note("a", at(1)), note("a", at(59))), (None, None));
        assert_eq!(note("b", at(59)), Some(String::new()));
        assert_eq!(note("a", at(60)), Some("; 2 others before".to_owned()));
        assert_eq!(note("a", at(61)), None);
        assert_eq!(note("a", at(500)), Some("; 1 other before".to_owned()));
    }
}
