//! The bound of connections, and who goes when it is reached: first who has never had a request, and
//! then who is between two; among each, whoever has waited longest. Where each has a request under way, whoever takes
//! nothing of its answer goes after a while.

use super::progress::Progress;
use crate::http::limits::Limits;
use logs::clock::Clock;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// A connection is left alone for so long after it was made, and after an answer: what it sends may be
/// on its way.
const LEAST_REST: Duration = Duration::from_millis(200);
/// How long one that was asked to close may take until another one is asked: on a busy machine it takes
/// more than a moment, and then two would go for one.
const CLOSING: Duration = Duration::from_millis(250);
/// Where each has a request under way, one whose other end has taken nothing of its answer for so long may go.
const STALLED: Duration = Duration::from_secs(10);
/// Where each has a request under way, when that is looked at again.
const LOOKED_AGAIN: Duration = Duration::from_millis(50);

/// Connections: how many there may be, and how long they may stand still.
pub struct Connections {
    places: Arc<Semaphore>,
    limit: usize,
    clock: Arc<dyn Clock>,
    open: Mutex<BTreeMap<u64, Arc<Progress>>>,
    next: AtomicU64,
    limits: watch::Receiver<Limits>,
    /// How long a reader may leave an answer lying.
    pub write_timeout: Duration,
}

/// A connection's place, given back when it is dropped.
pub(super) struct Place {
    number: u64,
    /// What the connection is at.
    pub(super) progress: Arc<Progress>,
    connections: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// At most `limit` at one time.
    pub fn new(
        limit: usize,
        clock: Arc<dyn Clock>,
        limits: watch::Receiver<Limits>,
        write_timeout: Duration,
    ) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            clock,
            open: Mutex::default(),
            next: AtomicU64::new(0),
            limits,
            write_timeout,
        }
    }

    /// For the head of a request, and between two requests.
    pub(super) fn head_timeout(&self) -> Duration {
        self.limits.borrow().body_timeout
    }

    /// The clock that they go by.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.limit.saturating_sub(self.places.available_permits())
    }

    /// A place for a new connection. When all are taken, one without a request under way is asked to
    /// close; where each has one, the new one waits, until one of them ends or has taken nothing for long.
    pub(super) async fn place(self: &Arc<Self>) -> Place {
        loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                return self.enter(permit);
            }
            let again = self.make_room();
            // Only the accept loop takes places, so that a free one stays free.
            drop(tokio::time::timeout(again, self.places.acquire()).await);
        }
    }

    fn enter(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Place {
        let place = Place {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            progress: Arc::new(Progress::new(Arc::clone(&self.clock))),
            connections: Arc::clone(self),
            _permit: permit,
        };
        let progress = Arc::clone(&place.progress);
        self.lock().insert(place.number, progress);
        place
    }

    /// Asks one that has waited long enough to close; when to look again.
    pub(super) fn make_room(&self) -> Duration {
        let open = self.lock();
        let now = self.clock.elapsed();
        let waiting = open
            .values()
            .filter_map(|progress| Some((progress.is_used(), progress.waiting_since()?, progress)));
        // One that was made a moment ago has never had a request and would be first: it must not hold up
        // those that come after it while others have been idle for long.
        let rested = waiting
            .clone()
            .filter(|(_, since, _)| *since + LEAST_REST <= now);
        if let Some((_, since, progress)) = rested.min_by_key(|(used, since, _)| (*used, *since)) {
            progress.ask_to_close(since);
            return CLOSING;
        }
        if let Some(end) = waiting.map(|(_, since, _)| since + LEAST_REST).min() {
            return end.saturating_sub(now);
        }
        let stalled = open
            .values()
            .filter_map(|progress| Some((progress.stalled_since()?, progress)));
        match stalled.min_by_key(|(since, _)| *since) {
            Some((since, progress)) if since + STALLED <= now => {
                progress.evict();
                CLOSING
            }
            _ => LOOKED_AGAIN,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Progress>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
    }
}
