//! Whether deliveries are held back by whoever runs the service. It is kept in memory alone: the next start delivers.

use logs::Timestamp;
use tokio::sync::watch;

/// In a second.
const NANOS: i64 = 1_000_000_000;

/// Shared by all that hands on.
#[derive(Debug, Default)]
pub(crate) struct Pause(watch::Sender<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Since when nothing is handed on.
    since: Option<Timestamp>,
    /// Whether the service stops: then nobody waits for the end of a pause.
    is_stopping: bool,
}

impl Pause {
    /// From here on nothing more is handed on; what is under way is finished. Whether that is news.
    pub(crate) fn begin(&self, now: Timestamp) -> bool {
        // In whole seconds, because people read it.
        let now = Timestamp::from_nanos(now.nanos().saturating_sub(now.nanos() % NANOS));
        self.0.send_if_modified(|state| {
            let is_news = state.since.is_none();
            state.since.get_or_insert(now);
            is_news
        })
    }

    /// It goes on; whether that is news.
    pub(crate) fn end(&self) -> bool {
        self.0
            .send_if_modified(|state| state.since.take().is_some())
    }

    /// The service stops.
    pub(crate) fn stop(&self) {
        self.0.send_modify(|state| state.is_stopping = true);
    }

    /// Since when nothing is handed on.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.0.borrow().since
    }

    /// Whether nothing is handed on.
    pub(crate) fn is_on(&self) -> bool {
        self.since().is_some()
    }

    /// Waits until nothing is handed on.
    pub(crate) async fn begun(&self) {
        let mut state = self.0.subscribe();
        // The sender lives as long as `self`.
        drop(state.wait_for(|state| state.since.is_some()).await);
    }

    /// Waits until it goes on; false when the service stops before.
    pub(crate) async fn ended(&self) -> bool {
        let mut state = self.0.subscribe();
        let ended = state.wait_for(|state| state.since.is_none() || state.is_stopping);
        ended.await.is_ok_and(|state| state.since.is_none())
    }

    /// What an operator should know of, while it is so.
    pub(crate) fn problem(&self) -> Option<String> {
        let since = self.since()?;
        Some(format!(
            "the drain is paused by an operator since {since}: batches wait in the spool"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::pin::pin;

    const NOON: Timestamp = Timestamp::from_nanos(43_200_000_000_001);

    #[tokio::test]
    async fn a_pause_lasts_from_when_it_was_asked_for_first_until_it_is_ended() {
        let pause = Pause::default();
        assert!(pause.ended().await);
        let mut begun = pin!(pause.begun());
        assert!(poll!(&mut begun).is_pending());
        assert!(pause.begin(NOON));
        assert!(!pause.begin(Timestamp::from_nanos(i64::MAX)));
        begun.await;
        let problem = pause.problem().unwrap();
        assert!(
            problem.contains("since 1970-01-01T12:00:00Z: "),
            "{problem}"
        );
        let mut ended = pin!(pause.ended());
        assert!(poll!(&mut ended).is_pending());
        assert!(pause.end() && !pause.end());
        assert!(ended.await);
        assert_eq!(pause.problem(), None);
    }

    #[tokio::test]
    async fn a_stop_waits_for_no_end_of_a_pause() {
        let pause = Pause::default();
        pause.begin(NOON);
        let mut ended = pin!(pause.ended());
        assert!(poll!(&mut ended).is_pending());
        pause.stop();
        assert!(!ended.await && pause.is_on());
    }
}
