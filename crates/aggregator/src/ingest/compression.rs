//! Compressed bodies, decompressed within their bounds in bytes and memory.

use crate::accounting::admission::{NoRoom, Reservation};
use bytes::Bytes;
use std::io::{self, Read};

/// Decompressed bytes between two looks at the bounds.
const STEP: usize = 1024 * 1024;
/// The largest window that a zstd body may ask for, as a power of two: 32 MiB.
const ZSTD_WINDOW_LOG: u32 = 25;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not compressed.
    Identity,
    /// RFC 1952; several members in a row are one body.
    Gzip,
    /// RFC 1950, or RFC 1951 from senders that leave its head out.
    Deflate,
    /// RFC 8878, with a window of at most 32 MiB.
    Zstd,
}

/// Why a body cannot be decompressed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// It is not what its encoding says.
    #[error("the body cannot be decompressed: {0}")]
    Broken(String),
    /// It is larger than a body may be.
    #[error("the body is larger than {limit} bytes once decompressed")]
    TooLarge {
        /// Bytes that it may have.
        limit: usize,
    },
    /// There is no memory for it.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// Decompresses a body, reserving room as it grows. It works without a pause, so it belongs on a
/// thread for blocking work.
pub(super) fn decompress(
    encoding: Encoding,
    body: Bytes,
    limit: usize,
    room: &mut Reservation,
) -> Result<Bytes, CompressionError> {
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
) -> Result<Bytes, CompressionError> {
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
            return Err(CompressionError::TooLarge { limit });
        }
        if output.len() == before {
            return Ok(Bytes::from(output));
        }
    }
}

fn broken(error: &io::Error) -> CompressionError {
    CompressionError::Broken(error.to_string())
}
