//! The moment at which a request is taken: its time of receipt, and its place among all others.

use logs::Timestamp;
use record::order::Taken;
use std::sync::atomic::{AtomicI64, Ordering};

/// When a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// What the clock said.
    pub(super) received_at: Timestamp,
    /// After that of every request before, whatever the clock said.
    pub(super) taken: Taken,
}

/// The last moment that there was.
#[derive(Debug)]
pub(super) struct Moments(AtomicI64);

impl Default for Moments {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Moments {
    /// The next one.
    pub(super) fn next(&self, now: Timestamp) -> Moment {
        let next = |last| Taken::from_ticks(last).next(now);
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(next(last).ticks())
            });
        Moment {
            received_at: now,
            taken: next(last.unwrap_or_else(|last| last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_after_those_before_it_also_when_the_clock_is_put_back() {
        let (moments, mut last) = (Moments::default(), None);
        for now in [5_000_000_000, 5_000_000_000, 4_000_000_000, 6_000_000_000] {
            let moment = moments.next(Timestamp::from_nanos(now));
            assert_eq!(moment.received_at.nanos(), now);
            assert!(last < Some(moment.taken), "{now}");
            last = Some(moment.taken);
        }
        assert_eq!(last, Some(Taken::at(Timestamp::from_nanos(6_000_000_000))));
    }
}
