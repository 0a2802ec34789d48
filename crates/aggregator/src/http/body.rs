//! A request's body: within its bounds in bytes and time, and decompressed.

use super::error::ApiError;
use super::{Limits, Services};
use crate::admission::Reservation;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::io::Read;

/// Room that is made before the first bytes have come: what is announced need not be true. Pages that
/// are never written to take no memory.
const FIRST_ROOM: usize = 1024 * 1024;
/// Decompressed bytes between two looks at the bounds.
const STEP: usize = 1024 * 1024;
/// The largest window that a zstd body may ask for, as a power of two: 32 MiB.
const ZSTD_WINDOW_LOG: u32 = 25;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    /// The encoding that the head of a request names.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut found = Self::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let encoding = match text.trim().to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Self::Gzip,
                "deflate" => Self::Deflate,
                "zstd" => Self::Zstd,
                _ => return Err(ApiError::unsupported_encoding(&text).closing()),
            };
            if found != Self::Identity {
                return Err(ApiError::unsupported_encoding("two at once").closing());
            }
            found = encoding;
        }
        Ok(found)
    }
}

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

/// Decompresses a body, reserving room as it grows. It works without a pause, so it belongs on a
/// thread for blocking work.
pub(super) fn decompress(
    encoding: Encoding,
    body: Bytes,
    limit: usize,
    room: &mut Reservation,
) -> Result<Bytes, ApiError> {
    let input = body.as_ref();
    match encoding {
        Encoding::Identity => Ok(body),
        Encoding::Gzip => inflate(
            flate2::read::MultiGzDecoder::new(input),
            input.len(),
            limit,
            room,
        ),
        // The standard says zlib; some senders leave its head out.
        Encoding::Deflate if is_zlib(input) => inflate(
            flate2::read::ZlibDecoder::new(input),
            input.len(),
            limit,
            room,
        ),
        Encoding::Deflate => inflate(
            flate2::read::DeflateDecoder::new(input),
            input.len(),
            limit,
            room,
        ),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(input).map_err(|error| broken(&error))?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|error| broken(&error))?;
            inflate(decoder, input.len(), limit, room)
        }
    }
}

/// RFC 1950: method 8 in the low bits, and the first two bytes a multiple of 31.
fn is_zlib(input: &[u8]) -> bool {
    match input {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

fn inflate(
    mut decoder: impl Read,
    input: usize,
    limit: usize,
    room: &mut Reservation,
) -> Result<Bytes, ApiError> {
    let mut output = Vec::new();
    loop {
        let before = output.len();
        room.resize(input + before + STEP)?;
        decoder
            .by_ref()
            .take(STEP as u64)
            .read_to_end(&mut output)
            .map_err(|error| broken(&error))?;
        if output.len() > limit {
            return Err(ApiError::decoded_too_large(limit));
        }
        if output.len() == before {
            return Ok(Bytes::from(output));
        }
    }
}

fn broken(error: &std::io::Error) -> ApiError {
    ApiError::bad_request(
        "invalid_compression",
        format!("the body cannot be decompressed: {error}"),
    )
}
