//! HTTP: the table of addresses, and what every answer has in common.

#[cfg(test)]
mod asked_fuzz;
mod batches;
mod body;
mod error;
mod facets;
mod gather;
mod health;
mod histogram;
mod ingest;
pub mod listener;
mod listing;
mod look_through;
mod record;
mod rejected;
mod retrieve;

use crate::admission::Admission;
use crate::drain::Drain;
use crate::intake::Intake;
use crate::rejected::Rejected;
use crate::retrieval::Retrieval;
use axum::Router;
use axum::http::Uri;
use axum::routing::{get, post};
use error::ApiError;
use listener::Connections;
use logs::clock::Clock;
use query::cursor::CursorKey;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the handlers work with.
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The store, for its state.
    pub store: Arc<dyn Store>,
    /// The way of batches in.
    pub intake: Intake,
    /// Their way on, for its state.
    pub drain: Arc<Drain>,
    /// What the store refused.
    pub rejected: Arc<Rejected>,
    /// The way of queries.
    pub retrieval: Arc<Retrieval>,
    /// The secret of cursors.
    pub cursors: CursorKey,
    /// Room for requests.
    pub admission: Admission,
    /// Bounds and times.
    pub limits: Limits,
    /// Connections that are open.
    pub connections: Arc<Connections>,
    /// Cancelled when the service begins to stop.
    pub stopping: CancellationToken,
}

/// Bounds and times of requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// A body as it is sent, in bytes.
    pub body_bytes: usize,
    /// A body after decompression, in bytes.
    pub decoded_bytes: usize,
    /// From a whole body to the answer.
    pub request_timeout: Duration,
    /// How long records are looked for when a limited number is asked for, and how long they are counted.
    pub query_max_time: Duration,
    /// From the head of a request to the end of its body.
    pub body_timeout: Duration,
    /// Whether the good records of an array are taken when others of it are refused.
    pub partial_batches: bool,
}

/// Every address that there is.
pub fn router(services: Arc<Services>) -> Router {
    Router::new()
        .route("/logs/batch", post(ingest::batch))
        .route("/logs/batches/{id}", get(batches::fate))
        .route("/logs/retrieve", get(retrieve::retrieve))
        .route("/logs/histogram", get(histogram::histogram))
        .route("/logs/facets", get(facets::facets))
        .route("/logs/{id}", get(record::one))
        .route("/logs/{id}/context", get(record::context))
        .route("/logs/rejected", get(rejected::list))
        .route("/logs/rejected/replay", post(rejected::replay))
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
