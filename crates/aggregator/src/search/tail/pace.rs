//! How much time all tails together may take from what else the service does.
//!
//! Work is paid for with time: as long as it took, and no longer than such work takes where nobody is in its way, so that
//! on a machine that has much else to do tails get what they may. While more is stored than a machine of this size takes
//! easily, they may work less: then the writers need it.

use logs::clock::Clock;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// They may work one part of the time of a core in so many.
const USUAL: u32 = 4;
/// So many parts in a thousand of all cores' time while much is stored.
const PER_MILLE_WHEN_BUSY: u32 = 40;
/// What may be used at once of what was not used before.
const CREDIT: Duration = Duration::from_secs(1);
/// What a read takes, what it takes to look at a record, and to write one; in nanoseconds.
const READ: u64 = 150_000;
const LOOK_AT: u64 = 40;
const WRITE: u64 = 700;
/// What handing so many bytes to a connection takes, in nanoseconds each.
const HAND_OUT: u64 = 1;

/// Measures work, and says when the next may begin.
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    cores: u32,
    /// When all that was worked is paid for.
    paid: Mutex<Duration>,
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) took: Duration,
    pub(super) looked_at: usize,
    pub(super) written: usize,
}

impl Work {
    fn time(self) -> Duration {
        let many = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let looking = many(self.looked_at).saturating_mul(LOOK_AT);
        let writing = many(self.written).saturating_mul(WRITE);
        let usual = READ.saturating_add(looking).saturating_add(writing);
        self.took.min(Duration::from_nanos(usual))
    }
}

impl Pace {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            clock,
            cores: u32::try_from(cores).unwrap_or(u32::MAX),
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

    /// This was read and written, while much was stored or not.
    pub(super) fn worked(&self, work: Work, is_busy: bool) {
        self.pay(work.time(), is_busy);
    }

    /// So many bytes were handed out.
    pub(super) fn handed_out(&self, bytes: usize, is_busy: bool) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.pay(
            Duration::from_nanos(bytes.saturating_mul(HAND_OUT)),
            is_busy,
        );
    }

    fn pay(&self, time: Duration, is_busy: bool) {
        let busy = (1000 / PER_MILLE_WHEN_BUSY / self.cores).max(USUAL);
        let price = time * if is_busy { busy } else { USUAL };
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        *paid = (*paid).max(self.clock.elapsed().saturating_sub(CREDIT)) + price;
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

    fn stopped() -> (Arc<Stopped>, Pace) {
        let clock = Arc::new(Stopped(Mutex::new(Duration::from_secs(100))));
        let pace = Pace {
            cores: 2,
            ..Pace::new(Arc::clone(&clock) as Arc<dyn Clock>)
        };
        (clock, pace)
    }

    #[test]
    fn work_is_paid_for_in_time_and_what_was_not_used_is_credit_for_a_moment() {
        let (clock, pace) = stopped();
        pace.pay(CREDIT / USUAL, false);
        assert_eq!(pace.left(), Duration::ZERO);
        pace.pay(Duration::from_millis(10), false);
        assert_eq!(pace.left(), Duration::from_millis(40));
        pace.handed_out(1_000_000, false);
        assert_eq!(pace.left(), Duration::from_millis(44));
        *clock.0.lock().unwrap() += Duration::from_millis(44);
        assert_eq!(pace.left(), Duration::ZERO);
        // While much is stored it is a twelfth of two cores' half.
        pace.pay(Duration::from_millis(10), true);
        assert_eq!(pace.left(), Duration::from_millis(120));
    }

    #[test]
    fn work_takes_as_long_as_it_took_but_what_others_did_meanwhile_is_not_of_it() {
        let work = |millis| Work {
            took: Duration::from_millis(millis),
            looked_at: 10_000,
            written: 1000,
        };
        assert_eq!(work(1).time(), Duration::from_millis(1));
        assert_eq!(work(500).time(), Duration::from_micros(150 + 400 + 700));
    }
}
