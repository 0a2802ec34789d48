//! Splunk's HTTP event collector: `POST /services/collector` and what is below it, with answers in its form
//! (`{"text", "code"}`), whatever type a body names.

use super::sent::Sent;
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::ingest::decode::BodyForm;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use record::batch::BatchBuilder;
use serde::Serialize;
use std::sync::Arc;
use wire::{DecodeError, GivenAttributes};

/// Parameters that become attributes of records.
const PARAMETERS: [&str; 4] = ["host", "source", "sourcetype", "index"];

/// Every answer: a sentence, and Splunk's number for it.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    text: &'a str,
    code: u8,
}

const SUCCESS: Answer<'_> = Answer {
    text: "Success",
    code: 0,
};
const NO_DATA: Answer<'_> = Answer {
    text: "No data",
    code: 5,
};
const HEALTHY: Answer<'_> = Answer {
    text: "HEC is healthy",
    code: 17,
};
const UNHEALTHY: Answer<'_> = Answer {
    text: "HEC is unhealthy, queues are full",
    code: 18,
};

/// Reads a body whose records get these attributes.
type Decode = fn(&[u8], &GivenAttributes, &mut BatchBuilder) -> Result<(), DecodeError>;

/// Takes events.
pub(in crate::http) async fn events(sent: Sent) -> Response {
    let taken = take(sent, "events", wire::splunk::decode_events).await;
    taken.unwrap_or_else(refusal)
}

/// Takes lines.
pub(in crate::http) async fn raw(sent: Sent) -> Response {
    let taken = take(sent, "raw", wire::splunk::decode_raw).await;
    taken.unwrap_or_else(refusal)
}

/// Docker's driver asks so before it starts.
pub(in crate::http) async fn options() -> StatusCode {
    StatusCode::OK
}

/// Whether events are taken now.
pub(in crate::http) async fn health(State(services): State<Arc<Services>>) -> Response {
    let intake = &services.intake;
    match intake.check() {
        Ok(()) => Json(HEALTHY).into_response(),
        Err(error) => {
            let room_in = || intake.spool().time_to_room();
            in_form(ApiError::not_durable(&error.into(), room_in), &UNHEALTHY)
        }
    }
}

async fn take(sent: Sent, kind: &str, decode: Decode) -> Result<Response, ApiError> {
    let (given, scope) = sent.given(&PARAMETERS, sent.scope("splunk").with(kind));
    let encoding = sent.encoding()?;
    let decode = Box::new(move |body: &[u8], batch: &mut _| decode(body, &given, batch));
    let receipt = sent.take(decode, BodyForm::Text, encoding, scope).await?;
    if receipt.records + receipt.too_large.len() == 0 {
        return Ok((StatusCode::BAD_REQUEST, Json(NO_DATA)).into_response());
    }
    Ok(Json(SUCCESS).into_response())
}

/// Why nothing of a request is taken, as Splunk says it.
fn refusal(error: ApiError) -> Response {
    let (text, code) = match error.status() {
        StatusCode::BAD_REQUEST => ("Invalid data format", 6),
        StatusCode::INTERNAL_SERVER_ERROR => ("Internal server error", 8),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => ("Server is busy", 9),
        StatusCode::PAYLOAD_TOO_LARGE => (error.message(), 27),
        _ => (error.message(), 6),
    };
    let text = text.to_owned();
    in_form(error, &Answer { text: &text, code })
}

fn in_form(error: ApiError, answer: &Answer<'_>) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    error.in_form("application/json", body)
}
