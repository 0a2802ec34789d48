//! Datadog's logs: `POST /api/v2/logs` and `/v1/input`, whatever type a body names.
//!
//! An agent drops what is answered with 400, 401, 403 or 413 and sends all else again, so none of these is an
//! answer here.

use super::{encoding, receive};
use crate::http::error::ApiError;
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::Durability;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use wire::GivenAttributes;

/// Parameters that become attributes of records.
const PARAMETERS: [&str; 4] = ["ddtags", "service", "ddsource", "hostname"];
/// When what cannot be taken as it is may come again: somebody has to do something first.
const LATER: Duration = Duration::from_secs(60);

/// Takes records.
pub(in crate::http) async fn logs(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let sender = services.trusted_proxies.sender(&headers, peer);
    let query = query.as_deref().unwrap_or_default();
    match take(&services, &headers, (body, sender), query).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({}))).into_response(),
        Err(error) => refusal(error),
    }
}

/// Whether the key of an agent is one: it need not have any.
pub(in crate::http) async fn validate() -> Response {
    Json(json!({ "valid": true })).into_response()
}

async fn take(
    services: &Services,
    headers: &HeaderMap,
    (body, sender): (Body, IpAddr),
    query: &str,
) -> Result<(), ApiError> {
    let (mut given, mut scope) = (GivenAttributes::default(), Scope::new("datadog", sender));
    for name in PARAMETERS {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(other, value)| other == name && !value.is_empty());
        if let Some((_, value)) = found {
            given.add(name, &value);
            scope = scope.with(name).with(&value);
        }
    }
    let terms = BodyTerms {
        decode: Box::new(move |body: &[u8], batch: &mut _| {
            wire::datadog::decode(body, &given, batch)
        }),
        form: BodyForm::Text,
        encoding: encoding(headers)?,
        key: BatchKey::Content(scope),
        strict: Some(false),
    };
    receive(
        services,
        headers,
        (body, sender),
        terms,
        Durability::Spooled,
    )
    .await?;
    Ok(())
}

/// Why nothing of a request is taken, as Datadog says it.
fn refusal(error: ApiError) -> Response {
    let error = match error.status().as_u16() {
        400 | 401 | 403 | 413 => error.sent_again_after(LATER),
        _ => error,
    };
    let status = error.status();
    let told = json!({"errors": [{
        "status": status.as_str(),
        "title": status.canonical_reason().unwrap_or_default(),
        "detail": error.message(),
    }]});
    error.in_form("application/json", told.to_string().into_bytes())
}
