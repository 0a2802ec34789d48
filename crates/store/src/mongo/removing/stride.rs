//! How many documents one step of removing looks at: as many as the last ones had time for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const FIRST: u64 = 500;
/// Of fewer, most of the time is that of the journal, which each command waits for.
const LEAST: u64 = 500;
/// What is asked for by their ids is one command.
const MOST: u64 = 8_192;

/// What was learned.
#[derive(Debug)]
pub(in crate::mongo) struct Stride(AtomicU64);

impl Default for Stride {
    fn default() -> Self {
        Self(AtomicU64::new(FIRST))
    }
}

impl Stride {
    /// For the next step.
    pub(super) fn documents(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes how long a step took that was to take some time.
    pub(super) fn learn(&self, took: Duration, time: Duration, is_done: bool) {
        let last = self.documents();
        let next = match is_done {
            true if took < time / 2 => last * 2,
            true if took <= time => last,
            _ => last / 2,
        };
        self.0.store(next.clamp(LEAST, MOST), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_took_long_or_failed_is_followed_by_a_shorter_one_within_bounds() {
        let (stride, time) = (Stride::default(), Duration::from_millis(40));
        stride.learn(Duration::from_millis(10), time, true);
        assert_eq!(stride.documents(), 1_000);
        stride.learn(time, time, true);
        assert_eq!(stride.documents(), 1_000);
        stride.learn(time * 2, time, true);
        assert_eq!(stride.documents(), 500);
        for _ in 0..9 {
            stride.learn(Duration::ZERO, time, false);
        }
        assert_eq!(stride.documents(), LEAST);
        for _ in 0..9 {
            stride.learn(Duration::ZERO, time, true);
        }
        assert_eq!(stride.documents(), MOST);
    }
}
