//! Owns the circuit breaker: who may call the store now, and how long the others should wait.
//!
//! Closed → Open → `HalfOpen` → Closed or Open again, plus two states that operators force. But for
//! [`guard`], which puts it around a call of the store, and `recovery`, which waits for the store's
//! word, it is pure: no clock, no I/O, no tokio. `now` is always the monotonic time since the start
//! of the process; a value older than one seen before counts as the newest one, because threads read
//! the clock before they get the lock.
//!
//! A call is judged by the [`Permit`] that let it in, so what is counted is the call itself and
//! never its enqueueing. Every way of losing a permit (an early return, a panic, an aborted task)
//! gives the probe's slot back.

pub mod calls;
pub mod guard;
mod machine;
pub(crate) mod recovery;
#[cfg(test)]
mod tests;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine::{End, Machine};
use serde::Serialize;

/// What a probe may take beyond its operation's deadline before it counts as failed.
const PROBE_GRACE: Duration = Duration::from_secs(5);

/// When a breaker opens, for how long, and what closes it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Length of the sliding window in buckets of one second, at least 1; the current second is one
    /// of them.
    pub window_buckets: u32,
    /// Opens when failed calls are at least this part (0 to 1) of the calls in the window.
    pub failure_ratio: f64,
    /// Calls that the window must hold before the ratio of failures is looked at.
    pub min_calls: u32,
    /// Opens after this many failures in a row, at least 1, however few calls there were and
    /// however long they took.
    pub consecutive_failures: u32,
    /// Opens when slow calls are at least this part (0 to 1) of the calls in the window.
    pub slow_ratio: f64,
    /// Calls that the window must hold before the ratio of slow calls is looked at. Less than
    /// `min_calls`: a few workers with slow calls never end 20 of them within one window.
    pub slow_min_calls: u32,
    /// A call that succeeded after more than this is slow.
    pub slow_call: Duration,
    /// Upper bound of the first open time; it doubles with each opening until the breaker has
    /// closed.
    pub open_base: Duration,
    /// Upper bound of every open time.
    pub open_max: Duration,
    /// Probes that must succeed, none of them slow, to close the breaker.
    pub half_open_successes: u32,
    /// A probe that has not reported after this counts as failed; longer than any operation's
    /// deadline.
    pub probe_lease: Duration,
}

impl Settings {
    /// For inserts, each of which ends within `operation_deadline`: slow after 8 s, open for at
    /// most 30 s.
    pub fn write_lane(operation_deadline: Duration) -> Self {
        Self {
            window_buckets: 10,
            failure_ratio: 0.5,
            min_calls: 20,
            consecutive_failures: 5,
            slow_ratio: 0.8,
            slow_min_calls: 5,
            slow_call: Duration::from_secs(8),
            open_base: Duration::from_secs(1),
            open_max: Duration::from_secs(30),
            half_open_successes: 2,
            probe_lease: operation_deadline.saturating_add(PROBE_GRACE),
        }
    }

    /// For page reads, each of which ends within `operation_deadline`: slow after 4 s, open for at
    /// most 15 s, because a person is waiting.
    pub fn read_lane(operation_deadline: Duration) -> Self {
        Self {
            slow_call: Duration::from_secs(4),
            open_max: Duration::from_secs(15),
            ..Self::write_lane(operation_deadline)
        }
    }
}

/// A state that an operator holds the breaker in, whatever the calls say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    /// Every call is refused.
    Open,
    /// Every call is let in; outcomes are counted and shown, but never open the breaker.
    Closed,
}

/// The call was refused; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit breaker lets no call through for another {retry_after:?}")]
pub struct Rejected {
    /// How long until the next probe can be let in. While open: exactly that. While a probe is out:
    /// what is left of its lease, at most the base open time. While forced open: the longest open
    /// time.
    pub retry_after: Duration,
}

/// The name of the breaker's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Every call is let in.
    Closed,
    /// No call is let in until the open time is over.
    Open,
    /// One call at a time is let in as a probe.
    HalfOpen,
    /// An operator keeps every call out.
    ForcedOpen,
    /// An operator lets every call in.
    ForcedClosed,
}

