//! How long the steps of a start or a stop take, as the log has it.

use logs::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// The steps of one start or stop.
pub(super) struct Steps {
    clock: Arc<dyn Clock>,
    begun: Duration,
    last: Duration,
}

impl Steps {
    /// The first one begins now.
    pub(super) fn begin(clock: Arc<dyn Clock>) -> Self {
        let now = clock.elapsed();
        Self {
            clock,
            begun: now,
            last: now,
        }
    }

    /// A step is done, and the next one begins.
    pub(super) fn took_ms(&mut self) -> u64 {
        let now = self.clock.elapsed();
        let since = std::mem::replace(&mut self.last, now);
        millis(now, since)
    }

    /// What all of them took until now.
    pub(super) fn all_took_ms(&self) -> u64 {
        millis(self.clock.elapsed(), self.begun)
    }
}

fn millis(now: Duration, since: Duration) -> u64 {
    let took = now.saturating_sub(since).as_millis();
    u64::try_from(took).unwrap_or(u64::MAX)
}
