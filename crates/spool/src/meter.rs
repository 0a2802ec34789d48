//! Rates and durations of the last seconds, for `/health` and for `Retry-After`.

use logs::durations::{DurationCounts, Durations};
use std::collections::VecDeque;
use std::time::Duration;

/// Seconds that a rate looks back.
const WINDOW: u64 = 10;
/// Durations that are remembered.
const KEPT: usize = 1024;

/// How much came by in the last ten seconds.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Second and amount, oldest first.
    seconds: VecDeque<(u64, u64)>,
}

impl Rate {
    /// Notes an amount; `now` is time since the start of the process.
    pub(super) fn add(&mut self, now: Duration, amount: u64) {
        let second = now.as_secs();
        self.forget(second);
        match self.seconds.back_mut() {
            Some((last, sum)) if *last == second => *sum += amount,
            _ => self.seconds.push_back((second, amount)),
        }
    }

    /// Amount a second.
    pub(super) fn per_second(&mut self, now: Duration) -> u64 {
        self.forget(now.as_secs());
        let sum: u64 = self.seconds.iter().map(|(_, amount)| amount).sum();
        sum / WINDOW.min(now.as_secs() + 1)
    }

    fn forget(&mut self, second: u64) {
        while self
            .seconds
            .front()
            .is_some_and(|(old, _)| old + WINDOW <= second)
        {
            self.seconds.pop_front();
        }
    }
}

/// The last durations of one kind.
#[derive(Debug, Default)]
pub(super) struct LastDurations {
    last: VecDeque<Duration>,
    /// All that there have been.
    all: Durations,
}

impl LastDurations {
    pub(super) fn add(&mut self, duration: Duration) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(duration);
        self.all.add(duration);
    }

    /// All that there have been.
    pub(super) fn all(&self) -> DurationCounts {
        self.all.snapshot()
    }

    /// The durations that so many of a hundred do not pass; 0 when there are none.
    pub(super) fn percentiles<const N: usize>(&self, percents: [usize; N]) -> [Duration; N] {
        let mut sorted: Vec<Duration> = self.last.iter().copied().collect();
        sorted.sort_unstable();
        percents.map(|percent| {
            let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
            sorted.get(rank).copied().unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_ten_seconds() {
        let at = Duration::from_secs;
        let mut rate = Rate::default();
        rate.add(at(100), 50);
        rate.add(at(105), 50);
        assert_eq!(rate.per_second(at(109)), 10);
        assert_eq!(rate.per_second(at(110)), 5);
        assert_eq!(rate.per_second(at(115)), 0);
    }

    #[test]
    fn a_percentile_is_the_duration_that_so_many_do_not_pass() {
        let mut durations = LastDurations::default();
        assert_eq!(durations.percentiles([99]), [Duration::ZERO]);
        for millis in 1..=200 {
            durations.add(Duration::from_millis(millis));
        }
        assert_eq!(durations.percentiles([50]), [Duration::from_millis(100)]);
        assert_eq!(durations.percentiles([99]), [Duration::from_millis(198)]);
        for _ in 0..KEPT {
            durations.add(Duration::from_millis(7));
        }
        assert_eq!(durations.percentiles([100]), [Duration::from_millis(7)]);
    }
}
