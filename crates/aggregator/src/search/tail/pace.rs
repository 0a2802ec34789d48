//! How much time all tails together may take from what else the service does.

use logs::clock::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// They may work one part of the time in so many.
const SHARE: u32 = 4;
/// What was not used of the last moments may be used at once, as time that is worked.
const CREDIT: Duration = Duration::from_millis(250);
/// What handing so many bytes to a connection takes, about a nanosecond each.
const BYTES: u32 = 1;

/// Measures work, and says when the next may begin.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    /// When all that was worked is paid for.
    paid: Mutex<Duration>,
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            paid: Mutex::default(),
        }
    }

    /// Waits until there may be work.
    pub(super) async fn wait(&self) {
        loop {
            let wait = self.left();
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// It took so long.
    pub(super) fn worked(&self, time: Duration) {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let least = self.clock.elapsed().saturating_sub(CREDIT * SHARE);
        *paid = (*paid).max(least) + time * SHARE;
    }

    /// So many bytes were handed out.
    pub(super) fn handed_out(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.worked(Duration::from_nanos(u64::from(bytes) * u64::from(BYTES)));
    }

    fn left(&self) -> Duration {
        let paid = *self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        paid.saturating_sub(self.clock.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;

    struct Stopped(Mutex<Duration>);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_nanos(0)
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn work_is_paid_for_in_time_and_what_was_not_used_is_credit_for_a_moment() {
        let clock = Arc::new(Stopped(Mutex::new(Duration::from_secs(100))));
        let pace = Pace::new(Arc::clone(&clock) as Arc<dyn Clock>);
        pace.worked(CREDIT);
        assert_eq!(pace.left(), Duration::ZERO);
        pace.worked(Duration::from_millis(10));
        assert_eq!(pace.left(), Duration::from_millis(10) * SHARE);
        pace.handed_out(1_000_000);
        assert_eq!(pace.left(), Duration::from_millis(11) * SHARE);
        *clock.0.lock().unwrap() += Duration::from_millis(11) * SHARE;
        assert_eq!(pace.left(), Duration::ZERO);
    }
}
