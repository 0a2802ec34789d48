//! What was used of a rate, and when more may be: a bucket that fills with time and may owe something. Pure: whoever asks
//! says what time it is.
//!
//! Whatever its size, what comes is taken as long as nothing is owed; so nothing is too large to be taken ever, and what
//! is more than there was is paid back with time before anything else is taken. Over any time, at most the burst, what
//! the rate gives in it, and what the last one took on credit are taken.

use std::time::Duration;

/// A part of a unit: what a rate of one a second gives in a nanosecond.
const PARTS: u128 = 1_000_000_000;

/// A rate, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) per_second: u64,
    /// How many may come at once, after a time without any.
    pub(super) burst: u64,
}

/// What was used of it. It holds whatever the rate is, so one that has changed counts at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// What it lacks until it is full, in parts of a unit.
    lacks: u128,
    at: Duration,
}

impl Bucket {
    /// How long nothing is taken: no time, if nothing is owed.
    pub(super) fn wait(&mut self, rate: Rate, now: Duration) -> Duration {
        self.fill(rate, now);
        let owed = self.lacks.saturating_sub(u128::from(rate.burst) * PARTS);
        let nanos = owed.div_ceil(u128::from(rate.per_second).max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Takes so many units, whatever is owed then.
    pub(super) fn take(&mut self, units: u64) {
        self.lacks = self.lacks.saturating_add(u128::from(units) * PARTS);
    }

    /// Puts back what was taken.
    pub(super) fn give_back(&mut self, units: u64) {
        self.lacks = self.lacks.saturating_sub(u128::from(units) * PARTS);
    }

    fn fill(&mut self, rate: Rate, now: Duration) {
        // Two who ask at a time may have looked at the clock in another order.
        let time = now.saturating_sub(self.at).as_nanos();
        let filled = time.saturating_mul(u128::from(rate.per_second));
        self.lacks = self.lacks.saturating_sub(filled);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rate(per_second: u64, burst: u64) -> Rate {
        Rate { per_second, burst }
    }

    /// Takes if nothing is owed; else how long that lasts.
    fn ask(bucket: &mut Bucket, rate: Rate, now: Duration, units: u64) -> Result<(), Duration> {
        match bucket.wait(rate, now) {
            Duration::ZERO => {
                bucket.take(units);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    #[test]
    fn a_burst_is_taken_at_once_and_what_is_more_is_paid_back_before_the_next() {
        let (mut bucket, rate) = (Bucket::default(), rate(10, 20));
        for _ in 0..3 {
            assert_eq!(ask(&mut bucket, rate, at(5), 10), Ok(()));
        }
        // Ten are owed.
        assert_eq!(ask(&mut bucket, rate, at(5), 1), Err(at(1000)));
        assert_eq!(ask(&mut bucket, rate, at(1004), 1), Err(at(1)));
        assert_eq!(ask(&mut bucket, rate, at(1005), 1), Ok(()));
        assert_eq!(ask(&mut bucket, rate, at(1005), 1), Err(at(100)));
    }

    #[test]
    fn one_that_is_larger_than_the_burst_is_taken_and_nothing_for_as_long_as_it_is_worth() {
        let (mut bucket, rate) = (Bucket::default(), rate(1, 5));
        assert_eq!(ask(&mut bucket, rate, at(0), 1_000_005), Ok(()));
        let wait = Duration::from_secs(1_000_000);
        assert_eq!(ask(&mut bucket, rate, at(0), 1), Err(wait));
        assert_eq!(ask(&mut bucket, rate, wait, 1_000_005), Ok(()));
        assert!(ask(&mut bucket, rate, wait, u64::MAX).is_err());
    }

    #[test]
    fn a_rate_that_has_changed_counts_at_once_for_what_is_owed_as_well() {
        let (mut bucket, low) = (Bucket::default(), rate(1, 1));
        assert_eq!(ask(&mut bucket, low, at(0), 101), Ok(()));
        assert_eq!(bucket.wait(low, at(0)), at(100_000));
        assert_eq!(bucket.wait(rate(50, 1), at(0)), at(2_000));
        assert_eq!(bucket.wait(rate(50, 101), at(0)), at(0));
        // A burst that is smaller now leaves something owed.
        assert_eq!(bucket.wait(rate(1, 91), at(0)), at(10_000));
    }

    #[test]
    fn what_is_given_back_was_never_taken_and_a_clock_that_was_read_late_gives_nothing() {
        let (mut bucket, rate) = (Bucket::default(), rate(1, 10));
        assert_eq!(ask(&mut bucket, rate, at(5_000), 15), Ok(()));
        assert_eq!(bucket.wait(rate, at(1_000)), at(5_000));
        assert_eq!(bucket.wait(rate, at(5_000)), at(5_000));
        bucket.give_back(15);
        assert_eq!(
            bucket,
            Bucket {
                lacks: 0,
                at: at(5_000)
            }
        );
        bucket.give_back(15);
        assert_eq!(bucket.wait(rate, at(5_000)), at(0));
    }

    proptest! {
        #[test]
        fn over_any_time_no_more_is_taken_than_burst_and_rate_give_and_one_on_credit(
            (per_second, burst) in (1_u64..2_000, 0_u64..5_000),
            asked in prop::collection::vec((0_u64..700, 0_u64..3_000), 1..60),
        ) {
            let rate = rate(per_second, burst);
            let (mut bucket, mut now) = (Bucket::default(), Duration::ZERO);
            let mut taken: Vec<(Duration, u64)> = Vec::new();
            for (pause, units) in asked {
                now += at(pause);
                if ask(&mut bucket, rate, now, units).is_ok() {
                    taken.push((now, units));
                }
            }
            for first in 0..taken.len() {
                for last in first..taken.len() {
                    let span = &taken[first..=last];
                    let time = span[span.len() - 1].0.as_nanos() - span[0].0.as_nanos();
                    let before: u64 = span[..span.len() - 1].iter().map(|(_, units)| units).sum();
                    let given = u128::from(burst) * PARTS + u128::from(per_second) * time;
                    prop_assert!(u128::from(before) * PARTS <= given, "{before} in {time} ns");
                }
            }
        }

        #[test]
        fn after_the_time_that_is_told_the_same_is_taken_and_not_a_nanosecond_before(
            (per_second, burst) in (1_u64..2_000_000, 0_u64..5_000),
            asked in prop::collection::vec((0_u64..700, 0_u64..30_000), 1..30),
        ) {
            let rate = rate(per_second, burst);
            let (mut bucket, mut now) = (Bucket::default(), Duration::ZERO);
            for (pause, units) in asked {
                now += at(pause);
                if let Err(wait) = ask(&mut bucket, rate, now, units) {
                    let nearly = wait.saturating_sub(Duration::from_nanos(1));
                    let mut other = bucket;
                    prop_assert!(ask(&mut other, rate, now + nearly, units).is_err());
                    now += wait;
                    prop_assert_eq!(ask(&mut bucket, rate, now, units), Ok(()));
                }
            }
        }
    }
}
