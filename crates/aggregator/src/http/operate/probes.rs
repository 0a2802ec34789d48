//! `GET /livez` and `GET /readyz`, for whatever starts, stops and routes to the service: whether it answers, and whether
//! a batch would be taken. Neither looks at the store, which may be away.

use crate::http::error::{ApiError, SENTENCE};
use crate::http::services::Services;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use spool::AppendError;
use std::sync::Arc;
use std::time::Duration;

/// When to ask again whether batches are taken.
const SOON: Duration = Duration::from_secs(1);
/// Bytes that a batch of most senders has at most.
const USUAL_BATCH: u64 = 1024 * 1024;

/// The handler that says that the process answers.
pub(in crate::http) async fn live() -> Response {
    well()
}

/// The handler that says whether a batch would be taken, and kept durably, now.
pub(in crate::http) async fn ready(State(services): State<Arc<Services>>) -> Response {
    not_ready(&services).map_or_else(well, ApiError::in_sentence)
}

/// Why no batch would be taken now; `None` when one would.
pub(in crate::http) fn not_ready(services: &Services) -> Option<ApiError> {
    let reason = services.refusal().or_else(|| full(services))?;
    Some(ApiError::unavailable("not_ready", reason, SOON))
}

/// What is wrong where the spool has less room than a usual batch takes: it is full for most who send.
fn full(services: &Services) -> Option<String> {
    let (used, limit) = services.intake.spool().fill();
    let least = USUAL_BATCH.min(limit / 8);
    let is_full = limit.saturating_sub(used) < least;
    is_full.then(|| AppendError::Full { used, limit }.to_string())
}

/// How whoever asks is refused.
pub(in crate::http) fn refusal(error: ApiError, _: &HeaderMap) -> Response {
    error.in_sentence()
}

fn well() -> Response {
    ([(header::CONTENT_TYPE, SENTENCE)], "ok\n").into_response()
}
