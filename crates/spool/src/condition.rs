//! Something that is wrong for as long as it lasts: the log says once that it began and once that it
//! ended, and after how long, and it can be seen in between.

use logs::clock::Clock;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Something that can be wrong.
pub(super) struct Condition {
    what: &'static str,
    clock: Arc<dyn Clock>,
    standing: Mutex<Option<Standing>>,
}

/// What is wrong.
struct Standing {
    reason: String,
    since: Duration,
    last: Duration,
}

impl Condition {
    /// `what` is wrong while it lasts, as the beginning of a sentence.
    pub(super) fn new(what: &'static str, clock: &Arc<dyn Clock>) -> Self {
        Self {
            what,
            clock: Arc::clone(clock),
            standing: Mutex::new(None),
        }
    }

    /// It is there; the newest reason is the one that is shown.
    pub(super) fn is_there(&self, reason: &dyn Display) {
        let (reason, now) = (reason.to_string(), self.clock.elapsed());
        let mut standing = self.standing();
        let since = standing.as_ref().map(|standing| standing.since);
        *standing = Some(Standing {
            reason: reason.clone(),
            since: since.unwrap_or(now),
            last: now,
        });
        drop(standing);
        if since.is_none() {
            tracing::warn!(
                reason,
                "{}; it is said again when that has ended",
                self.what
            );
        }
    }

    /// It is not there, or not any more.
    pub(super) fn is_over(&self) {
        self.is_over_after(Duration::ZERO);
    }

    /// The same, if it was not there for so long: of what comes and goes from moment to moment.
    pub(super) fn is_over_after(&self, quiet: Duration) {
        let now = self.clock.elapsed();
        let is_over = |standing: &mut Standing| now.saturating_sub(standing.last) >= quiet;
        if let Some(ended) = self.standing().take_if(is_over) {
            let lasted_seconds = now.saturating_sub(ended.since).as_secs();
            tracing::info!(lasted_seconds, "this has ended: {}", self.what);
        }
    }

    /// What is wrong and why, if it is there.
    pub(super) fn shown(&self) -> Option<String> {
        let standing = self.standing();
        standing
            .as_ref()
            .map(|standing| format!("{}: {}", self.what, standing.reason))
    }

    fn standing(&self) -> MutexGuard<'_, Option<Standing>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    /// The level of what was logged, with how long it had lasted.
    type Told = (Level, Option<u64>);

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<Told>>>);

    struct Lasted(Option<u64>);

    impl Visit for Lasted {
        fn record_debug(&mut self, _field: &Field, _value: &dyn std::fmt::Debug) {}

        fn record_u64(&mut self, field: &Field, value: u64) {
            assert_eq!(field.name(), "lasted_seconds");
            self.0 = Some(value);
        }
    }

    /// A clock that is set by hand, to seconds.
    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::MIN
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    impl Hand {
        fn set(&self, seconds: u64) {
            self.0.store(seconds, Ordering::Relaxed);
        }
    }

    impl Subscriber for Heard {
        fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _span: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _span: &Id, _values: &Record<'_>) {}

        fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut lasted = Lasted(None);
            event.record(&mut lasted);
            let level = *event.metadata().level();
            self.0.lock().unwrap().push((level, lasted.0));
        }

        fn enter(&self, _span: &Id) {}

        fn exit(&self, _span: &Id) {}
    }

    #[test]
    fn what_lasts_is_said_once_and_once_when_it_ends() {
        let heard = Heard::default();
        let hand = Arc::<Hand>::default();
        let clock = Arc::clone(&hand) as Arc<dyn Clock>;
        let condition = Condition::new("the disk cannot be read", &clock);
        tracing::subscriber::with_default(heard.clone(), || {
            condition.is_over();
            for attempt in 0..100 {
                hand.set(attempt);
                condition.is_there(&attempt);
            }
            let shown = condition.shown();
            assert_eq!(shown.as_deref(), Some("the disk cannot be read: 99"));
            condition.is_over();
            condition.is_over();
            assert_eq!(condition.shown(), None);
            condition.is_there(&"again");
        });
        let heard = heard.0.lock().unwrap();
        let [begins, ends] = [(Level::WARN, None), (Level::INFO, Some(99))];
        assert_eq!(*heard, [begins, ends, begins]);
    }

    #[test]
    fn what_comes_and_goes_has_ended_once_it_was_not_there_for_a_while() {
        let heard = Heard::default();
        let hand = Arc::<Hand>::default();
        let clock = Arc::clone(&hand) as Arc<dyn Clock>;
        let condition = Condition::new("there is no room", &clock);
        tracing::subscriber::with_default(heard.clone(), || {
            for second in 0..30 {
                hand.set(second);
                if second % 5 == 0 {
                    condition.is_there(&"none");
                }
                condition.is_over_after(Duration::from_secs(10));
            }
            assert!(condition.shown().is_some());
            hand.set(35);
            condition.is_over_after(Duration::from_secs(10));
            assert_eq!(condition.shown(), None);
        });
        let heard = heard.0.lock().unwrap();
        assert_eq!(*heard, [(Level::WARN, None), (Level::INFO, Some(35))]);
    }
}
