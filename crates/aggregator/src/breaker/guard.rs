//! The circuit breaker around the database call itself, and the call's deadline.
//!
//! An operation runs in a task of its own. At the deadline its caller gets an answer, and the task
//! goes on until the store ends it. Tasks that go on are counted and bounded.

use super::calls::{CallCounts, Calls, Operation};
use crate::breaker::{Breaker, Forced, Snapshot};
use logs::clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use tokio::sync::{Notify, Semaphore};

/// Operations that may be without an answer at one time, those included that nobody waits for any more.
const MAX_OPERATIONS: usize = 64;

/// Guards the calls of one lane. Cheap to clone; clones are one guard.
#[derive(Clone)]
pub struct Guard {
    breaker: Arc<Breaker>,
    clock: Arc<dyn Clock>,
    operations: Arc<Semaphore>,
    calls: Arc<Calls>,
    wait_ended: Arc<Notify>,
}

/// Why a guarded call gave no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The breaker is open; nothing was asked of the store.
    #[error("the store is not available: the circuit breaker is open")]
    Open {
        /// Until the next call may be let through.
        retry_after: Duration,
    },
    /// The store was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Guard {
    /// A guard that measures with `clock`.
    pub fn new(breaker: Arc<Breaker>, clock: Arc<dyn Clock>) -> Self {
        Self {
            breaker,
            clock,
            operations: Arc::new(Semaphore::new(MAX_OPERATIONS)),
            calls: Arc::default(),
            wait_ended: Arc::default(),
        }
    }

    /// Calls the store, unless the breaker is open. `deadline` is a time of the clock's
    /// [`elapsed`](Clock::elapsed). A panic in `operation` goes on in the caller.
    ///
    /// # Errors
    /// [`CallError::Open`] at once when the breaker is open; [`StoreError::Timeout`] at the deadline.
    pub async fn call<T: Send + 'static>(
        &self,
        deadline: Duration,
        asked: Operation,
        operation: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, CallError> {
        let permit = self
            .breaker
            .try_acquire(self.clock.elapsed())
            .map_err(|rejected| CallError::Open {
                retry_after: rejected.retry_after,
            })?;
        let Ok(slot) = Arc::clone(&self.operations).try_acquire_owned() else {
            permit.failure(self.clock.elapsed());
            let reason = format!("{MAX_OPERATIONS} operations are without an answer");
            return Err(StoreError::Unavailable(reason).into());
        };
        let began = self.clock.elapsed();
        let task = tokio::spawn(async move {
            let result = operation.await;
            drop(slot);
            result
        });
        let took = || self.clock.elapsed().saturating_sub(began);
        let left = deadline.saturating_sub(began);
        let result = match tokio::time::timeout(left, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(failed)) if failed.is_panic() => {
                self.calls.ended::<T>(asked, took(), None);
                std::panic::resume_unwind(failed.into_panic())
            }
            Ok(Err(_)) => Err(StoreError::Unavailable(
                "the service is stopping".to_owned(),
            )),
            Err(_) => Err(StoreError::Timeout),
        };
        self.calls.ended(asked, took(), Some(&result));
        match &result {
            Ok(_) => permit.success(self.clock.elapsed()),
            Err(error) if error.is_failure() => permit.failure(self.clock.elapsed()),
            Err(_) => permit.ignored(),
        }
        Ok(result?)
    }

    /// Lets a probe through at once if the breaker is open, and wakes those who wait to try again.
    pub fn end_wait(&self) {
        self.breaker.end_wait(self.clock.elapsed());
        self.wait_ended.notify_waiters();
    }

    /// Holds the breaker in a state, or with `None` lets it decide again; wakes those who wait to try again.
    pub fn force(&self, forced: Option<Forced>) {
        self.breaker.force(forced, self.clock.elapsed());
        self.wait_ended.notify_waiters();
    }

    /// Resolves when the wait is ended before its time.
    pub async fn wait_ended(&self) {
        self.wait_ended.notified().await;
    }

    /// The calls that were made, for `/metrics`.
    pub fn calls(&self) -> Vec<CallCounts> {
        self.calls.snapshot()
    }

    /// The breaker's state, for `/health` and `/metrics`.
    pub fn snapshot(&self) -> Snapshot {
        self.breaker.snapshot(self.clock.elapsed())
    }
}
