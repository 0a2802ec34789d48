//! Compressed bodies, decompressed within their bounds in bytes and memory.

use super::body_error::BodyError;
use crate::accounting::admission::Reservation;
use bytes::Bytes;
use std::io::{self, Read};

/// Decompressed bytes between two looks at the bounds: few at first, so that a short body takes no more
/// room than it needs, and then as many as there are already.
const FIRST_STEP: usize = 64 * 1024;
const LARGEST_STEP: usize = 1024 * 1024;
/// The largest window that a zstd body may ask for, as a power of two: 32 MiB.
const ZSTD_WINDOW_LOG: u32 = 25;
/// What a decoder keeps of its output beside it, at most.
const ZSTD_WINDOW: usize = 1 << ZSTD_WINDOW_LOG;
const DEFLATE_WINDOW: usize = 64 * 1024;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not compressed.
    Identity,
    /// RFC 1952; several members in a row are one body.
    Gzip,
    /// RFC 1950, or RFC 1951 from senders that leave its head out.
    Deflate,
    /// Gzip and then deflate, as its sender says; some name both over one of them.
    GzipOrDeflate,
    /// RFC 8878, with a window of at most 32 MiB.
    Zstd,
    /// One raw block of Snappy, without frames.
    Snappy,
    /// The same, unless the body begins as an object of JSON does, and no block can.
    SnappyUnlessJson,
    /// Another one around a block of Snappy, or around what is none.
    AroundSnappy(Outer),
}

/// What may be around a block of Snappy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outer {
    /// As [`Encoding::Gzip`].
    Gzip,
    /// As [`Encoding::Deflate`].
    Deflate,
    /// As [`Encoding::GzipOrDeflate`].
    GzipOrDeflate,
    /// As [`Encoding::Zstd`].
    Zstd,
}

impl Encoding {
    /// The same around a block of Snappy, where it can be around one.
    #[must_use]
    pub fn around_snappy(self) -> Self {
        Self::AroundSnappy(match self {
            Self::Gzip => Outer::Gzip,
            Self::Deflate => Outer::Deflate,
            Self::GzipOrDeflate => Outer::GzipOrDeflate,
            Self::Zstd => Outer::Zstd,
            other => return other,
        })
    }
}

impl From<Outer> for Encoding {
    fn from(outer: Outer) -> Self {
        match outer {
            Outer::Gzip => Self::Gzip,
            Outer::Deflate => Self::Deflate,
            Outer::GzipOrDeflate => Self::GzipOrDeflate,
            Outer::Zstd => Self::Zstd,
        }
    }
}

/// So many times as long as a block of Snappy, what comes of it cannot be: three bytes stand for 64.
const SNAPPY_RATIO: usize = 22;

/// Decompresses a body, reserving room as it grows. It works without a pause, so it belongs on a
/// thread for blocking work.
pub(super) fn decompress(
    encoding: Encoding,
    body: Bytes,
    limit: usize,
    room: &mut Reservation,
) -> Result<Bytes, BodyError> {
    let input = body.as_ref();
    match encoding {
        Encoding::Identity => Ok(body),
        Encoding::GzipOrDeflate if is_gzip(input) => decompress(Encoding::Gzip, body, limit, room),
        Encoding::GzipOrDeflate => {
            let inner = decompress(Encoding::Deflate, body, limit, room)?;
            match is_gzip(&inner) {
                true => decompress(Encoding::Gzip, inner, limit, room),
                false => Ok(inner),
            }
        }
        Encoding::Gzip => inflate(
            flate2::read::MultiGzDecoder::new(input),
            (input.len(), DEFLATE_WINDOW),
            limit,
            room,
        ),
        // The standard says zlib; some senders leave its head out.
        Encoding::Deflate if is_zlib(input) => inflate(
            flate2::read::ZlibDecoder::new(input),
            (input.len(), DEFLATE_WINDOW),
            limit,
            room,
        ),
        Encoding::Deflate => inflate(
            flate2::read::DeflateDecoder::new(input),
            (input.len(), DEFLATE_WINDOW),
            limit,
            room,
        ),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(input).map_err(|error| broken(&error))?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|error| broken(&error))?;
            inflate(decoder, (input.len(), ZSTD_WINDOW), limit, room)
        }
        Encoding::SnappyUnlessJson if is_json(input) => Ok(body),
        Encoding::Snappy | Encoding::SnappyUnlessJson => unpack(input, limit, room),
        Encoding::AroundSnappy(outer) => {
            let inner = decompress(outer.into(), body, limit, room)?;
            if is_json(&inner) {
                return Ok(inner);
            }
            // A block tells its length, and nothing else unpacks to just that.
            match unpack(&inner, limit, room) {
                Err(BodyError::Compression(_)) => Ok(inner),
                unpacked => unpacked,
            }
        }
    }
}

/// Decompresses a block, whose length it tells before anything else.
fn unpack(input: &[u8], limit: usize, room: &mut Reservation) -> Result<Bytes, BodyError> {
    if input.is_empty() {
        return Ok(Bytes::new());
    }
    let broken = |error: snap::Error| BodyError::Compression(error.to_string());
    let length = snap::raw::decompress_len(input).map_err(broken)?;
    if length > limit {
        return Err(BodyError::TooLarge { limit });
    }
    if length > input.len().saturating_mul(SNAPPY_RATIO) {
        let reason = "snappy: it announces more than can come of it";
        return Err(BodyError::Compression(reason.to_owned()));
    }
    room.resize(input.len() + length)?;
    let output = snap::raw::Decoder::new().decompress_vec(input);
    output.map(Bytes::from).map_err(broken)
}

/// Behind the length that a brace would be, neither a quote nor a line end can begin the first element of a
/// block, which copies nothing.
fn is_json(input: &[u8]) -> bool {
    matches!(input, [b'{', b'"' | b'\n' | b'\r', ..])
}

/// RFC 1952: its first two bytes.
fn is_gzip(input: &[u8]) -> bool {
    input.starts_with(b"\x1f\x8b")
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
    (input, window): (usize, usize),
    limit: usize,
    room: &mut Reservation,
) -> Result<Bytes, BodyError> {
    let mut output = Vec::new();
    loop {
        let before = output.len();
        let step = before.clamp(FIRST_STEP, LARGEST_STEP);
        let after = before + step;
        // The window fills as the output grows.
        room.resize(input + after + window.min(after))?;
        decoder
            .by_ref()
            .take(step as u64)
            .read_to_end(&mut output)
            .map_err(|error| broken(&error))?;
        if output.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        if output.len() == before {
            return Ok(Bytes::from(output));
        }
    }
}

fn broken(error: &io::Error) -> BodyError {
    BodyError::Compression(error.to_string())
}

#[cfg(test)]
mod tests;
