//! Random actions on the breaker and on the model at once: they must agree, and some promises must
//! hold whatever the model says.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;

use super::model::{Ending, Model, Ticket};
use super::promises::Promises;
use super::{DEADLINE, TINY, millis, minus, seconds};
use crate::breaker::{Breaker, Forced, Permit, Settings};

#[derive(Debug, Clone)]
enum Action {
    Acquire,
    Finish(Index, Ending),
    /// Calls one after the other, as many as are let in, each of which takes so long.
    Calls(usize, Duration, Ending),
    /// The same, all at once.
    Together(usize, Duration, Ending),
    Pass(Duration),
    /// To the moment at which the breaker last said to come back, or to just before it.
    PassToRetry {
        before: bool,
    },
    /// The next action sees a clock that lags by so much.
    Lag(Duration),
    Force(Option<Forced>),
    EndWait,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::Success),
        4 => Just(Ending::Failure),
        1 => Just(Ending::Ignored),
        1 => Just(Ending::Dropped),
    ]
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1..1_000_u64).prop_map(millis),
        (1_000..12_000_u64).prop_map(millis),
        (1..13_u64).prop_map(seconds),
        (13..100_u64).prop_map(seconds),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let together = (1..24_usize, span(), ending());
    let took = prop_oneof![3 => Just(Duration::ZERO), 1 => Just(millis(50)), 1 => span()];
    let forced = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Forced::Open)),
        1 => Just(Some(Forced::Closed)),
    ];
    prop_oneof![
        6 => Just(Action::Acquire),
        6 => (any::<Index>(), ending()).prop_map(|(which, ending)| Action::Finish(which, ending)),
        4 => (1..24_usize, took, ending())
            .prop_map(|(count, took, ending)| Action::Calls(count, took, ending)),
        2 => together
            .prop_map(|(count, took, ending)| Action::Together(count, took, ending)),
        3 => span().prop_map(Action::Pass),
        4 => any::<bool>().prop_map(|before| Action::PassToRetry { before }),
        1 => span().prop_map(Action::Lag),
        1 => forced.prop_map(Action::Force),
        1 => Just(Action::EndWait),
    ]
}

/// The plan's lanes, and a small one whose every limit is reached within a few actions.
fn settings() -> impl Strategy<Value = Settings> {
    let small = Settings {
        window_buckets: 3,
        min_calls: 6,
        slow_min_calls: 3,
        consecutive_failures: 4,
        slow_call: millis(700),
        open_max: seconds(6),
        half_open_successes: 3,
        probe_lease: seconds(3),
        ..Settings::write_lane(DEADLINE)
    };
    prop_oneof![
        Just(small),
        Just(Settings::write_lane(DEADLINE)),
        Just(Settings::read_lane(DEADLINE)),
    ]
}

struct Run {
    settings: Settings,
    breaker: Arc<Breaker>,
    model: Model,
    promises: Promises,
    out: Vec<(Permit, Ticket)>,
    now: Duration,
    lag: Duration,
    come_back: Duration,
}

