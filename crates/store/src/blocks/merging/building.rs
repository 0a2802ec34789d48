//! Which thread builds merged blocks: the idle one while there is time, else the one that merges.

use super::idle_thread::{Built, IdleThread};
use super::merge::Sources;
use crate::blocks::storage::Day;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// With more blocks of a day than these that are not full, those who search wait for them.
const MOST_SMALL: usize = 1024;
/// So long it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one look waits.
const LOOK: Duration = Duration::from_millis(50);

/// Until when there is time.
pub(super) struct Urgency {
    small: usize,
    came: usize,
    until: Duration,
}

/// Blocks that are being merged.
pub(super) struct Building {
    /// Their day.
    pub(super) day: Day,
    sources: Arc<Sources>,
    urgency: Urgency,
    built: Option<Receiver<Built>>,
}

impl Urgency {
    /// There are so many small blocks; so many came ever.
    pub(super) fn new(small: usize, came: usize, now: Duration) -> Self {
        let until = now + PATIENCE;
        Self { small, came, until }
    }

    fn is_urgent(&self, came: usize, now: Duration) -> bool {
        let since = came.wrapping_sub(self.came);
        now >= self.until || self.small.saturating_add(since) > MOST_SMALL
    }
}

impl Building {
    /// Hands them to the idle thread, if it is free.
    pub(super) fn begin(
        day: Day,
        sources: Sources,
        urgency: Urgency,
        idle_thread: Option<&IdleThread>,
    ) -> Self {
        let sources = Arc::new(sources);
        let built = idle_thread.and_then(|thread| thread.build(&sources));
        Self {
            day,
            sources,
            urgency,
            built,
        }
    }

    /// What they have become. None: it is not there yet, and there is time.
    pub(super) fn look(&self, came: usize, now: Duration) -> Option<Built> {
        let is_urgent = self.urgency.is_urgent(came, now);
        let wait = if is_urgent { Duration::ZERO } else { LOOK };
        let built = self.built.as_ref().map(|built| built.recv_timeout(wait));
        match built {
            Some(Ok(built)) => Some(built),
            Some(Err(RecvTimeoutError::Timeout)) if !is_urgent => None,
            // Where it cannot be built at all, it is known here why.
            Some(Err(_)) | None => Some(self.sources.merged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::merging::idle_thread::held_up;

    fn building(small: usize, idle_thread: Option<&IdleThread>) -> Building {
        let urgency = Urgency::new(small, usize::MAX, Duration::ZERO);
        Building::begin(Day(0), Sources::default(), urgency, idle_thread)
    }

    #[test]
    fn the_idle_thread_has_time_while_few_small_blocks_wait() {
        let (thread, _work) = held_up();
        let building = building(1_000, Some(&thread));
        assert!(building.look(usize::MAX, Duration::ZERO).is_none());
        // It goes round: 24 more.
        assert!(building.look(23, Duration::ZERO).is_none());
        assert!(building.look(24, Duration::ZERO).is_some());
    }

    #[test]
    fn the_idle_thread_has_ten_seconds() {
        let (thread, _work) = held_up();
        let building = building(8, Some(&thread));
        assert!(building.look(0, Duration::from_millis(9_999)).is_none());
        assert!(building.look(0, Duration::from_secs(10)).is_some());
    }

    #[test]
    fn without_an_idle_thread_that_is_free_they_are_built_at_once() {
        let (thread, _work) = held_up();
        let _at_work = building(8, Some(&thread));
        for idle_thread in [Some(&thread), None] {
            let building = building(8, idle_thread);
            assert!(building.look(0, Duration::ZERO).is_some());
        }
    }
}
