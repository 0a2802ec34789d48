//! `GET /stats`: who sends, how much, and what they were told.

use crate::accounting::senders::SendersStatistics;
use crate::http::services::Services;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// The handler.
pub(in crate::http) async fn stats(
    State(services): State<Arc<Services>>,
) -> Json<SendersStatistics> {
    Json(services.senders.snapshot(services.clock.elapsed()))
}
