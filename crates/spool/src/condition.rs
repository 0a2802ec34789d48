//! Something that is wrong for as long as it lasts: the log says once that it began and once that it
//! ended, and it can be seen in between.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something that can be wrong.
pub(super) struct Condition {
    what: &'static str,
    reason: Mutex<Option<String>>,
}

impl Condition {
    /// `what` is wrong while it lasts, as the beginning of a sentence.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            reason: Mutex::new(None),
        }
    }

    /// It is there; the newest reason is the one that is shown.
    pub(super) fn is_there(&self, reason: &dyn Display) {
        let reason = reason.to_string();
        let before = self.reason().replace(reason.clone());
        if before.is_none() {
            tracing::warn!(
                reason,
                "{}; it is said again when that has ended",
                self.what
            );
        }
    }

    /// It is not there, or not any more.
    pub(super) fn is_over(&self) {
        let ended = self.reason().take();
        if ended.is_some() {
            tracing::info!("this has ended: {}", self.what);
        }
    }

    /// What is wrong and why, if it is there.
    pub(super) fn shown(&self) -> Option<String> {
        let reason = self.reason();
        reason
            .as_ref()
            .map(|reason| format!("{}: {reason}", self.what))
    }

    fn reason(&self) -> MutexGuard<'_, Option<String>> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Metadata, Subscriber};

    /// The levels of what was logged.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<Level>>>);

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
            self.0.lock().unwrap().push(*event.metadata().level());
        }

        fn enter(&self, _span: &Id) {}

        fn exit(&self, _span: &Id) {}
    }

    #[test]
    fn what_lasts_is_said_once_and_once_when_it_ends() {
        let heard = Heard::default();
        let condition = Condition::new("the disk cannot be read");
        tracing::subscriber::with_default(heard.clone(), || {
            condition.is_over();
            for attempt in 0..100 {
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
        assert_eq!(*heard, [Level::WARN, Level::INFO, Level::WARN]);
    }
}
