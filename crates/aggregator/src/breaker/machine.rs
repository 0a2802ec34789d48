//! Owns the state machine behind the breaker's lock: lets calls in, weighs how they ended, and
//! moves between states.
//!
//! What time alone decides (a lease that lapses, an open time that is over) is settled first in
//! every method and dated to when it was due, so when somebody looks never changes what happens.

use super::window::{Outcome, Window};
use super::{Forced, Rejected, Settings, Snapshot, State};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// How a permit has ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Success { now: Duration },
    Failure { now: Duration },
    Ignored,
    Cancelled,
}

/// What a permit has to remember.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) generation: u64,
    pub(super) started: Duration,
    pub(super) probe: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open {
        until: Duration,
    },
    HalfOpen {
        successes: u32,
        /// When the probe that is out counts as failed; none if the slot is free.
        lease_end: Option<Duration>,
    },
    Forced(Forced),
}

/// How probation begins.
const HALF_OPEN: Phase = Phase::HalfOpen {
    successes: 0,
    lease_end: None,
};

#[derive(Debug)]
pub(super) struct Machine {
    settings: Settings,
    jitter: SmallRng,
    /// The newest time seen.
    latest: Duration,
    phase: Phase,
    /// Grows with every change of phase, so that a permit can be told from those of another phase.
    pub(super) generation: u64,
    /// Openings since the breaker was last closed.
    attempt: u32,
    window: Window,
    consecutive_failures: u32,
    opened: u64,
    half_opened: u64,
    closed: u64,
    rejected: u64,
    late: u64,
    cancelled: u64,
}

