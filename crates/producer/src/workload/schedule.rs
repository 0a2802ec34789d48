//! The schedule of the open loop: when each batch is due, whatever became of the ones before it.

use std::time::Duration;

/// Distance between two logs' times when they are sent as fast as possible, in nanoseconds.
const UNPACED_STEP_NANOS: f64 = 1000.0;
const NANOS: f64 = 1_000_000_000.0;

/// The times at which the batches of a run are due, from its rate and its batch size.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Logs a second; 0 for as fast as possible.
    rate: f64,
    batch_size: u64,
}

impl Schedule {
    /// For so many logs a second, in batches of so many.
    pub fn new(rate: f64, batch_size: usize) -> Self {
        Self {
            rate,
            batch_size: u64::try_from(batch_size).unwrap_or(u64::MAX),
        }
    }

    /// Logs in a whole batch.
    pub fn batch_size(&self) -> u64 {
        self.batch_size
    }

    /// When a batch is due, from the start of the run; `None` without a rate.
    pub fn due(&self, batch: u64) -> Option<Duration> {
        (self.rate > 0.0).then(|| {
            let nanos = self.log_nanos(batch.saturating_mul(self.batch_size));
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
        })
    }

    /// The logs of all batches that are due by now; `None` without a rate.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "positive, and a float that is too large saturates"
    )]
    pub fn logs_due(&self, elapsed: Duration) -> Option<u64> {
        (self.rate > 0.0).then(|| {
            let batches = (elapsed.as_secs_f64() * self.rate / self.batch_size as f64) as u64 + 1;
            batches.saturating_mul(self.batch_size)
        })
    }

    /// Logs that were due by now and have not been sent; `count` is what is to be sent in total.
    pub fn logs_behind(&self, count: Option<u64>, elapsed: Duration, sent: u64) -> u64 {
        let due = self.logs_due(elapsed).unwrap_or(0);
        due.min(count.unwrap_or(u64::MAX)).saturating_sub(sent)
    }

    /// The time of a log, in nanoseconds after the time of the first one.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "exact for a hundred days, to a few nanoseconds afterwards"
    )]
    pub fn log_nanos(&self, log: u64) -> i64 {
        let step = if self.rate > 0.0 {
            NANOS / self.rate
        } else {
            UNPACED_STEP_NANOS
        };
        (log as f64 * step).round() as i64
    }

    /// The time in which so many logs come by the rate: none without one.
    #[expect(clippy::cast_precision_loss, reason = "exact for 2^53 logs")]
    pub fn time_of(&self, logs: u64) -> Duration {
        if self.rate > 0.0 {
            Duration::try_from_secs_f64(logs as f64 / self.rate).unwrap_or(Duration::MAX)
        } else {
            Duration::ZERO
        }
    }

    /// What the logs of one batch span: a batch holds the logs of the time before it is sent.
    pub fn batch_nanos(&self) -> i64 {
        self.log_nanos(self.batch_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_nth_batch_is_due_n_batches_after_the_start() {
        let schedule = Schedule::new(1000.0, 100);
        assert_eq!(schedule.due(0), Some(Duration::ZERO));
        assert_eq!(schedule.due(1), Some(Duration::from_millis(100)));
        assert_eq!(schedule.due(36_000), Some(Duration::from_secs(3600)));
        assert_eq!(Schedule::new(0.5, 1).due(3), Some(Duration::from_secs(6)));
    }

    #[test]
    fn without_a_rate_nothing_is_due_and_times_are_a_microsecond_apart() {
        let schedule = Schedule::new(0.0, 100);
        assert_eq!(schedule.due(5), None);
        assert_eq!(schedule.logs_due(Duration::from_secs(1)), None);
        assert_eq!(schedule.log_nanos(7), 7000);
        assert_eq!(schedule.time_of(7), Duration::ZERO);
    }

    #[test]
    fn what_is_behind_is_what_was_due_and_is_in_the_count_but_was_not_sent() {
        let schedule = Schedule::new(1000.0, 100);
        let second = Duration::from_millis(950);
        assert_eq!(schedule.logs_behind(None, second, 1000), 0);
        assert_eq!(schedule.logs_behind(None, second, 400), 600);
        assert_eq!(schedule.logs_behind(Some(700), second, 400), 300);
        assert_eq!(Schedule::new(0.0, 100).logs_behind(None, second, 0), 0);
    }

    proptest! {
        #[test]
        fn what_is_due_agrees_with_when_it_is_due(
            rate in 0.001..1e7_f64, size in 1_usize..10_000, batch in 0_u64..100_000,
        ) {
            let schedule = Schedule::new(rate, size);
            let due = schedule.due(batch).unwrap();
            let size = schedule.batch_size();
            let after = schedule.logs_due(due + Duration::from_micros(1)).unwrap();
            prop_assert!(after >= (batch + 1) * size);
            let later = schedule.due(batch + 1).unwrap();
            prop_assert!(later >= due);
            if later > due + Duration::from_micros(10) {
                let before = schedule.logs_due(later.saturating_sub(Duration::from_micros(1))).unwrap();
                prop_assert!(before <= (batch + 1) * size);
            }
        }
    }
}
