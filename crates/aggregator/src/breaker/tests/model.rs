//! A breaker that is slow and plain: it keeps every call that ended and counts them anew each time.
//!
//! It doesn't draw open times. When it has opened it takes the first answer of the real breaker
//! that shows the time, and checks only that this is within bounds.

use std::time::Duration;

use super::minus;
use crate::breaker::{Forced, Settings, Snapshot, State};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Success,
    Failure,
    Ignored,
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fast,
    Slow,
    Failed,
}

#[derive(Debug, Clone)]
enum Mode {
    Closed,
    /// `until` is unknown until the real breaker has told it.
    Open {
        since: Duration,
        until: Option<Duration>,
    },
    HalfOpen {
        fast_probes: u32,
        out_since: Option<Duration>,
    },
    Forced(Forced),
}

/// The model's side of a permit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) era: u64,
    pub(super) started: Duration,
    pub(super) probe: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    settings: Settings,
    pub(super) clock: Duration,
    mode: Mode,
    /// How often the mode has changed.
    pub(super) era: u64,
    /// Every call that was recorded since the model last became closed: its second, and how it
    /// ended.
    ended: Vec<(u64, Kind)>,
    openings_in_a_row: i32,
    pub(super) totals: Totals,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    opened: u64,
    half_opened: u64,
    closed: u64,
    rejected: u64,
    late: u64,
    cancelled: u64,
}

