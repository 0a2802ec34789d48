//! A request's body, within its bounds in bytes and time.

use super::error::ApiError;
use super::services::{Limits, Services};
use crate::accounting::admission::Reservation;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

/// Room that is made before the first bytes have come: what is announced need not be true. Pages that
/// are never written to take no memory.
const FIRST_ROOM: usize = 1024 * 1024;

/// Reads a body to its end, with room reserved for it beforehand.
pub(super) async fn read(
    services: &Services,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Reservation), ApiError> {
    let limits = &services.limits;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes) {
        return Err(ApiError::body_too_large(limits.body_bytes).closing());
    }
    let room = services
        .admission
        .reserve(announced.unwrap_or(limits.body_bytes))
        .map_err(|error| ApiError::from(error).closing())?;
    let reading = collect(body, announced.unwrap_or(0), limits);
    match tokio::time::timeout(limits.body_timeout, reading).await {
        Ok(read) => Ok((read?, room)),
        Err(_) => Err(ApiError::body_timeout(limits.body_timeout).closing()),
    }
}

async fn collect(mut body: Body, announced: usize, limits: &Limits) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::with_capacity(announced.min(FIRST_ROOM));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            ApiError::bad_request("broken_body", format!("the body broke off: {error}")).closing()
        })?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limits.body_bytes {
                return Err(ApiError::body_too_large(limits.body_bytes).closing());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}
