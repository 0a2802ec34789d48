//! A body into a batch: decompressed, decoded on the right thread, and weighed.

use super::body_error::BodyError;
use super::compression::{self, Encoding};
use crate::accounting::admission::Reservation;
use crate::accounting::record_counts::{Accounting, Rejection};
use bytes::Bytes;
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder, Rejects};
use record::id::{BatchId, KeyDigest};
use std::sync::Arc;
use wire::Format;

/// Larger bodies are decoded on a thread for blocking work: at this size it takes about a millisecond.
const INLINE_BYTES: usize = 512 * 1024;
/// Room for the documents of a body, in halves of its length: what most records need.
const USUAL_HALVES: usize = 3;
/// How much larger than the largest body a batch may become as BSON; short records grow the most.
const ENCODED_FACTOR: usize = 2;

/// How a body is to be understood.
#[derive(Debug)]
pub struct BodyTerms {
    /// What decodes it.
    pub format: &'static Format,
    /// How it is compressed.
    pub encoding: Encoding,
    /// The client's own key.
    pub key: Option<String>,
    /// Whether good records are taken when others are refused; `None` leaves it to the settings and
    /// the format.
    pub partial: Option<bool>,
}

/// What a body may be, whoever sends it.
#[derive(Debug, Clone, Copy)]
pub struct BodyBounds {
    /// After decompression, in bytes.
    pub decoded_bytes: usize,
    /// Whether the good records of an array are taken when others of it are refused.
    pub partial_batches: bool,
}

/// A batch that was decoded, what was refused of it, and the memory that it takes up.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) batch: Batch,
    pub(super) rejects: Rejects,
    pub(super) room: Reservation,
}

/// Decodes a body and weighs what came of it. Records that are refused are counted.
pub(super) async fn decode(
    terms: BodyTerms,
    bounds: BodyBounds,
    bytes: Bytes,
    room: Reservation,
    received_at: Timestamp,
    accounting: Arc<Accounting>,
) -> Result<Decoded, BodyError> {
    let short = terms.encoding == Encoding::Identity && bytes.len() <= INLINE_BYTES;
    let work = move || decode_now(&terms, bounds, bytes, room, received_at, &accounting);
    if short {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(decoded) => decoded,
        Err(error) => {
            tracing::error!(%error, "decoding a batch panicked");
            Err(BodyError::Panicked)
        }
    }
}

fn decode_now(
    terms: &BodyTerms,
    bounds: BodyBounds,
    bytes: Bytes,
    mut room: Reservation,
    received_at: Timestamp,
    accounting: &Accounting,
) -> Result<Decoded, BodyError> {
    let body = compression::decompress(terms.encoding, bytes, bounds.decoded_bytes, &mut room)?;
    let max_bytes = bounds.decoded_bytes * ENCODED_FACTOR;
    // The encoded form stands beside the body for a while; both are weighed.
    let at_most = wire::encoded_bytes_at_most(&body);
    room.resize(body.len() + at_most.min(max_bytes))?;
    let id = match &terms.key {
        Some(key) => BatchId::keyed(key, &body),
        None => BatchId::fresh(rand::random(), &body),
    };
    let key = terms.key.as_deref().map(KeyDigest::of);
    let mut builder = BatchBuilder::new(id, key, received_at, max_bytes);
    builder.reserve(at_most.min(body.len() / 2 * USUAL_HALVES));
    (terms.format.decode)(&body, &mut builder)?;
    let (batch, rejects) = builder.finish();
    let partial = || {
        let by_default = || bounds.partial_batches || (terms.format.partial_by_default)(&body);
        terms.partial.unwrap_or_else(by_default)
    };
    // Of most bodies nobody needs to know: the default is read from the body.
    let partial = rejects.count == 0 || partial();
    drop(body);
    if rejects.count > 0 && (!partial || batch.documents.is_empty()) {
        let all = rejects.count + batch.documents.len() as u64;
        accounting.rejected(Rejection::Invalid, all);
        return Err(BodyError::Records { rejects, partial });
    }
    accounting.rejected(Rejection::Invalid, rejects.count);
    let documents = batch.documents.memory_bytes();
    // The spool writes them from a copy.
    if room.resize(2 * documents).is_err() {
        room.resize(documents)?;
    }
    Ok(Decoded {
        batch,
        rejects,
        room,
    })
}
