//! How many logs a second were accepted lately. Pure.
//!
//! It is measured from one moment at which logs came to a later one: batches come whole, and the time
//! before the first of them or behind the last would make the rate of few of them a matter of luck.

use crate::units::per_second;
use std::collections::VecDeque;
use std::time::Duration;

/// No rate is told of less than this.
const LEAST: Duration = Duration::from_secs(1);
/// How far it looks back, and how long a silence lasts until it is one.
const LATELY: Duration = Duration::from_secs(5);

/// What was seen of the accepted logs lately.
#[derive(Debug)]
pub(super) struct RecentRate {
    /// When there were more than before, and how many then.
    steps: VecDeque<(Duration, u64)>,
    /// How many there were at the last look.
    known: u64,
    /// Longer without any more than this means that none come.
    patience: Duration,
    is_silent: bool,
}

impl RecentRate {
    /// For batches that are due this far apart.
    pub(super) fn new(between_batches: Duration) -> Self {
        Self {
            steps: VecDeque::new(),
            known: 0,
            patience: LATELY.max(between_batches.saturating_mul(2)),
            is_silent: false,
        }
    }

    /// Looks at the number of logs accepted so far; `None` until a rate is known.
    pub(super) fn observe(&mut self, now: Duration, accepted: u64) -> Option<f64> {
        if accepted > self.known {
            self.known = accepted;
            self.steps.push_back((now, accepted));
        }
        if let Some((last, behind)) = self.steps.back().copied() {
            // Two steps stay, however far apart they are.
            let is_old = |(at, _): &(Duration, u64)| *at + LATELY <= last && *at < last;
            while self.steps.get(1).is_some_and(is_old) {
                self.steps.pop_front();
            }
            let (first, before) = *self.steps.front()?;
            if now > last + self.patience {
                // What comes behind the silence is measured by itself.
                self.steps.clear();
                self.is_silent = true;
            } else if last >= first + LEAST {
                self.is_silent = false;
                return Some(per_second(behind - before, last.saturating_sub(first)));
            }
        }
        self.is_silent.then_some(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told at each look, every 200 ms, when a batch comes every `millis` for `seconds`.
    fn told(batch: u64, millis: u64, seconds: u64) -> Vec<Option<f64>> {
        let mut rate = RecentRate::new(Duration::from_millis(millis));
        let looks = (0..seconds * 5).map(|look| look * 200);
        looks
            .map(|now| rate.observe(Duration::from_millis(now), (now / millis + 1) * batch))
            .collect()
    }

    #[test]
    fn it_is_unknown_in_the_first_second_and_then_what_was_asked_for() {
        for (batch, millis) in [(100, 200), (100, 1000), (10, 40), (100, 10_000)] {
            let expected = f64::from(u32::try_from(batch * 1000 / millis).unwrap());
            let told = told(batch, millis, 40);
            assert_eq!(told[..5], [None; 5], "{batch} each {millis} ms");
            for rate in told.into_iter().flatten() {
                assert!((rate - expected).abs() < 0.01, "{rate} and not {expected}");
            }
        }
    }

    #[test]
    fn it_is_nothing_after_a_silence_and_the_silence_is_no_part_of_what_follows() {
        let mut rate = RecentRate::new(Duration::from_millis(200));
        let at = Duration::from_millis;
        for step in 0..20 {
            rate.observe(at(step * 200), (step + 1) * 100);
        }
        assert_eq!(rate.observe(at(8_000), 2_000), Some(500.0));
        assert_eq!(rate.observe(at(9_000), 2_000), Some(0.0));
        assert_eq!(rate.observe(at(20_000), 2_000), Some(0.0));
        for step in 1..=10 {
            rate.observe(at(20_000 + step * 200), 2_000 + step * 100);
        }
        let after = rate.observe(at(26_000), 3_000).unwrap();
        assert!((400.0..=510.0).contains(&after), "{after}");
    }
}