impl Run {
    fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            breaker: Arc::new(Breaker::new(settings, seed)),
            model: Model::new(settings),
            promises: Promises::default(),
            out: Vec::new(),
            now: Duration::ZERO,
            lag: Duration::ZERO,
            come_back: Duration::ZERO,
        }
    }

    fn act(&mut self, action: &Action) -> TestCaseResult {
        match action {
            Action::Acquire => self.acquire()?,
            Action::Finish(which, ending) => {
                if !self.out.is_empty() {
                    let which = which.index(self.out.len());
                    self.finish(which, *ending)?;
                }
            }
            Action::Calls(count, took, ending) => {
                for _ in 0..*count {
                    let before = self.out.len();
                    self.acquire()?;
                    if self.out.len() > before {
                        self.now += *took;
                        self.finish(before, *ending)?;
                    }
                }
            }
            Action::Together(count, took, ending) => {
                let before = self.out.len();
                for _ in 0..*count {
                    self.acquire()?;
                }
                self.now += *took;
                while self.out.len() > before {
                    self.finish(before, *ending)?;
                }
            }
            // Nobody looks once the time has passed: the next action has to settle it.
            Action::Pass(span) => {
                self.now += *span;
                return Ok(());
            }
            Action::PassToRetry { before } => {
                let short = if *before { TINY } else { Duration::ZERO };
                self.now = self.now.max(self.come_back.saturating_sub(short));
                return Ok(());
            }
            Action::Lag(lag) => {
                self.lag = *lag;
                return Ok(());
            }
            Action::Force(forced) => self.force(*forced)?,
            Action::EndWait => self.end_wait()?,
        }
        self.lag = Duration::ZERO;
        self.look()
    }

    fn clock(&self) -> Duration {
        self.now.saturating_sub(self.lag)
    }

    fn acquire(&mut self) -> TestCaseResult {
        let now = self.clock();
        let answer = self.breaker.try_acquire(now);
        let plain = answer
            .as_ref()
            .map(|_| ())
            .map_err(|rejected| rejected.retry_after);
        let ticket = self
            .model
            .acquired(now, plain)
            .map_err(TestCaseError::fail)?;
        if let (Ok(permit), Some(ticket)) = (answer, ticket) {
            prop_assert_eq!(permit.is_probe(), ticket.probe);
            self.promises.admitted(ticket, self.settings.probe_lease)?;
            self.out.push((permit, ticket));
        }
        self.look()
    }

    fn finish(&mut self, which: usize, ending: Ending) -> TestCaseResult {
        let now = self.clock();
        let (permit, ticket) = self.out.swap_remove(which);
        let took = minus(self.model.clock.max(now), ticket.started);
        match ending {
            Ending::Success => permit.success(now),
            Ending::Failure => permit.failure(now),
            Ending::Ignored => permit.ignored(),
            Ending::Dropped => drop(permit),
        }
        let reported = matches!(ending, Ending::Success | Ending::Failure).then_some(now);
        self.model.finished(reported, ticket, ending);
        let good = ending == Ending::Success && took <= self.settings.slow_call;
        self.promises.ended(ticket, good);
        self.look()
    }

    fn force(&mut self, forced: Option<Forced>) -> TestCaseResult {
        // The model must know how far the real breaker has come before it is forced.
        self.look()?;
        self.breaker.force(forced, self.clock());
        self.model.forced(self.clock(), forced);
        if self.model.era != self.promises.generation {
            self.promises.intervened();
        }
        Ok(())
    }

    fn end_wait(&mut self) -> TestCaseResult {
        self.look()?;
        self.breaker.end_wait(self.clock());
        self.model.wait_ended(self.clock());
        if self.model.era != self.promises.generation {
            self.promises.intervened();
        }
        Ok(())
    }

    /// Compares all that can be seen.
    fn look(&mut self) -> TestCaseResult {
        let now = self.clock();
        let wait = self.breaker.retry_after(now);
        let expected = self.model.seen(now, wait).map_err(TestCaseError::fail)?;
        let snapshot = self.breaker.snapshot(now);
        prop_assert_eq!(snapshot, expected);
        let generation = self.breaker.lock().generation;
        prop_assert_eq!(generation, self.model.era);
        let shut_until = wait.map(|wait| self.model.clock + wait);
        self.come_back = shut_until.unwrap_or_default();
        let needed = self.settings.half_open_successes;
        self.promises
            .seen(generation, &snapshot, shut_until, needed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        // A failure prints its smallest case; no file is left behind.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_does_what_the_model_does(
        settings in settings(),
        seed in any::<u64>(),
        actions in prop::collection::vec(action(), 1..120),
    ) {
        let mut run = Run::new(settings, seed);
        for action in &actions {
            run.act(action)?;
        }
    }
}
