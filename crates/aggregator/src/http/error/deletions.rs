//! Why records are not deleted on purpose, as an answer.

use super::ApiError;
use crate::breaker::guard::CallError;
use crate::config::Instance;
use crate::retention::deletion::{NotBegun, NotCancelled};
use crate::worker::JobError;
use axum::http::StatusCode;
use std::time::Duration;

/// When to come again: a deletion takes a while.
const LATER: Duration = Duration::from_secs(60);

impl ApiError {
    /// 404 of this aggregator: each knows its own.
    pub(in crate::http) fn unknown_deletion(instance: &Instance) -> Self {
        let message = format!(
            "{instance} knows of no such deletion: another aggregator behind this address may, and of those that have ended the last 100 are remembered"
        );
        Self::new(StatusCode::NOT_FOUND, "unknown_deletion", message)
    }
}

impl From<NotBegun> for ApiError {
    fn from(error: NotBegun) -> Self {
        match error {
            NotBegun::TooMany => Self::unavailable("too_many_deletions", error.to_string(), LATER),
            NotBegun::Disk(_) => not_kept(&error),
        }
    }
}

impl From<NotCancelled> for ApiError {
    fn from(error: NotCancelled) -> Self {
        match error {
            NotCancelled::State(_) => Self::new(
                StatusCode::CONFLICT,
                "deletion_not_waiting",
                error.to_string(),
            ),
            NotCancelled::Disk(_) => not_kept(&error),
        }
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        JobError::Failed(error).into()
    }
}

fn not_kept(error: &dyn std::error::Error) -> ApiError {
    tracing::error!(error = %error, "a deletion cannot be noted");
    ApiError::unavailable("deletion_not_kept", error.to_string(), LATER)
}
