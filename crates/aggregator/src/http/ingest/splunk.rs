//! Splunk's HTTP event collector: `POST /services/collector` and what is below it, with answers in its form
//! (`{"text", "code"}`), whatever type a body names.

use super::{encoding, receive};
use crate::http::error::ApiError;
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::decode::{BodyForm, BodyTerms, Decode};
use crate::ingest::intake::Durability;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use std::net::IpAddr;
use std::sync::Arc;
use wire::GivenAttributes;

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

/// Takes events.
pub(in crate::http) async fn events(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let given = given(query.as_deref().unwrap_or_default());
    let sender = services.trusted_proxies.sender(&headers, peer);
    let scope = scope("events", sender, &given);
    let attributes = attributes(&given);
    let decode = Box::new(move |body: &[u8], batch: &mut _| {
        wire::splunk::decode_events(body, &attributes, batch)
    });
    let taken = take(&services, &headers, (body, sender), scope, decode).await;
    taken.unwrap_or_else(refusal)
}

/// Takes lines.
pub(in crate::http) async fn raw(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let given = given(query.as_deref().unwrap_or_default());
    let sender = services.trusted_proxies.sender(&headers, peer);
    let scope = scope("raw", sender, &given);
    let attributes = attributes(&given);
    let decode = Box::new(move |body: &[u8], batch: &mut _| {
        wire::splunk::decode_raw(body, &attributes, batch)
    });
    let taken = take(&services, &headers, (body, sender), scope, decode).await;
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

async fn take(
    services: &Services,
    headers: &HeaderMap,
    (body, sender): (Body, IpAddr),
    scope: Scope,
    decode: Box<Decode<()>>,
) -> Result<Response, ApiError> {
    let terms = BodyTerms {
        decode,
        form: BodyForm::Text,
        encoding: encoding(headers)?,
        key: BatchKey::Content(scope),
        strict: Some(false),
    };
    let receipt = receive(
        services,
        headers,
        (body, sender),
        terms,
        Durability::Spooled,
    )
    .await?;
    if receipt.records + receipt.too_large.len() == 0 {
        return Ok((StatusCode::BAD_REQUEST, Json(NO_DATA)).into_response());
    }
    Ok(Json(SUCCESS).into_response())
}

/// The parameters that become attributes, each once: the first that is not empty.
fn given(query: &str) -> Vec<(&'static str, String)> {
    let of_name = |name: &'static str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(other, value)| other == name && !value.is_empty())?;
        Some((name, found.1.into_owned()))
    };
    PARAMETERS.into_iter().filter_map(of_name).collect()
}

fn attributes(given: &[(&'static str, String)]) -> GivenAttributes {
    let mut attributes = GivenAttributes::default();
    for (name, value) in given {
        attributes.add(name, value);
    }
    attributes
}

fn scope(kind: &str, sender: IpAddr, given: &[(&'static str, String)]) -> Scope {
    let scope = Scope::new("splunk", sender).with(kind);
    let parts = given.iter();
    parts.fold(scope, |scope, (name, value)| scope.with(name).with(value))
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
