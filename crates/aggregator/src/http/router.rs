//! The table of addresses: every one that there is, what it is for, and its handler.

use super::addresses::{Address, Addresses};
use super::error::ApiError;
use super::ingest::{datadog, elasticsearch, gelf, journald, loki, native, otlp, splunk};
use super::operate::{batches, dead_letters, health};
use super::read::{by_id, facets, histogram, retrieve};
use super::services::Services;
use super::welcome;
use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;

/// Method, path, what it is for, handler.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    MethodRouter<Arc<Services>>,
);

/// What there is to go to, a row for each protocol. What its senders ask for beside that is in [`others`].
#[rustfmt::skip]
fn table() -> Vec<Row> {
    vec![
        ("GET", "/", "this list", get(welcome::welcome)),
        ("POST", "/logs/batch", "takes a batch of logs", post(native::batch)),
        ("POST", "/v1/logs", "takes logs of OpenTelemetry", post(otlp::logs)),
        ("POST", "/loki/api/v1/push", "takes pushes of Loki's senders; GET /ready says whether", post(loki::push)),
        ("POST", "/_bulk", "takes documents of Elasticsearch's senders, also under /elasticsearch", elasticsearch::bulk()),
        ("POST", "/services/collector", "takes Splunk's events; lines go to /services/collector/raw", splunk::events()),
        ("POST", "/api/v2/logs", "takes logs of Datadog's agent, also at /v1/input", post(datadog::logs)),
        ("POST", "/gelf", "takes GELF", post(gelf::messages)),
        ("POST", "/upload", "takes a journal of systemd", post(journald::upload)),
        ("GET", "/logs/batches/{id}", "what became of a batch", get(batches::status)),
        ("GET", "/logs/retrieve", "records in the order of time", get(retrieve::retrieve)),
        ("GET", "/logs/histogram", "how many records, and when", get(histogram::histogram)),
        ("GET", "/logs/facets", "which levels and values there are", get(facets::facets)),
        ("GET", "/logs/{id}", "one record", get(by_id::one)),
        ("GET", "/logs/{id}/context", "a record between its neighbours", get(by_id::context)),
        ("GET", "/logs/rejected", "records that are kept aside", get(dead_letters::list)),
        ("POST", "/logs/rejected/replay", "puts them back", post(dead_letters::replay)),
        ("GET", "/health", "how the service is", get(health::health)),
    ]
}

/// What senders ask for beside an address of the table: no news to those who read it.
fn others() -> Router<Arc<Services>> {
    Router::new()
        .route("/elasticsearch", get(welcome::welcome))
        .route("/elasticsearch/", get(welcome::welcome))
        .merge(elasticsearch::others())
        .route("/ready", get(loki::ready))
        .merge(splunk::others())
        .route("/v1/input", post(datadog::logs))
        .route("/api/v1/validate", get(datadog::validate))
}

/// Every address to go to.
pub fn addresses() -> Addresses {
    let rows = table().into_iter();
    Addresses::new(
        rows.map(|(method, path, about, _)| Address {
            method,
            path,
            about,
        })
        .collect(),
    )
}

/// The service over HTTP.
pub fn router(services: Arc<Services>) -> Router {
    let rows = table().into_iter();
    rows.fold(Router::new(), |router, (_, path, _, handler)| {
        router.route(path, handler)
    })
    .merge(others())
    .method_not_allowed_fallback(method_not_allowed)
    .fallback(not_found)
    .with_state(services)
}

async fn not_found(State(services): State<Arc<Services>>, uri: Uri) -> ApiError {
    ApiError::not_found(uri.path(), &services.addresses)
}

async fn method_not_allowed() -> ApiError {
    ApiError::method_not_allowed()
}