impl Machine {
    pub(super) fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            jitter: SmallRng::seed_from_u64(seed),
            latest: Duration::ZERO,
            phase: Phase::Closed,
            generation: 0,
            attempt: 0,
            window: Window::new(settings.window_buckets),
            consecutive_failures: 0,
            opened: 0,
            half_opened: 0,
            closed: 0,
            rejected: 0,
            late: 0,
            cancelled: 0,
        }
    }

    pub(super) fn acquire(&mut self, now: Duration) -> Result<Grant, Rejected> {
        let now = self.advance(now);
        if let Some(retry_after) = self.refusal(now) {
            self.rejected = self.rejected.saturating_add(1);
            return Err(Rejected { retry_after });
        }
        let probe = if let Phase::HalfOpen { lease_end, .. } = &mut self.phase {
            *lease_end = Some(now.saturating_add(self.settings.probe_lease));
            true
        } else {
            false
        };
        Ok(Grant {
            generation: self.generation,
            started: now,
            probe,
        })
    }

    pub(super) fn finish(&mut self, generation: u64, started: Duration, end: End) {
        let now = match end {
            End::Success { now } | End::Failure { now } => self.advance(now),
            End::Ignored | End::Cancelled => self.latest,
        };
        if generation != self.generation {
            self.late = self.late.saturating_add(1);
            return;
        }
        // Within one half-open generation only one probe is out at a time, so this permit is the
        // one that holds the slot.
        if let Phase::HalfOpen { lease_end, .. } = &mut self.phase {
            *lease_end = None;
        }
        match end {
            End::Success { .. } if now.saturating_sub(started) > self.settings.slow_call => {
                self.weigh(now, Outcome::Slow);
            }
            End::Success { .. } => self.weigh(now, Outcome::Ok),
            End::Failure { .. } => self.weigh(now, Outcome::Failed),
            End::Ignored => {}
            End::Cancelled => self.cancelled = self.cancelled.saturating_add(1),
        }
    }

    pub(super) fn force(&mut self, forced: Option<Forced>, now: Duration) {
        self.advance(now);
        match (self.phase, forced) {
            (Phase::Forced(current), Some(wanted)) if current == wanted => {}
            (_, Some(wanted)) => self.enter(Phase::Forced(wanted)),
            (Phase::Forced(_), None) => self.enter(Phase::Closed),
            (_, None) => {}
        }
    }

    pub(super) fn end_wait(&mut self, now: Duration) {
        self.advance(now);
        if let Phase::Open { .. } = self.phase {
            self.enter(HALF_OPEN);
        }
    }

    pub(super) fn retry_after(&mut self, now: Duration) -> Option<Duration> {
        let now = self.advance(now);
        self.refusal(now)
    }

    pub(super) fn snapshot(&mut self, now: Duration) -> Snapshot {
        let now = self.advance(now);
        let counts = self.window.totals(now);
        Snapshot {
            state: match self.phase {
                Phase::Closed => State::Closed,
                Phase::Open { .. } => State::Open,
                Phase::HalfOpen { .. } => State::HalfOpen,
                Phase::Forced(Forced::Open) => State::ForcedOpen,
                Phase::Forced(Forced::Closed) => State::ForcedClosed,
            },
            calls: counts.calls(),
            failed: counts.failed,
            slow: counts.slow,
            consecutive_failures: self.consecutive_failures,
            opened: self.opened,
            half_opened: self.half_opened,
            closed: self.closed,
            rejected: self.rejected,
            late: self.late,
            cancelled: self.cancelled,
            retry_after_ms: self.refusal(now).map(whole_millis),
        }
    }

    /// Settles what the passing of time has decided, and gives the time to go by.
    fn advance(&mut self, now: Duration) -> Duration {
        self.latest = self.latest.max(now);
        if let Phase::HalfOpen {
            lease_end: Some(end),
            ..
        } = self.phase
            && end <= self.latest
        {
            self.open(end);
        }
        if let Phase::Open { until } = self.phase
            && until <= self.latest
        {
            self.enter(HALF_OPEN);
        }
        self.latest
    }

    /// Why a call at `now` can't be let in, as the time to wait. `now` comes from `advance`.
    fn refusal(&self, now: Duration) -> Option<Duration> {
        match self.phase {
            Phase::Closed | Phase::Forced(Forced::Closed) => None,
            Phase::Open { until } => Some(until.saturating_sub(now)),
            Phase::HalfOpen { lease_end, .. } => {
                lease_end.map(|end| end.saturating_sub(now).min(self.settings.open_base))
            }
            Phase::Forced(Forced::Open) => Some(self.settings.open_max),
        }
    }

    /// Takes the outcome of a call of this generation into account.
    fn weigh(&mut self, now: Duration, outcome: Outcome) {
        match self.phase {
            Phase::Closed => {
                self.record(now, outcome);
                if self.must_trip(now) {
                    self.open(now);
                }
            }
            Phase::Forced(Forced::Closed) => self.record(now, outcome),
            Phase::HalfOpen { successes, .. } => self.weigh_probe(now, outcome, successes),
            // No permit is given out in these.
            Phase::Open { .. } | Phase::Forced(Forced::Open) => {}
        }
    }

    fn weigh_probe(&mut self, now: Duration, outcome: Outcome, successes: u32) {
        match outcome {
            Outcome::Failed => self.open(now),
            Outcome::Slow => {}
            Outcome::Ok => {
                let successes = successes.saturating_add(1);
                if successes >= self.settings.half_open_successes {
                    self.enter(Phase::Closed);
                } else {
                    self.phase = Phase::HalfOpen {
                        successes,
                        lease_end: None,
                    };
                }
            }
        }
    }

    fn record(&mut self, now: Duration, outcome: Outcome) {
        self.window.record(now, outcome);
        self.consecutive_failures = match outcome {
            Outcome::Failed => self.consecutive_failures.saturating_add(1),
            // A slow store is not a dead one: only the ratio judges slowness.
            Outcome::Ok | Outcome::Slow => 0,
        };
    }

    fn must_trip(&self, now: Duration) -> bool {
        if self.consecutive_failures >= self.settings.consecutive_failures.max(1) {
            return true;
        }
        let counts = self.window.totals(now);
        let calls = counts.calls();
        let part = |count: u32| f64::from(count) / f64::from(calls);
        let fails =
            calls >= self.settings.min_calls && part(counts.failed) >= self.settings.failure_ratio;
        let drags =
            calls >= self.settings.slow_min_calls && part(counts.slow) >= self.settings.slow_ratio;
        fails || drags
    }

    fn open(&mut self, now: Duration) {
        let until = now.saturating_add(self.draw_open_time());
        self.attempt = self.attempt.saturating_add(1);
        self.opened = self.opened.saturating_add(1);
        self.enter(Phase::Open { until });
    }

    /// Equal jitter: half of the time is certain, so that the store gets its rest, and half is
    /// random, so that many processes don't come back in step.
    fn draw_open_time(&mut self) -> Duration {
        let doubled = 2_u32.checked_pow(self.attempt).unwrap_or(u32::MAX);
        let full = self
            .settings
            .open_base
            .saturating_mul(doubled)
            .min(self.settings.open_max);
        let certain = full / 2;
        let spread = u64::try_from(full.saturating_sub(certain).as_nanos()).unwrap_or(u64::MAX);
        certain.saturating_add(Duration::from_nanos(self.jitter.random_range(0..=spread)))
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation = self.generation.saturating_add(1);
        match phase {
            Phase::HalfOpen { .. } => self.half_opened = self.half_opened.saturating_add(1),
            Phase::Closed => self.closed = self.closed.saturating_add(1),
            Phase::Open { .. } | Phase::Forced(_) => {}
        }
        if matches!(phase, Phase::Closed | Phase::Forced(Forced::Closed)) {
            self.attempt = 0;
            self.consecutive_failures = 0;
            self.window.clear();
        }
    }
}

/// Rounded up: a caller that waits this long has waited long enough.
fn whole_millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
