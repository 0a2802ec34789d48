//! Datadog's logs: `POST /api/v2/logs` and `/v1/input`, whatever type a body names.
//!
//! An agent drops what is answered with 400, 401, 403 or 413 and sends all else again, so none of these is an
//! answer here.

use super::sent::Sent;
use crate::http::error::ApiError;
use crate::ingest::decode::BodyForm;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

/// Parameters that become attributes of records.
const PARAMETERS: [&str; 4] = ["ddtags", "service", "ddsource", "hostname"];
/// When what cannot be taken as it is may come again: somebody has to do something first.
const LATER: Duration = Duration::from_secs(60);

/// Takes records.
pub(in crate::http) async fn logs(sent: Sent) -> Response {
    match sent.taken_by(take).await {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({}))).into_response(),
        Err(error) => refused(error),
    }
}

/// Whether the key of an agent is one: it need not have any.
pub(in crate::http) async fn validate() -> Response {
    Json(json!({ "valid": true })).into_response()
}

async fn take(sent: Sent) -> Result<(), ApiError> {
    let (given, scope) = sent.given(&PARAMETERS, sent.scope("datadog"));
    let encoding = sent.encoding()?;
    let decode =
        Box::new(move |body: &[u8], batch: &mut _| wire::datadog::decode(body, &given, batch));
    sent.take(decode, BodyForm::Text, encoding, scope).await?;
    Ok(())
}

/// Why its addresses answer nobody of this kind: a token may be put right before an agent has tried for the last time.
pub(in crate::http) fn refusal(error: ApiError, _: &HeaderMap) -> Response {
    refused(error)
}

/// The same of whether a key is one, which an agent asks for at its start.
pub(in crate::http) fn no_key(error: ApiError, _: &HeaderMap) -> Response {
    match error.status() {
        // As Datadog has it, of a key that is missing or wrong.
        StatusCode::UNAUTHORIZED => in_form(error.with_status(StatusCode::FORBIDDEN)),
        _ => in_form(error),
    }
}

/// Why nothing of a request is taken, as Datadog says it.
fn refused(error: ApiError) -> Response {
    let error = match error.status().as_u16() {
        400 | 401 | 403 | 413 => error.sent_again_after(LATER),
        _ => error,
    };
    in_form(error)
}

fn in_form(error: ApiError) -> Response {
    let status = error.status();
    let told = json!({"errors": [{
        "status": status.as_str(),
        "title": status.canonical_reason().unwrap_or_default(),
        "detail": error.message(),
    }]});
    error.in_form("application/json", told.to_string().into_bytes())
}
