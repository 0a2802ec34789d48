//! Owns the sliding window: how many calls ended in each of the last seconds, and how.

use std::time::Duration;

/// How a call that counts has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Failed,
    /// Succeeded, but took too long.
    Slow,
}

/// Calls by outcome. The outcomes exclude each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ok: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

impl Counts {
    pub(super) fn calls(self) -> u32 {
        self.ok
            .saturating_add(self.failed)
            .saturating_add(self.slow)
    }

    fn add(self, other: Self) -> Self {
        Self {
            ok: self.ok.saturating_add(other.ok),
            failed: self.failed.saturating_add(other.failed),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// The second since the start of the process that the counts belong to. A bucket is never
    /// cleared when it expires, it is told by its age, so an idle gap of any length costs nothing.
    second: u64,
    counts: Counts,
}

/// A ring of one-second buckets, of which the current second is the youngest. Time must not go
/// backwards.
#[derive(Debug)]
pub(super) struct Window {
    ring: Vec<Bucket>,
}

impl Window {
    /// `buckets` is the length in seconds; 0 is taken as 1.
    pub(super) fn new(buckets: u32) -> Self {
        let length = usize::try_from(buckets).unwrap_or(1).max(1);
        Self {
            ring: vec![Bucket::default(); length],
        }
    }

    pub(super) fn clear(&mut self) {
        self.ring.fill(Bucket::default());
    }

    pub(super) fn record(&mut self, now: Duration, outcome: Outcome) {
        let second = now.as_secs();
        let slot = usize::try_from(second % self.length()).unwrap_or(0);
        let Some(bucket) = self.ring.get_mut(slot) else {
            return;
        };
        if bucket.second != second {
            *bucket = Bucket {
                second,
                counts: Counts::default(),
            };
        }
        let count = match outcome {
            Outcome::Ok => &mut bucket.counts.ok,
            Outcome::Failed => &mut bucket.counts.failed,
            Outcome::Slow => &mut bucket.counts.slow,
        };
        *count = count.saturating_add(1);
    }

    /// The sum over the current second and the ones before it that are still in the window.
    pub(super) fn totals(&self, now: Duration) -> Counts {
        let second = now.as_secs();
        let young = |bucket: &&Bucket| second.saturating_sub(bucket.second) < self.length();
        self.ring
            .iter()
            .filter(young)
            .fold(Counts::default(), |sum, bucket| sum.add(bucket.counts))
    }

    fn length(&self) -> u64 {
        u64::try_from(self.ring.len()).unwrap_or(u64::MAX)
    }
}