/// What an operator sees of a breaker. The totals count since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Where the breaker stands.
    pub state: State,
    /// Calls that ended within the window. Once the breaker opens nothing is added and the window
    /// runs empty; it starts afresh when the breaker closes. Probes are not in it.
    pub calls: u32,
    /// Those of `calls` that failed.
    pub failed: u32,
    /// Those of `calls` that succeeded, but slowly.
    pub slow: u32,
    /// Failures since the last success, or since the breaker closed. Probes are not counted.
    pub consecutive_failures: u32,
    /// Times the breaker opened by itself, failed probes included.
    pub opened: u64,
    /// Times it was ready to let probes in.
    #[serde(skip)]
    pub half_opened: u64,
    /// Times it closed again.
    #[serde(skip)]
    pub closed: u64,
    /// Calls refused.
    pub rejected: u64,
    /// Permits that ended, in whichever way, after the state they were given in was over. They
    /// changed nothing.
    pub late: u64,
    /// Permits dropped without a report while their state still lasted.
    pub cancelled: u64,
    /// Milliseconds, rounded up, until a refused call should come back; none if a call would be let
    /// in.
    pub retry_after_ms: Option<u64>,
}

/// A circuit breaker, to be shared by everything that calls one store through one lane.
#[derive(Debug)]
pub struct Breaker {
    machine: Mutex<Machine>,
}

impl Breaker {
    /// A closed breaker. `seed` decides the jitter of the open times: give each breaker its own.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            machine: Mutex::new(Machine::new(settings, seed)),
        }
    }

    /// Asks to make one call at `now`. The check and the taking of the probe's slot are one
    /// critical section, so when the open time is over, one of any number of simultaneous callers
    /// gets the probe.
    ///
    /// # Errors
    /// [`Rejected`], with the time after which to try again, if the breaker is open or a probe is
    /// under way.
    pub fn try_acquire(self: &Arc<Self>, now: Duration) -> Result<Permit, Rejected> {
        let grant = self.lock().acquire(now)?;
        Ok(Permit {
            breaker: Arc::clone(self),
            generation: grant.generation,
            started: grant.started,
            probe: grant.probe,
            end: End::Cancelled,
        })
    }

    /// Holds the breaker in a state, or with `None` lets it decide again: it is then closed with an
    /// empty window, whatever it was before. Asking for what is already so changes nothing.
    pub fn force(&self, forced: Option<Forced>, now: Duration) {
        self.lock().force(forced, now);
    }

    /// Ends the open time of an open breaker, so that a probe may go out at once: somebody has seen
    /// the store come back. When that probe fails, the next open time is as long as it would have been.
    pub fn end_wait(&self, now: Duration) {
        self.lock().end_wait(now);
    }

    /// What an operator sees at `now`.
    pub fn snapshot(&self, now: Duration) -> Snapshot {
        self.lock().snapshot(now)
    }

    /// How long a caller should wait if a call at `now` would be refused, else `None`. It takes
    /// nothing and counts nothing: good for refusing a request before its body is read.
    pub fn retry_after(&self, now: Duration) -> Option<Duration> {
        self.lock().retry_after(now)
    }

    /// A panic elsewhere while the lock was held must not take the lane down: nothing in the
    /// machine spans two calls.
    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to make one call, and the duty to say how it went. Dropped without a word it counts as
/// cancelled: the probe's slot is free again and nothing is recorded. If the breaker has changed
/// its state since, the end of the permit, in whichever way, changes nothing and is counted as
/// late.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once counts as a cancelled call"]
pub struct Permit {
    breaker: Arc<Breaker>,
    generation: u64,
    started: Duration,
    probe: bool,
    end: End,
}

impl Permit {
    /// Whether this call decides if the breaker closes again.
    pub fn is_probe(&self) -> bool {
        self.probe
    }

    /// The store did what was asked, by `now`. If that took longer than a call should, it counts as
    /// slow. A slow probe says that the store works but is not well: the breaker stays half-open,
    /// one call at a time, until enough probes are in time. To open again would starve a slow
    /// store, to close would flood it.
    pub fn success(mut self, now: Duration) {
        self.end = End::Success { now };
    }

    /// The store failed, at `now`: out of reach, not writable, past our deadline.
    pub fn failure(mut self, now: Duration) {
        self.end = End::Failure { now };
    }

    /// The outcome says nothing about the store's health (a bad query, say): nothing is recorded,
    /// and the probe's slot is free again.
    pub fn ignored(mut self) {
        self.end = End::Ignored;
    }
}

impl Drop for Permit {
    /// The one way out of a permit, so that each is reported exactly once.
    fn drop(&mut self) {
        self.breaker
            .lock()
            .finish(self.generation, self.started, self.end);
    }
}
