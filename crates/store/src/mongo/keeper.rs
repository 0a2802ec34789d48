//! Owns what is known of the collection: prepares it until that is done, and looks at it again now
//! and then, after each reconnect, and as soon as a write or a glance finds another collection in its place.

use super::Shared;
use super::bounded::bounded;
use super::collection::{self, Prepared};
use super::receipts;
use crate::{Receipts, StoreError};
use logs::clock::Clock;
use mongodb::bson::Uuid;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

/// Between two glances at what stands in the collection's place. The server holds no insert into a time series to a
/// UUID, so that no write tells of one.
const GLANCE_INTERVAL: Duration = Duration::from_secs(1);
/// Between two attempts to prepare the collection.
const PREPARE_INTERVAL: Duration = Duration::from_secs(1);
/// How long one attempt may take before the next one starts.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(15);

/// How far the preparation has come.
#[derive(Debug, Clone)]
pub(super) enum Readiness {
    /// The first attempt is under way.
    Connecting,
    /// A write, or a glance, found another collection than that which was prepared, or none.
    Gone,
    /// The last attempt failed.
    Failed(StoreError),
    /// The collection is there.
    Ready(Prepared),
}

/// What is known of the collection.
pub(super) struct Keeper {
    readiness: watch::Sender<Readiness>,
    look: Notify,
    receipts: Mutex<Option<Receipts>>,
    unserved: Mutex<Vec<String>>,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            readiness: watch::Sender::new(Readiness::Connecting),
            look: Notify::new(),
            receipts: Mutex::new(None),
            unserved: Mutex::new(Vec::new()),
        }
    }
}

impl Keeper {
    /// The collection as it was prepared; waits for an attempt that is under way, and no longer.
    pub(super) async fn ready(&self) -> Result<Prepared, StoreError> {
        let mut readiness = self.readiness.subscribe();
        let under_way =
            |state: &Readiness| matches!(state, Readiness::Connecting | Readiness::Gone);
        let state = readiness.wait_for(|state| !under_way(state)).await;
        match state.as_deref() {
            Ok(Readiness::Ready(prepared)) => Ok(prepared.clone()),
            Ok(Readiness::Failed(error)) => Err(error.clone()),
            _ => Err(StoreError::Unavailable(
                "the service is stopping".to_owned(),
            )),
        }
    }

    /// The collection with this UUID was found not to be there any more: looks at once.
    pub(super) fn is_gone(&self, uuid: Option<Uuid>) {
        let noted = self.readiness.send_if_modified(|state| {
            let known = matches!(state, Readiness::Ready(prepared) if prepared.uuid == uuid);
            if known {
                *state = Readiness::Gone;
            }
            known
        });
        if noted {
            tracing::warn!("the collection was dropped or replaced; it is looked at");
        }
        self.look.notify_one();
    }

    /// The server does not know what it is asked to hold a write to.
    pub(super) fn forget_uuid(&self) {
        self.readiness.send_if_modified(|state| match state {
            Readiness::Ready(prepared) => prepared.uuid.take().is_some(),
            _ => false,
        });
    }

    /// How far the preparation has come.
    pub(super) fn state(&self) -> Readiness {
        self.readiness.borrow().clone()
    }

    /// The markers of receipt, as of the last look.
    pub(super) fn receipts(&self) -> Option<Receipts> {
        *lock(&self.receipts)
    }

    /// What no search finds in it, in sentences, as of when it was found or made.
    pub(super) fn unserved(&self) -> Vec<String> {
        lock(&self.unserved).clone()
    }

    fn note(&self, outcome: Result<Prepared, StoreError>) -> bool {
        let before = self.state();
        match (outcome, before) {
            (Ok(found), Readiness::Ready(before)) if found == before => true,
            (Ok(found), _) => {
                tracing::info!(shape = found.shape, "the collection is ready");
                for told in found.problem.iter().chain(&found.notes) {
                    tracing::warn!("{told}");
                }
                self.readiness.send_replace(Readiness::Ready(found));
                true
            }
            // A look that fails says nothing of the collection that was prepared.
            (Err(error), Readiness::Ready(_)) if !error.is_of_contents() => {
                tracing::debug!(%error, "the collection could not be looked at");
                true
            }
            (Err(error), before) => {
                // Once for each new reason, not once a second.
                if !matches!(before, Readiness::Failed(before) if before == error) {
                    tracing::warn!(%error, "MongoDB is not ready; trying again every second");
                }
                self.readiness.send_replace(Readiness::Failed(error));
                false
            }
        }
    }
}

