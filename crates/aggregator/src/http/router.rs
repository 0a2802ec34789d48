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

#[rustfmt::skip]
fn table() -> Vec<Row> {
    vec![
        ("GET", "/", "this list", get(welcome::welcome)),
        ("POST", "/logs/batch", "takes a batch of logs", post(native::batch)),
        ("POST", "/loki/api/v1/push", "takes a push as Loki does", post(loki::push)),
        ("GET", "/ready", "whether a push would be taken", get(loki::ready)),
        ("POST", "/v1/logs", "takes logs of OpenTelemetry", post(otlp::logs)),
        ("POST", "/_bulk", "takes a batch as Elasticsearch does, also under /elasticsearch", elasticsearch::bulk()),
        ("GET", "/logs/batches/{id}", "what became of a batch", get(batches::status)),
        ("GET", "/logs/retrieve", "records in the order of time", get(retrieve::retrieve)),
        ("GET", "/logs/histogram", "how many records, and when", get(histogram::histogram)),
        ("GET", "/logs/facets", "which levels and values there are", get(facets::facets)),
        ("GET", "/logs/{id}", "one record", get(by_id::one)),
        ("GET", "/logs/{id}/context", "a record between its neighbours", get(by_id::context)),
        ("GET", "/logs/rejected", "records that are kept aside", get(dead_letters::list)),
        ("POST", "/logs/rejected/replay", "puts them back", post(dead_letters::replay)),
        ("GET", "/health", "how the service is", get(health::health)),
        ("POST", "/gelf", "takes GELF", post(gelf::messages)),
        ("POST", "/upload", "takes a journal of systemd", post(journald::upload)),
        ("POST", "/services/collector", SPLUNK, splunk_events()),
        ("POST", "/services/collector/event", SPLUNK, splunk_events()),
        ("POST", "/services/collector/event/1.0", SPLUNK, splunk_events()),
        ("POST", "/services/collector/raw", SPLUNK_RAW, splunk_raw()),
        ("POST", "/services/collector/raw/1.0", SPLUNK_RAW, splunk_raw()),
        ("GET", "/services/collector/health", SPLUNK_HEALTH, get(splunk::health)),
        ("GET", "/services/collector/health/1.0", SPLUNK_HEALTH, get(splunk::health)),
        ("POST", "/api/v2/logs", "takes Datadog's logs", post(datadog::logs)),
        ("POST", "/v1/input", "takes Datadog's logs", post(datadog::logs)),
        ("GET", "/api/v1/validate", "tells Datadog's agent that it may send", get(datadog::validate)),
    ]
}

const SPLUNK: &str = "takes Splunk's events";
const SPLUNK_RAW: &str = "takes lines as Splunk does";
const SPLUNK_HEALTH: &str = "whether Splunk's events are taken";

fn splunk_events() -> MethodRouter<Arc<Services>> {
    post(splunk::events).options(splunk::options)
}

fn splunk_raw() -> MethodRouter<Arc<Services>> {
    post(splunk::raw).options(splunk::options)
}

/// Every address that there is.
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
    // What clients ask beside an address of the table is no news to those who read it.
    .route("/elasticsearch", get(welcome::welcome))
    .route("/elasticsearch/", get(welcome::welcome))
    .merge(elasticsearch::others())
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
