//! Compression of an answer on its way out: each chunk can be read as soon as it arrives, and only an
//! answer that came to its end has the end that the format asks for.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write as _};
use std::mem;

/// The encodings that there are, best first, as [`Encoder::new`] takes their place. The last one is
/// none, which a reader may like better than any other.
pub(super) const ENCODINGS: &[&[&str]] = &[&["zstd"], &["gzip", "x-gzip"], &["identity"]];

/// Little work for a good part of what can be saved: logs are read while they are written.
const ZSTD_LEVEL: i32 = 1;
/// What is looked back upon, as a power of two of bytes: it is kept for each reader.
const ZSTD_WINDOW_LOG: u32 = 14;
const GZIP_LEVEL: u32 = 1;

/// Compresses chunk by chunk.
pub(super) enum Encoder {
    /// As it is.
    Identity,
    /// gzip.
    Gzip(GzEncoder<Vec<u8>>),
    /// Zstandard.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    /// For the encoding at this place of [`ENCODINGS`]; as it is without one.
    pub(super) fn new(position: Option<usize>) -> io::Result<Self> {
        Ok(match position {
            Some(0) => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.window_log(ZSTD_WINDOW_LOG)?;
                Self::Zstd(encoder)
            }
            Some(1) => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
            Some(_) | None => Self::Identity,
        })
    }

    /// For the header; `None` when there is nothing to say.
    pub(super) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip(_) => Some("gzip"),
            Self::Zstd(_) => Some("zstd"),
        }
    }

    /// What goes out for `chunk`; with the end of the format when it is the last one.
    pub(super) fn encode(&mut self, chunk: Bytes, is_last: bool) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(chunk),
            Self::Gzip(encoder) => {
                encoder.write_all(&chunk)?;
                if is_last {
                    encoder.try_finish()?;
                } else {
                    encoder.flush()?;
                }
                Ok(mem::take(encoder.get_mut()).into())
            }
            Self::Zstd(encoder) => {
                encoder.write_all(&chunk)?;
                if is_last {
                    encoder.do_finish()?;
                } else {
                    encoder.flush()?;
                }
                Ok(mem::take(encoder.get_mut()).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn decoded(position: usize, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let whole = match position {
            0 => zstd::stream::read::Decoder::new(bytes)
                .unwrap()
                .read_to_end(&mut out),
            _ => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
        };
        (out, whole.is_ok())
    }

    #[test]
    fn a_chunk_can_be_read_before_the_next_and_only_the_last_one_makes_it_whole() {
        for position in 0..2 {
            let mut encoder = Encoder::new(Some(position)).unwrap();
            let first = b"first ".repeat(100);
            let sent = encoder.encode(first.clone().into(), false).unwrap();
            let mut sent = sent.to_vec();
            assert_eq!(decoded(position, &sent), (first, false));
            sent.extend(encoder.encode("last".into(), true).unwrap());
            let (text, is_whole) = decoded(position, &sent);
            assert!(is_whole && text.ends_with(b"first last"));
        }
    }
}
