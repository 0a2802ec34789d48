//! Bodies packed as senders pack them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

type Encoder = fn(&[u8]) -> Vec<u8>;

/// What stands in `Content-Encoding`, and how it is made.
pub(crate) const ENCODERS: [(&str, Encoder); 3] =
    [("gzip", gzip), ("deflate", zlib), ("zstd", zstd)];

/// RFC 1952.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// RFC 1950, which HTTP calls `deflate`.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// With a checksum, as gzip and zlib always have: a spoilt byte cannot go unseen.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("a level that there is");
    encoder.include_checksum(true).expect("a new encoder");
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}
