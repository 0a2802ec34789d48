//! What clients ask before they send anything.

use super::refusal;
use crate::http::body;
use crate::http::operate::health::{Readiness, readiness};
use crate::http::services::Services;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
const LICENSE: &str = concat!(
    r#"{"license":{"uid":"7b2f3c1e-9d54-4a8e-8f0b-6c1d2e3f4a5b","type":"basic","#,
    r#""status":"active","expiry_date_in_millis":4000000000000}}"#
);

/// A license that never ends.
pub(super) async fn license() -> Response {
    (JSON, LICENSE).into_response()
}

/// How the service is; while it takes nothing also by its status, by which some know when to go on.
pub(super) async fn health(State(services): State<Arc<Services>>) -> Response {
    let (status, told) = match readiness(&services).0 {
        Readiness::Ok => (StatusCode::OK, r#"{"status":"green"}"#),
        Readiness::Degraded => (StatusCode::OK, r#"{"status":"yellow"}"#),
        Readiness::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"red"}"#),
    };
    (status, JSON, told).into_response()
}

/// Says yes to a template, a policy, a pipeline, which is read and thrown away.
pub(super) async fn nothing_to_set_up(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match body::read(&services, &headers, body).await {
        Ok(_) => (JSON, "{}").into_response(),
        Err(error) => refusal::of(error),
    }
}
