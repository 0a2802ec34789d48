//! Follows the store's feed for all readers at once, while there are any, and wakes them.

use super::recent::Recent;
use logs::clock::Clock;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use store::StoreError;
use store::feed::{EntriesBehind, FeedSource, Vector};
use tokio::sync::{Notify, watch};

/// How long the feed may take to answer.
const FEED_TIME: Duration = Duration::from_secs(5);
/// Between two looks at the feed: what comes in between is taken together.
const LOOK: Duration = Duration::from_millis(200);
/// Without a sign that there is something new.
const LONGEST_LOOK: Duration = Duration::from_secs(2);
/// After a look that failed.
const AGAIN: Duration = Duration::from_millis(500);
/// Entries that are taken at a time.
pub(super) const ENTRIES: usize = 64;

/// What follows the feed.
pub(super) struct Follower {
    feed: Arc<dyn FeedSource>,
    recent: Mutex<Recent>,
    readers: AtomicUsize,
    wanted: Notify,
    state: watch::Sender<State>,
}

/// What readers are woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// Looks that found something.
    pub(super) looks: u64,
    /// Whether the feed does not answer.
    pub(super) is_away: bool,
}

/// Somebody who wants the feed to be followed.
pub(super) struct Following(Arc<Follower>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Follower {
    pub(super) fn of(feed: Arc<dyn FeedSource>) -> Self {
        Self {
            feed,
            recent: Mutex::default(),
            readers: AtomicUsize::new(0),
            wanted: Notify::new(),
            state: watch::Sender::default(),
        }
    }

    /// From here on the feed is followed, until this is dropped.
    pub(super) fn follow(self: &Arc<Self>) -> (Following, watch::Receiver<State>) {
        self.readers.fetch_add(1, Ordering::Relaxed);
        self.wanted.notify_one();
        (Following(Arc::clone(self)), self.state.subscribe())
    }

    pub(super) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`FeedSource::settled`].
    pub(super) async fn settled(&self, clock: &dyn Clock) -> Result<Vector, StoreError> {
        self.feed.settled(clock.elapsed() + FEED_TIME).await
    }

    /// See [`FeedSource::behind`].
    pub(super) async fn behind(
        &self,
        after: &Vector,
        clock: &dyn Clock,
    ) -> Result<EntriesBehind, StoreError> {
        let deadline = clock.elapsed() + FEED_TIME;
        self.feed.behind(after, ENTRIES, deadline).await
    }

    /// See [`FeedSource::way`].
    pub(super) fn way(&self) -> &'static str {
        self.feed.way()
    }

    fn is_wanted(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }

    /// Follows it for as long as this is polled.
    pub(super) async fn run(self: Arc<Self>, clock: Arc<dyn Clock>) {
        loop {
            while !self.is_wanted() {
                self.wanted.notified().await;
            }
            while self.is_wanted() {
                match self.settled(&*clock).await {
                    Ok(settled) => {
                        self.recent().begin(settled);
                        self.found();
                        self.keep_up(&*clock).await;
                    }
                    Err(error) => self.failed(&error).await,
                }
            }
            self.recent().end();
        }
    }

    /// Until nobody wants it any more.
    async fn keep_up(&self, clock: &dyn Clock) {
        while self.is_wanted() {
            let looked = clock.elapsed();
            let mut changed = pin!(self.feed.changed());
            // From here on it notices what comes while it is looked.
            let mut is_changed = false;
            poll_fn(|context| {
                is_changed = changed.as_mut().poll(context).is_ready();
                Poll::Ready(())
            })
            .await;
            if let Err(error) = self.look(clock).await {
                self.failed(&error).await;
                continue;
            }
            if !is_changed {
                // The same where there is no sign.
                drop(tokio::time::timeout(LONGEST_LOOK, changed).await);
            }
            let since = clock.elapsed().saturating_sub(looked);
            tokio::time::sleep(LOOK.saturating_sub(since)).await;
        }
    }

    async fn failed(&self, error: &StoreError) {
        let is_news = self.state.send_if_modified(|state| {
            let is_news = !state.is_away;
            state.is_away = true;
            is_news
        });
        if is_news {
            tracing::debug!(%error, "the feed does not answer those who follow it");
        }
        tokio::time::sleep(AGAIN).await;
    }

    /// Takes what there is.
    async fn look(&self, clock: &dyn Clock) -> Result<(), StoreError> {
        loop {
            let reached = self.recent().reached().clone();
            let behind = self.behind(&reached, clock).await?;
            if !behind.gaps.is_empty() {
                // Each reader learns by himself what it means to him.
                let mut vector = reached;
                let anew = behind
                    .gaps
                    .iter()
                    .map(|(feed, _, reached)| (*feed, *reached));
                vector.extend(anew);
                self.recent().begin(vector);
                self.found();
                continue;
            }
            if !behind.entries.is_empty() {
                self.recent().add(behind.entries);
                self.found();
            } else if self.state.borrow().is_away {
                self.found();
            }
            if !behind.more {
                return Ok(());
            }
        }
    }

    fn found(&self) {
        self.state.send_modify(|state| {
            state.looks = state.looks.wrapping_add(1);
            state.is_away = false;
        });
    }
}
