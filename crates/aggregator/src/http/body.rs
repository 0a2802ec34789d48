//! A request's body, within its bounds in bytes and time.

use super::error::ApiError;
use super::limits::Limits;
use super::listener::{TIME_WHEN_STOPPING, stopped_for};
use super::services::Services;
use crate::accounting::admission::Reservation;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

/// Room is reserved in such steps, so that a body takes what has come of it and hardly more.
const ROOM_STEP: usize = 64 * 1024;
/// Address space that is made before the first bytes have come: what is announced need not be true.
/// Pages that are never written to take no memory.
const FIRST_CAPACITY: usize = 1024 * 1024;

/// Reads a body to its end, and reserves room for it as it comes.
///
/// An announced length only refuses early: room for it is looked for, and not held.
pub(super) async fn read(
    services: &Services,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Reservation), ApiError> {
    let limits = services.limits();
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes) {
        return Err(ApiError::body_too_large(limits.body_bytes).closing());
    }
    let admission = &services.admission;
    let fits = admission.check(announced.unwrap_or(0));
    let room = fits.and_then(|()| admission.reserve(0));
    let room = room.map_err(|error| ApiError::from(error).closing())?;
    let read = tokio::select! {
        // A body that is there already waits for nothing.
        biased;
        read = collect(body, announced, room, &limits) => read,
        () = tokio::time::sleep(limits.body_timeout) => {
            Err(ApiError::body_timeout(limits.body_timeout))
        }
        () = stopped_for(&services.stopping, TIME_WHEN_STOPPING) => Err(ApiError::stopping()),
    };
    read.map_err(ApiError::closing)
}

async fn collect(
    mut body: Body,
    announced: Option<usize>,
    mut room: Reservation,
    limits: &Limits,
) -> Result<(Bytes, Reservation), ApiError> {
    let most = announced.unwrap_or(limits.body_bytes);
    let mut bytes = BytesMut::new();
    let mut reserved = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            ApiError::bad_request("broken_body", format!("the body broke off: {error}"))
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = bytes.len() + data.len();
        if length > limits.body_bytes {
            return Err(ApiError::body_too_large(limits.body_bytes));
        }
        if length > reserved {
            reserved = length.next_multiple_of(ROOM_STEP).min(most.max(length));
            room.resize(reserved)?;
        }
        if bytes.is_empty() {
            bytes.reserve(announced.unwrap_or(0).min(FIRST_CAPACITY));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes.freeze(), room))
}