/// Prepares the collection and goes on looking at it, for as long as it is polled.
pub(super) async fn keep(shared: Arc<Shared>, clock: Arc<dyn Clock>) {
    let mut counting = Counting::default();
    loop {
        let outcome = attempt(&shared, &*clock).await;
        let had_failed = matches!(shared.keeper.state(), Readiness::Failed(_));
        let is_ready = shared.keeper.note(outcome);
        if is_ready && had_failed {
            shared.writable.note_recovery();
        }
        counting.go_on(&shared, &clock);
        if is_ready {
            tokio::select! {
                () = tokio::time::sleep(shared.target.look_interval) => {}
                () = shared.writable.recovered() => {}
                () = shared.keeper.look.notified() => {}
                () = replaced(&shared) => {}
            }
        } else {
            tokio::time::sleep(PREPARE_INTERVAL).await;
        }
    }
}

/// Resolves when something else stands in the place of the collection that was prepared. Nothing more is written until
/// that was looked at.
async fn replaced(shared: &Shared) {
    loop {
        tokio::time::sleep(GLANCE_INTERVAL).await;
        let Readiness::Ready(prepared) = shared.keeper.state() else {
            continue;
        };
        let glance = bounded(PREPARE_TIMEOUT, async {
            let database = shared.writes().await?;
            collection::is_still(&database, &shared.target, prepared.uuid).await
        });
        match glance.await {
            Ok(Some(false)) => return shared.keeper.is_gone(prepared.uuid),
            // The server logs each question of a user who may not ask.
            Ok(None) => return std::future::pending().await,
            // A glance that fails says nothing of the collection.
            Ok(Some(true)) | Err(_) => {}
        }
    }
}

/// Counts what is not served, once for each collection that is found or made.
#[derive(Default)]
struct Counting {
    /// That of the collection, and what counts in it.
    of: Option<(Option<Uuid>, AbortOnDropHandle<()>)>,
}

impl Counting {
    fn go_on(&mut self, shared: &Arc<Shared>, clock: &Arc<dyn Clock>) {
        let Readiness::Ready(prepared) = shared.keeper.state() else {
            self.of = None;
            return;
        };
        if matches!(&self.of, Some((uuid, _)) if *uuid == prepared.uuid) {
            return;
        }
        let (shared, clock) = (Arc::clone(shared), Arc::clone(clock));
        // It takes a while, and nobody waits for it.
        let task = tokio::spawn(async move {
            lock(&shared.keeper.unserved).clear();
            let Ok(database) = shared.reads().await else {
                return;
            };
            let (target, format) = (&shared.target, prepared.format);
            let told = collection::count_unserved(&database, target, format, &*clock).await;
            for told in &told {
                tracing::warn!("{told}");
            }
            *lock(&shared.keeper.unserved) = told;
        });
        self.of = Some((prepared.uuid, AbortOnDropHandle::new(task)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn attempt(shared: &Arc<Shared>, clock: &dyn Clock) -> Result<Prepared, StoreError> {
    let (attempt, now) = (Arc::clone(shared), clock.now());
    let known = match shared.keeper.state() {
        Readiness::Ready(prepared) => Some(prepared),
        _ => None,
    };
    // In a task of its own, so that a panic is one failed attempt.
    let task = tokio::spawn(async move {
        bounded(PREPARE_TIMEOUT, async {
            let database = attempt.writes().await?;
            let prepared = collection::prepare(&database, &attempt.target, known, now).await?;
            let counted = receipts::count(&database, &attempt.target).await;
            *lock(&attempt.keeper.receipts) = counted;
            Ok(prepared)
        })
        .await
    });
    match tokio::time::timeout(PREPARE_TIMEOUT, task).await {
        Ok(Ok(outcome)) => outcome.map_err(|error: StoreError| error.scrub(&shared.target.address)),
        Ok(Err(panicked)) => Err(StoreError::Unavailable(panicked.to_string())),
        Err(_) => Err(StoreError::Timeout),
    }
}
