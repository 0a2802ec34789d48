//! How long things took, counted by bounds that are the same for all, by any number of threads at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds in microseconds; what takes longer is counted behind the last one.
pub const BOUNDS: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// Durations of one kind. Adding one takes no lock.
#[derive(Debug, Default)]
pub struct Durations {
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// How many durations there were between each two bounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DurationCounts {
    /// Up to each of the bounds and above the one before it; the last are those above all.
    pub counts: [u64; BOUNDS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

impl Durations {
    /// Counts one.
    pub fn add(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted up to now.
    pub fn snapshot(&self) -> DurationCounts {
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        let counts = self.counts.each_ref();
        DurationCounts {
            counts: counts.map(|count| count.load(Ordering::Relaxed)),
            sum,
        }
    }
}

impl DurationCounts {
    /// How many there were in all.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_under_the_first_bound_that_it_does_not_pass() {
        assert!(BOUNDS.is_sorted());
        let durations = Durations::default();
        for micros in [0, 100, 101, 30_000_000, 30_000_001] {
            durations.add(Duration::from_micros(micros));
        }
        let told = durations.snapshot();
        let mut expected = [0; BOUNDS.len() + 1];
        expected[..2].copy_from_slice(&[2, 1]);
        expected[BOUNDS.len() - 1..].copy_from_slice(&[1, 1]);
        assert_eq!((told.counts, told.count()), (expected, 5));
        assert_eq!(told.sum, Duration::from_micros(60_000_202));
    }

    #[test]
    fn what_is_too_long_to_be_told_in_microseconds_is_counted_all_the_same() {
        let durations = Durations::default();
        durations.add(Duration::MAX);
        assert_eq!(durations.snapshot().count(), 1);
    }
}