impl Model {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: Duration::ZERO,
            mode: Mode::Closed,
            era: 0,
            ended: Vec::new(),
            openings_in_a_row: 0,
            totals: Totals::default(),
        }
    }

    /// Takes the real breaker's answer to a call at `now`, and says what is wrong with it.
    pub(super) fn acquired(
        &mut self,
        now: Duration,
        answer: Result<(), Duration>,
    ) -> Result<Option<Ticket>, String> {
        self.pass_time(now);
        self.learn_until(answer.err())?;
        let expected = self.wait();
        if answer.err() != expected {
            return Err(format!("answered {answer:?}, the model waits {expected:?}"));
        }
        if answer.is_err() {
            self.totals.rejected += 1;
            return Ok(None);
        }
        let mut probe = false;
        if let Mode::HalfOpen { out_since, .. } = &mut self.mode {
            *out_since = Some(self.clock);
            probe = true;
        }
        Ok(Some(Ticket {
            era: self.era,
            started: self.clock,
            probe,
        }))
    }

    pub(super) fn finished(&mut self, now: Option<Duration>, ticket: Ticket, ending: Ending) {
        if let Some(now) = now {
            self.pass_time(now);
        }
        if ticket.era != self.era {
            self.totals.late += 1;
            return;
        }
        let slow = minus(self.clock, ticket.started) > self.settings.slow_call;
        let kind = match ending {
            Ending::Success if slow => Some(Kind::Slow),
            Ending::Success => Some(Kind::Fast),
            Ending::Failure => Some(Kind::Failed),
            Ending::Ignored => None,
            Ending::Dropped => {
                self.totals.cancelled += 1;
                None
            }
        };
        if let Mode::HalfOpen {
            fast_probes,
            out_since,
        } = &mut self.mode
        {
            *out_since = None;
            *fast_probes += u32::from(kind == Some(Kind::Fast));
            let enough = *fast_probes == self.settings.half_open_successes;
            match kind {
                Some(Kind::Failed) => self.open(self.clock),
                _ if enough => self.close(Mode::Closed),
                _ => {}
            }
        } else if let Some(kind) = kind {
            self.ended.push((self.clock.as_secs(), kind));
            if matches!(self.mode, Mode::Closed) && self.is_bad() {
                self.open(self.clock);
            }
        }
    }

    pub(super) fn forced(&mut self, now: Duration, forced: Option<Forced>) {
        self.pass_time(now);
        match (forced, &self.mode) {
            (None, Mode::Forced(_)) => self.close(Mode::Closed),
            (Some(wanted), Mode::Forced(current)) if wanted == *current => {}
            (Some(Forced::Closed), _) => self.close(Mode::Forced(Forced::Closed)),
            (Some(Forced::Open), _) => self.change(Mode::Forced(Forced::Open)),
            (None, _) => {}
        }
    }

    pub(super) fn wait_ended(&mut self, now: Duration) {
        self.pass_time(now);
        if matches!(self.mode, Mode::Open { .. }) {
            self.change(Mode::HalfOpen {
                fast_probes: 0,
                out_since: None,
            });
        }
    }

    /// What the snapshot of the real breaker should be, given the wait that the real one tells.
    pub(super) fn seen(
        &mut self,
        now: Duration,
        wait: Option<Duration>,
    ) -> Result<Snapshot, String> {
        self.pass_time(now);
        self.learn_until(wait)?;
        let expected = self.wait();
        if wait != expected {
            return Err(format!(
                "tells a wait of {wait:?}, the model of {expected:?}"
            ));
        }
        let count = |kind| u32::try_from(self.window().filter(|other| *other == kind).count());
        let in_a_row = self
            .ended
            .iter()
            .rev()
            .take_while(|(_, kind)| *kind == Kind::Failed);
        Ok(Snapshot {
            state: match self.mode {
                Mode::Closed => State::Closed,
                Mode::Open { .. } => State::Open,
                Mode::HalfOpen { .. } => State::HalfOpen,
                Mode::Forced(Forced::Open) => State::ForcedOpen,
                Mode::Forced(Forced::Closed) => State::ForcedClosed,
            },
            calls: u32::try_from(self.window().count()).unwrap(),
            failed: count(Kind::Failed).unwrap(),
            slow: count(Kind::Slow).unwrap(),
            consecutive_failures: u32::try_from(in_a_row.count()).unwrap(),
            opened: self.totals.opened,
            half_opened: self.totals.half_opened,
            closed: self.totals.closed,
            rejected: self.totals.rejected,
            late: self.totals.late,
            cancelled: self.totals.cancelled,
            retry_after_ms: wait
                .map(|wait| wait + Duration::from_nanos(999_999))
                .map(|wait| u64::try_from(wait.as_millis()).unwrap()),
        })
    }

    fn pass_time(&mut self, now: Duration) {
        self.clock = self.clock.max(now);
        if let Mode::HalfOpen {
            out_since: Some(since),
            ..
        } = self.mode
        {
            let lapse = since + self.settings.probe_lease;
            if self.clock >= lapse {
                self.open(lapse);
            }
        }
        if let Mode::Open {
            until: Some(until), ..
        } = self.mode
            && self.clock >= until
        {
            self.change(Mode::HalfOpen {
                fast_probes: 0,
                out_since: None,
            });
        }
    }

    /// If the end of the open time is not known yet, this answer of the real breaker shows it, or
    /// shows that it is over.
    fn learn_until(&mut self, wait: Option<Duration>) -> Result<(), String> {
        let Mode::Open { since, until: None } = self.mode else {
            return Ok(());
        };
        let doubled =
            self.settings.open_base.as_secs_f64() * 2_f64.powi(self.openings_in_a_row - 1);
        let longest = Duration::from_secs_f64(doubled.min(self.settings.open_max.as_secs_f64()));
        let (earliest, latest) = (since + longest / 2, since + longest);
        match wait {
            Some(wait) => {
                let until = self.clock + wait;
                if until < earliest || until > latest {
                    return Err(format!(
                        "open until {until:?}, not in {earliest:?} to {latest:?}"
                    ));
                }
                self.mode = Mode::Open {
                    since,
                    until: Some(until),
                };
            }
            None if self.clock < earliest => {
                return Err(format!(
                    "lets calls in at {:?}, before {earliest:?}",
                    self.clock
                ));
            }
            None => self.change(Mode::HalfOpen {
                fast_probes: 0,
                out_since: None,
            }),
        }
        Ok(())
    }

    fn wait(&self) -> Option<Duration> {
        match self.mode {
            Mode::Closed | Mode::Forced(Forced::Closed) => None,
            Mode::Open { until, .. } => until.map(|until| minus(until, self.clock)),
            Mode::HalfOpen { out_since, .. } => out_since.map(|since| {
                let left = minus(since + self.settings.probe_lease, self.clock);
                left.min(self.settings.open_base)
            }),
            Mode::Forced(Forced::Open) => Some(self.settings.open_max),
        }
    }

    fn window(&self) -> impl Iterator<Item = Kind> {
        let first =
            (self.clock.as_secs() + 1).saturating_sub(u64::from(self.settings.window_buckets));
        self.ended
            .iter()
            .filter(move |(second, _)| *second >= first)
            .map(|(_, kind)| *kind)
    }

    fn is_bad(&self) -> bool {
        let row = self.settings.consecutive_failures as usize;
        let tail: Vec<_> = self.ended.iter().rev().take(row).collect();
        if tail.len() == row && tail.iter().all(|(_, kind)| *kind == Kind::Failed) {
            return true;
        }
        let calls = self.window().count();
        let reaches = |kind, ratio: f64| {
            let part = self.window().filter(|other| *other == kind).count();
            ratio_of(part, calls) >= ratio
        };
        let reaches =
            |least: u32, kind, ratio: f64| calls >= least as usize && reaches(kind, ratio);
        reaches(
            self.settings.min_calls,
            Kind::Failed,
            self.settings.failure_ratio,
        ) || reaches(
            self.settings.slow_min_calls,
            Kind::Slow,
            self.settings.slow_ratio,
        )
    }

    fn open(&mut self, since: Duration) {
        self.openings_in_a_row += 1;
        self.totals.opened += 1;
        self.change(Mode::Open { since, until: None });
    }

    fn close(&mut self, mode: Mode) {
        self.ended.clear();
        self.openings_in_a_row = 0;
        self.change(mode);
    }

    fn change(&mut self, mode: Mode) {
        self.totals.half_opened += u64::from(matches!(mode, Mode::HalfOpen { .. }));
        self.totals.closed += u64::from(matches!(mode, Mode::Closed));
        self.mode = mode;
        self.era += 1;
    }
}

fn ratio_of(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}
