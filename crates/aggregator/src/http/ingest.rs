//! What every way in over HTTP shares: the head of a request, its body, and the way to `ingest`.
//!
//! A protocol is one file below. It takes a request as it was sent ([`sent::Sent`]), says which format it has
//! and what its parameters mean, has it taken, and answers with the receipt, or with the refusal in its own form.

pub(super) mod datadog;
pub(super) mod elasticsearch;
pub(super) mod gelf;
pub(super) mod held_uploads;
pub(super) mod journald;
pub(super) mod loki;
pub(super) mod native;
pub(super) mod otlp;
mod sent;
pub(super) mod splunk;

use super::body;
use super::error::ApiError;
use super::services::Services;
use crate::access::Sender;
use crate::accounting::admission::Reservation;
use crate::ingest::compression::Encoding;
use crate::ingest::decode::BodyTerms;
use crate::ingest::intake::{Durability, Receipt};
use crate::ingest::intake_error::{IngestError, IntakeError};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use bytes::Bytes;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key.
const MAX_KEY_BYTES: usize = 255;

/// Reads the body of a request and takes it.
async fn receive<T: Send + 'static>(
    services: &Services,
    headers: &HeaderMap,
    (body, sender): (Body, Sender),
    terms: BodyTerms<T>,
    wanted: Durability,
) -> Result<Receipt<T>, ApiError> {
    check(services, &sender)?;
    let body = body::read(services, headers, body).await?;
    let taken = take_now(services, terms, body, sender.clone(), wanted).await;
    taken.map_err(|error| refused(services, &sender, error))
}

/// Refuses before the body is read: a sender that cannot be served should not have to send it.
fn check(services: &Services, sender: &Sender) -> Result<(), ApiError> {
    let ready = services.intake.check().map_err(IntakeError::from);
    let ready = ready.and_then(|()| check_rate(services, sender));
    ready.map_err(|error| refused(services, sender, error.into()).closing())
}

/// Whether its token may send something now.
fn check_rate(services: &Services, sender: &Sender) -> Result<(), IntakeError> {
    match &sender.token {
        Some(token) => Ok(token.limited.check(services.clock.elapsed())?),
        None => Ok(()),
    }
}

/// Takes a body that was read.
async fn take_now<T: Send + 'static>(
    services: &Services,
    terms: BodyTerms<T>,
    body: (Bytes, Reservation),
    sender: Sender,
    wanted: Durability,
) -> Result<Receipt<T>, IngestError> {
    let patience = services.limits().request_timeout;
    let taken = services.intake.take(terms, body, sender, wanted, patience);
    taken.await
}

/// Why a request is not taken.
fn refused(services: &Services, sender: &Sender, error: IngestError) -> ApiError {
    let is_of_token = matches!(error, IngestError::Intake(IntakeError::OverRate(_)));
    let error = ApiError::not_taken(error, || services.intake.spool().time_to_room());
    if is_of_token {
        let now = services.clock.elapsed();
        services.audit.not_taken(now, sender, &error);
    }
    error
}

/// The encoding that the head of a request names.
fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let mut found = Encoding::Identity;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for name in text.split(',') {
            let name = name.trim().to_ascii_lowercase();
            found = match (found, name.as_str()) {
                (found, "" | "identity") => found,
                (Encoding::Identity, "gzip" | "x-gzip") => Encoding::Gzip,
                (Encoding::Identity, "deflate") => Encoding::Deflate,
                (Encoding::Identity, "zstd") => Encoding::Zstd,
                (Encoding::Gzip, "deflate") => Encoding::GzipOrDeflate,
                _ => return Err(ApiError::unsupported_encoding(&text).closing()),
            };
        }
    }
    Ok(found)
}

/// The client's own key.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
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
