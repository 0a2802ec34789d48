//! Connections that cannot be accepted, most often for want of descriptors: a condition that lasts,
//! said once when it begins and once when it is over, with how long it took.

use std::io;
use std::time::Duration;

/// It is over once nothing has failed for so long: when descriptors are short, each one that becomes
/// free is taken at once.
const QUIET: Duration = Duration::from_secs(5);

/// What is known of the condition.
#[derive(Debug, Default)]
pub(super) struct AcceptTrouble(Option<Failing>);

#[derive(Debug, Clone, Copy)]
struct Failing {
    since: Duration,
    last: Duration,
}

impl AcceptTrouble {
    /// Accepting failed; whether that is news.
    pub(super) fn failed(&mut self, now: Duration) -> bool {
        let since = self.0.map(|failing| failing.since);
        self.0 = Some(Failing {
            since: since.unwrap_or(now),
            last: now,
        });
        since.is_none()
    }

    /// How long until it may be over; `None` without trouble.
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        let quiet = now.saturating_sub(self.0?.last);
        Some(QUIET.saturating_sub(quiet))
    }

    /// For how long accepting had failed, if that is over, which is told once.
    pub(super) fn ended(&mut self, now: Duration) -> Option<Duration> {
        let is_over = self.left(now) == Some(Duration::ZERO);
        let ended = self.0.take_if(|_| is_over)?;
        Some(ended.last.saturating_sub(ended.since))
    }
}

/// Whether a failure is one connection's own, which was gone before it was accepted.
pub(super) fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | HostUnreachable | Interrupted | NetworkUnreachable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_once_and_its_end_once_however_often_it_fails_in_between() {
        let at = Duration::from_millis;
        let mut trouble = AcceptTrouble::default();
        assert_eq!((trouble.left(at(0)), trouble.ended(at(0))), (None, None));
        let told = (0..100).filter(|number| trouble.failed(at(number * 100)));
        assert_eq!(told.count(), 1);
        assert_eq!(trouble.left(at(10_000)), Some(at(4_900)));
        assert_eq!(trouble.ended(at(14_899)), None);
        assert_eq!(trouble.ended(at(14_900)), Some(at(9_900)));
        assert_eq!(trouble.ended(at(20_000)), None);
        assert!(trouble.failed(at(20_000)), "told anew");
    }
}
