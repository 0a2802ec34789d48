//! Going through records step by step until nothing is left or the time for it is over.

use crate::breaker::guard::CallError;
use crate::search::retrieval::{PageError, RETRY_PAUSE, is_too_slow, passes};
use crate::worker::JobError;
use logs::clock::Clock;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

/// How far the steps have come, and whether one more is taken.
pub struct Steps {
    clock: Arc<dyn Clock>,
    until: Duration,
    reached: Option<RecordId>,
}

impl Steps {
    /// Begins; there is `time` for it.
    pub fn begin(clock: &Arc<dyn Clock>, time: Duration) -> Self {
        Self {
            until: clock.elapsed() + time,
            clock: Arc::clone(clock),
            reached: None,
        }
    }

    /// The time that there still is.
    pub fn left(&self) -> Duration {
        self.until.saturating_sub(self.clock.elapsed())
    }

    /// Fails when the time is over, before anything could be told.
    ///
    /// # Errors
    /// [`StoreError::QueryTooSlow`].
    pub fn check(&self) -> Result<(), PageError> {
        match self.left().is_zero() {
            true => Err(JobError::Failed(CallError::Store(StoreError::QueryTooSlow))),
            false => Ok(()),
        }
    }

    /// Whether there is to be a step behind this one; a step tells behind which record there is more. One
    /// that failed is tried again after a pause, as long as that may help and there is time; then it is
    /// the end, too. When the first one fails, that is told at once.
    ///
    /// # Errors
    /// What cannot pass, and whatever fails at the first step.
    pub async fn goes_on(
        &mut self,
        step: Result<Option<RecordId>, PageError>,
    ) -> Result<bool, PageError> {
        match step {
            Ok(reached) => {
                self.reached = reached;
                Ok(reached.is_some() && !self.left().is_zero())
            }
            Err(error) if self.reached.is_none() => Err(error),
            Err(error) if passes(&error) && self.left() > RETRY_PAUSE => {
                tracing::debug!(?error, "a step of counting failed; trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
                Ok(true)
            }
            Err(error) if passes(&error) || is_too_slow(&error) => {
                tracing::debug!(?error, "counting ends early");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The last record that was looked at, when that was not the end.
    pub fn reached(&self) -> Option<RecordId> {
        self.reached
    }
}
