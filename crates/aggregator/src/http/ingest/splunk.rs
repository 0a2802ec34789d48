//! Splunk's HTTP event collector: `POST /services/collector` and what is below it, with answers in its form
//! (`{"text", "code"}`), whatever type a body names.

use super::sent::Sent;
use crate::http::error::ApiError;
use crate::http::operate::probes;
use crate::http::services::{Served, Services};
use crate::ingest::decode::BodyForm;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
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
    code: u16,
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

/// Nothing is taken now.
const BUSY: u16 = 9;
/// As an address that it does not know is 404.
const METHOD_NOT_ALLOWED: u16 = 405;
/// There is no token.
const TOKEN_NEEDED: u16 = 2;
/// It is none that lets one in here.
const FORBIDDEN: u16 = 4;

/// Reads a body whose records get these attributes.
type Decode = fn(&[u8], &GivenAttributes, &mut BatchBuilder) -> Result<(), DecodeError>;

/// Takes events.
pub(in crate::http) fn events() -> MethodRouter<Arc<Services>> {
    let taken = async |sent: Sent| {
        let take = |sent| take(sent, "events", wire::splunk::decode_events);
        sent.taken_by(take).await.unwrap_or_else(refused)
    };
    takes(post(taken))
}

/// Takes lines.
fn raw() -> MethodRouter<Arc<Services>> {
    let taken = async |sent: Sent| {
        let take = |sent| take(sent, "raw", wire::splunk::decode_raw);
        sent.taken_by(take).await.unwrap_or_else(refused)
    };
    takes(post(taken))
}

/// Docker's driver asks with OPTIONS before it starts.
fn takes(handler: MethodRouter<Arc<Services>>) -> MethodRouter<Arc<Services>> {
    let handler = handler.options(async || StatusCode::OK);
    handler.fallback(method_not_allowed)
}

/// All other addresses of the collector.
pub(in crate::http) fn others() -> Vec<Served> {
    let of = |version: &str| {
        let below = |name: &str| format!("/services/collector/{name}{version}");
        let health = get(health).fallback(method_not_allowed);
        [
            (below("event"), events()),
            (below("raw"), raw()),
            (below("health"), health),
        ]
    };
    ["", "/1.0"].into_iter().flat_map(of).collect()
}

async fn method_not_allowed() -> Response {
    refused(ApiError::method_not_allowed())
}

/// Whether events are taken now.
async fn health(State(services): State<Arc<Services>>) -> Response {
    match probes::not_ready(&services) {
        None => Json(HEALTHY).into_response(),
        Some(error) => in_form(error, &UNHEALTHY),
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

/// Why its addresses answer nobody of this kind.
pub(in crate::http) fn refusal(error: ApiError, _: &HeaderMap) -> Response {
    refused(error)
}

/// Why nothing of a request is taken, as Splunk says it.
fn refused(error: ApiError) -> Response {
    let error = match error.code() {
        // Of a token that was given, as Splunk has it; its senders know 401 as none.
        "unknown_token" => error.with_status(StatusCode::FORBIDDEN),
        _ => error,
    };
    let (text, code) = match error.status() {
        StatusCode::BAD_REQUEST => ("Invalid data format", 6),
        StatusCode::UNAUTHORIZED => (error.message(), TOKEN_NEEDED),
        StatusCode::FORBIDDEN => (error.message(), FORBIDDEN),
        StatusCode::INTERNAL_SERVER_ERROR => ("Internal server error", 8),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => ("Server is busy", BUSY),
        StatusCode::TOO_MANY_REQUESTS => (error.message(), BUSY),
        StatusCode::PAYLOAD_TOO_LARGE => (error.message(), 27),
        StatusCode::METHOD_NOT_ALLOWED => (error.message(), METHOD_NOT_ALLOWED),
        _ => (error.message(), 6),
    };
    let text = text.to_owned();
    in_form(error, &Answer { text: &text, code })
}

fn in_form(error: ApiError, answer: &Answer<'_>) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    error.in_form("application/json", body)
}
