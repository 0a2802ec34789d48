//! `POST /logs/batch`: takes a batch and answers once it is safe.

use super::{encoding, idempotency_key, receive};
use crate::http::error::{ApiError, RecordError, record_errors};
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::decode::BodyTerms;
use crate::ingest::intake::{Durability, Receipt};
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use record::batch::MAX_LISTED_REJECTS;
use record::fault::RecordFault;
use serde::Serialize;
use std::sync::Arc;

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a sender is told when its batch is safe.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Success {
    status: &'static str,
    message: &'static str,
    accepted: usize,
    batch_id: String,
    durability: Durability,
    /// Records that the store refused for good or that are too large for any, and that are kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
    /// What became of records otherwise than their sender may think, at most a hundred of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<RecordError>,
}

/// The handler.
pub(in crate::http) async fn batch(
    State(services): State<Arc<Services>>,
    Extension(peer): Extension<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (terms, wanted) =
        terms(&headers, query.as_deref().unwrap_or_default()).map_err(ApiError::closing)?;
    let receipt = receive(&services, &headers, (body, peer), terms, wanted).await?;
    let status = match (wanted, receipt.accepted.durability) {
        (Durability::Stored, Durability::Spooled) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let replayed = receipt.accepted.repeated;
    Ok(answer(status, &success(&receipt), replayed))
}

fn success(receipt: &Receipt) -> Success {
    let outcome = receipt.accepted.outcome.as_ref();
    let refused = outcome.map_or(0, |outcome| outcome.refused);
    let set_aside = refused + receipt.too_large.len() as u64;
    let rejects = &receipt.rejects;
    Success {
        status: "success",
        message: "Log batch accepted",
        accepted: receipt.records,
        batch_id: receipt.batch_id.to_string(),
        durability: receipt.accepted.durability,
        set_aside: (set_aside > 0).then_some(set_aside),
        rejected: (rejects.count > 0).then_some(rejects.count),
        errors: record_errors(rejects),
        warnings: warnings(receipt),
    }
}

fn warnings(receipt: &Receipt) -> Vec<RecordError> {
    let reason = format!("{}: it is set aside", RecordFault::TooLarge);
    let listed = receipt.too_large.iter().take(MAX_LISTED_REJECTS);
    let warning = |place: &u32| RecordError::new(*place as usize, &reason);
    listed.map(warning).collect()
}

fn answer(status: StatusCode, success: &Success, replayed: bool) -> Response {
    let mut text = serde_json::to_vec(success).unwrap_or_default();
    text.push(b'\n');
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// How the body is to be understood, from the head of its request.
fn terms(headers: &HeaderMap, query: &str) -> Result<(BodyTerms, Durability), ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let format = wire::format_of(content_type.as_deref())
        .ok_or_else(|| ApiError::unsupported_type(content_type.as_deref().unwrap_or_default()))?;
    let terms = BodyTerms {
        format,
        encoding: encoding(headers)?,
        key: idempotency_key(headers)?,
        partial: partial(query)?,
    };
    Ok((terms, durability(query)?))
}

fn partial(query: &str) -> Result<Option<bool>, ApiError> {
    let mut partial = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        partial = match (name.as_ref(), value.as_ref()) {
            ("partial", "true" | "1" | "") => Some(true),
            ("partial", "false" | "0") => Some(false),
            ("partial", _) => {
                let message = "partial must be true or false";
                return Err(ApiError::bad_request("invalid_parameter", message));
            }
            // Senders that cannot set a header put other things here; they change nothing.
            _ => partial,
        };
    }
    Ok(partial)
}

/// `?ack=stored` waits until the store has the batch.
fn durability(query: &str) -> Result<Durability, ApiError> {
    let mut wanted = Durability::Spooled;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        wanted = match (name.as_ref(), value.as_ref()) {
            ("ack", "spooled") => Durability::Spooled,
            ("ack", "stored") => Durability::Stored,
            ("ack", _) => {
                let message = "ack must be spooled or stored";
                return Err(ApiError::bad_request("invalid_parameter", message));
            }
            _ => wanted,
        };
    }
    Ok(wanted)
}
