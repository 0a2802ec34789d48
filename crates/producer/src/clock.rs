//! The one place that reads a clock: the time of day, the time since the start, and the CPU's.

use logs::Timestamp;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures from its start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    cpu_at_start: Duration,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            cpu_at_start: cpu(),
        }
    }

    /// Time since the start; it never goes back.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// What all threads of this process have taken of the CPUs since the start.
    pub fn cpu_elapsed(&self) -> Duration {
        cpu().saturating_sub(self.cpu_at_start)
    }
}

/// The time of day.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}
