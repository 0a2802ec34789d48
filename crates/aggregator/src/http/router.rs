//! The table of addresses: every one that there is, and its handler.

use super::error::ApiError;
use super::ingest::native;
use super::operate::{batches, dead_letters, health};
use super::read::{by_id, facets, histogram, retrieve};
use super::services::Services;
use axum::Router;
use axum::http::Uri;
use axum::routing::{get, post};
use std::sync::Arc;

/// Every address that there is.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/logs/batch", post(native::batch))
        .route("/logs/batches/{id}", get(batches::status))
        .route("/logs/retrieve", get(retrieve::retrieve))
        .route("/logs/histogram", get(histogram::histogram))
        .route("/logs/facets", get(facets::facets))
        .route("/logs/{id}", get(by_id::one))
        .route("/logs/{id}/context", get(by_id::context))
        .route("/logs/rejected", get(dead_letters::list))
        .route("/logs/rejected/replay", post(dead_letters::replay))
        .route("/health", get(health::health))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(services)
}

async fn not_found(uri: Uri) -> ApiError {
    ApiError::not_found(uri.path())
}

async fn method_not_allowed() -> ApiError {
    ApiError::method_not_allowed()
}
