//! `POST /logs/batch`: takes a batch and answers once it is safe.

use super::Services;
use super::body::{self, Encoding};
use super::error::{ApiError, RecordError, record_errors};
use crate::accounting::{Accounting, Rejection};
use crate::admission::Reservation;
use crate::intake::Durability;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder, Rejects};
use record::id::{BatchId, KeyDigest};
use serde::Serialize;
use std::sync::Arc;
use wire::{self, Format};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const MAX_KEY_BYTES: usize = 255;
/// Larger bodies are decoded on a thread for blocking work: at this size it takes about a millisecond.
const INLINE_BYTES: usize = 512 * 1024;
/// Room for the documents of a body, in halves of its length: what most records need.
const USUAL_HALVES: usize = 3;
/// How much larger than the largest body a batch may become as BSON; short records grow the most.
const ENCODED_FACTOR: usize = 2;

/// What a sender is told when its batch is safe.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Success {
    status: &'static str,
    message: &'static str,
    accepted: usize,
    batch_id: String,
    durability: Durability,
    /// Records that the store refused for good, and that are kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
}

/// How a body is to be understood, from the head of its request.
struct Terms {
    format: &'static Format,
    encoding: Encoding,
    key: Option<String>,
    partial: Option<bool>,
    durability: Durability,
    default_partial: bool,
    decoded_limit: usize,
}

/// The handler.
pub(super) async fn batch(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let terms = Terms::read(&services, &headers, query.as_deref().unwrap_or_default())
        .map_err(ApiError::closing)?;
    // Before the body is read: a sender that cannot be served should not have to send it.
    let refuse = |error| ApiError::not_taken(&error, services.intake.spool().time_to_room());
    let ready = services.intake.check();
    ready.map_err(|error| refuse(error.into()).closing())?;
    let wanted = terms.durability;
    let (bytes, room) = body::read(&services, &headers, body).await?;
    let received_at = services.clock.now();
    let deadline = services.clock.elapsed() + services.limits.request_timeout;
    let accounting = Arc::clone(services.intake.accounting());
    let (batch, rejects, room) = decode(terms, bytes, room, received_at, accounting).await?;
    let (id, accepted) = (batch.id, batch.documents.len());
    let taken = services.intake.accept(batch, room, wanted, deadline).await;
    let taken = taken.map_err(refuse)?;
    let outcome = taken.outcome.as_ref();
    let refused = outcome.map_or(0, |outcome| outcome.refused);
    let success = Success {
        status: "success",
        message: "Log batch accepted",
        accepted,
        batch_id: id.to_string(),
        durability: taken.durability,
        set_aside: (refused > 0).then_some(refused),
        rejected: (rejects.count > 0).then_some(rejects.count),
        errors: record_errors(&rejects),
    };
    let status = match (wanted, taken.durability) {
        (Durability::Stored, Durability::Spooled) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    Ok(answer(status, &success, taken.repeated))
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

impl Terms {
    fn read(services: &Services, headers: &HeaderMap, query: &str) -> Result<Self, ApiError> {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        let format = wire::format_of(content_type.as_deref()).ok_or_else(|| {
            ApiError::unsupported_type(content_type.as_deref().unwrap_or_default())
        })?;
        let encoding = Encoding::of(headers)?;
        let limits = &services.limits;
        Ok(Self {
            format,
            encoding,
            key: key(headers)?,
            partial: partial(query)?,
            durability: durability(query)?,
            default_partial: limits.partial_batches,
            decoded_limit: limits.decoded_bytes,
        })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > MAX_KEY_BYTES || !visible || values.next().is_some() {
        let message = "Idempotency-Key must be one value of 1 to 255 visible ASCII characters";
        return Err(ApiError::bad_request("invalid_idempotency_key", message));
    }
    Ok(Some(text.to_owned()))
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

/// Decodes a body and weighs what came of it.
async fn decode(
    terms: Terms,
    bytes: Bytes,
    room: Reservation,
    received_at: Timestamp,
    accounting: Arc<Accounting>,
) -> Result<(Batch, Rejects, Reservation), ApiError> {
    let short = terms.encoding == Encoding::Identity && bytes.len() <= INLINE_BYTES;
    let work = move || decode_now(&terms, bytes, room, received_at, &accounting);
    if short {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(decoded) => decoded,
        Err(error) => {
            tracing::error!(%error, "decoding a batch panicked");
            Err(ApiError::internal())
        }
    }
}

fn decode_now(
    terms: &Terms,
    bytes: Bytes,
    mut room: Reservation,
    received_at: Timestamp,
    accounting: &Accounting,
) -> Result<(Batch, Rejects, Reservation), ApiError> {
    let body = body::decompress(terms.encoding, bytes, terms.decoded_limit, &mut room)?;
    let max_bytes = terms.decoded_limit * ENCODED_FACTOR;
    // The encoded form stands beside the body for a while; both are weighed.
    let at_most = wire::encoded_bytes_at_most(&body);
    room.resize(body.len() + at_most.min(max_bytes))?;
    let id = match &terms.key {
        Some(key) => BatchId::keyed(key, &body),
        None => BatchId::fresh(rand::random(), &body),
    };
    let mut builder = BatchBuilder::new(
        id,
        terms.key.as_deref().map(KeyDigest::of),
        received_at,
        max_bytes,
    );
    builder.reserve(at_most.min(body.len() / 2 * USUAL_HALVES));
    (terms.format.decode)(&body, &mut builder)?;
    let (batch, rejects) = builder.finish();
    let partial = || {
        let by_default = || terms.default_partial || (terms.format.partial_by_default)(&body);
        terms.partial.unwrap_or_else(by_default)
    };
    // Of most bodies nobody needs to know: the default is read from the body.
    let partial = rejects.count == 0 || partial();
    drop(body);
    if rejects.count > 0 && (!partial || batch.documents.is_empty()) {
        let all = rejects.count + batch.documents.len() as u64;
        accounting.rejected(Rejection::Invalid, all);
        return Err(ApiError::invalid_records(&rejects, partial));
    }
    accounting.rejected(Rejection::Invalid, rejects.count);
    room.resize(batch.documents.encoded_bytes())?;
    Ok((batch, rejects, room))
}
