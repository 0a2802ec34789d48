//! A body into a batch: decompressed, decoded on the right thread, and weighed.

use super::batch_key::{self, BatchKey};
use super::body_error::BodyError;
use super::compression::{self, Encoding};
use super::last_taken::LastTaken;
use crate::accounting::admission::Reservation;
use crate::accounting::record_counts::Rejection;
use crate::accounting::request_account::RequestAccount;
use bytes::Bytes;
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder, OwnBatches, Rejects, TooLargeRecord};
use record::fault::RecordFault;
use record::id::Tenant;
use record::notice::Notices;
use record::pins::Pins;
use std::sync::Arc;
use wire::DecodeError;

/// Larger bodies are decoded on a thread for blocking work: at this size it takes about a millisecond.
const INLINE_BYTES: usize = 512 * 1024;
/// Room for the documents of a body, in halves of its length: what most records need.
const USUAL_HALVES: usize = 3;
/// How much larger than the largest body a batch may become as BSON; short records grow the most.
const ENCODED_FACTOR: usize = 2;

/// How many times as long as a body that is no text its documents usually are, at most.
const BINARY_FACTOR: usize = 4;

/// No document is smaller; what is pinned comes to each of them.
const LEAST_DOCUMENT_BYTES: usize = 100;

/// Reads a decompressed body and gives its records to the batch; what it gives back is for the answer. It
/// is called once more, with an empty batch, where the first did not have room enough.
pub type Decode<T> = dyn Fn(&[u8], &mut BatchBuilder) -> Result<T, DecodeError> + Send + Sync;

/// What a body is, decompressed.
#[derive(Debug, Clone, Copy)]
pub enum BodyForm {
    /// Text, as JSON is; what is no UTF-8 in it is mended in a copy.
    Text,
    /// Anything else.
    Binary,
    /// Either, in which what stands once may be part of many records.
    Shared {
        /// Whether it is text.
        is_text: bool,
        /// How many bytes the documents of a body usually take.
        usual: fn(&[u8]) -> usize,
    },
}

impl BodyForm {
    fn is_text(self) -> bool {
        match self {
            Self::Text => true,
            Self::Binary => false,
            Self::Shared { is_text, .. } => is_text,
        }
    }

    /// How many bytes the documents of a body usually take.
    fn usual(self, body: &[u8]) -> usize {
        match self {
            Self::Text => wire::encoded_bytes_at_most(body),
            Self::Binary => body.len() * BINARY_FACTOR,
            Self::Shared { usual, .. } => usual(body),
        }
    }
}

/// How a body is to be understood.
pub struct BodyTerms<T> {
    /// What decodes it.
    pub decode: Box<Decode<T>>,
    /// What it is.
    pub form: BodyForm,
    /// How it is compressed.
    pub encoding: Encoding,
    /// By which it is known when it comes again.
    pub key: BatchKey,
    /// Whether records are refused of which there is something to tell; `None` leaves it to the settings.
    pub strict: Option<bool>,
}

/// What a body may be, whoever sends it.
#[derive(Debug, Clone, Copy)]
pub struct BodyBounds {
    /// After decompression, in bytes.
    pub decoded_bytes: usize,
    /// Whether records are refused of which there is something to tell, unless the sender says otherwise.
    pub strict: bool,
}

impl BodyBounds {
    /// How much memory a body of so many bytes that is no text takes while it is decoded: usually, and at most.
    pub(super) fn memory_of_binary(&self, bytes: usize) -> [usize; 2] {
        let most = self.decoded_bytes * ENCODED_FACTOR;
        let usual = (bytes * BINARY_FACTOR).min(most);
        [usual, most].map(|documents| bytes + documents)
    }
}

/// When a body came, and whose it is.
pub(super) struct Arrival {
    /// Whose keys its own are among, where there are tenants.
    pub(super) tenant: Option<Tenant>,
    /// What all its records get.
    pub(super) pins: Option<Arc<Pins>>,
    /// What the clock said.
    pub(super) received_at: Timestamp,
    /// The batches that were taken before.
    pub(super) taken: Arc<LastTaken>,
}

impl Arrival {
    /// By how much documents that come to so many bytes grow at most.
    fn pinned_bytes(&self, documents: usize) -> usize {
        let pins = self.pins.as_ref().map_or(0, |pins| pins.bytes());
        (documents / LEAST_DOCUMENT_BYTES).saturating_mul(pins)
    }

    fn take(&self, builder: &mut BatchBuilder) {
        self.taken.with(self.tenant, |taken| builder.take(taken));
    }
}

/// A batch that was decoded, what was refused and what is told of it, and the memory that it takes up.
pub(super) struct Decoded<T> {
    pub(super) batch: Batch,
    pub(super) rejects: Rejects,
    pub(super) notices: Notices,
    /// Records that are to be set aside.
    pub(super) too_large: Vec<TooLargeRecord>,
    /// Batches of their own.
    pub(super) own: OwnBatches,
    /// What the decoder gave back.
    pub(super) told: T,
    /// The memory that this takes up.
    pub(super) told_room: Option<Reservation>,
    pub(super) room: Reservation,
    /// Of the body, decompressed.
    pub(super) body_bytes: usize,
    pub(super) account: RequestAccount,
}

/// Decodes a body and weighs what came of it. Records that are refused are counted.
pub(super) async fn decode<T: Send + 'static>(
    terms: BodyTerms<T>,
    bounds: BodyBounds,
    bytes: Bytes,
    room: Reservation,
    arrival: Arrival,
    account: RequestAccount,
) -> Result<Decoded<T>, BodyError> {
    let short = terms.encoding == Encoding::Identity && bytes.len() <= INLINE_BYTES;
    let work = move || decode_now(&terms, bounds, bytes, room, &arrival, account);
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

fn decode_now<T>(
    terms: &BodyTerms<T>,
    bounds: BodyBounds,
    bytes: Bytes,
    mut room: Reservation,
    arrival: &Arrival,
    mut account: RequestAccount,
) -> Result<Decoded<T>, BodyError> {
    let body = compression::decompress(terms.encoding, bytes, bounds.decoded_bytes, &mut room)?;
    let strict = terms.strict.unwrap_or(bounds.strict);
    let (mut builder, told) = build(terms, bounds, strict, &body, &mut room, arrival)?;
    builder.settle_content_key(|| batch_key::fresh(arrival.received_at, &body));
    arrival.take(&mut builder);
    let (notices, answer) = (builder.take_notices(), builder.answer_bytes());
    let (too_large, own) = (builder.take_too_large(), builder.take_own());
    let (batch, rejects) = builder.finish();
    let body_bytes = body.len();
    drop(body);
    let taken = batch.documents.len() + too_large.len() + own.records();
    if rejects.count > 0 && (strict || taken == 0) {
        account.rejected(Rejection::Invalid, rejects.count + taken as u64);
        return Err(BodyError::Records { rejects, strict });
    }
    account.rejected(Rejection::Invalid, rejects.count);
    account.tells(example(&rejects, &too_large, &notices));
    let apart: usize = too_large.iter().map(|record| record.document.len()).sum();
    let documents = batch.documents.memory_bytes() + apart + own.memory_bytes();
    // The spool writes them from a copy.
    if room.resize(2 * documents + answer).is_err() {
        room.resize(documents + answer)?;
    }
    let told_room = room.split(answer);
    Ok(Decoded {
        batch,
        rejects,
        notices,
        too_large,
        own,
        told,
        told_room,
        room,
        body_bytes,
        account,
    })
}

/// The first of what there is to tell of a body that may be taken.
fn example(rejects: &Rejects, too_large: &[TooLargeRecord], notices: &Notices) -> Option<String> {
    if let Some(reject) = rejects.listed.first() {
        return Some(reject.fault.to_string());
    }
    if !too_large.is_empty() {
        return Some(RecordFault::TooLarge.to_string());
    }
    Some(notices.listed.first()?.notice.to_string())
}

/// Reads a body. What the documents of the usual body take at most is held for them; where that was too
/// little, as much as a batch may take, and it is read once more.
fn build<T>(
    terms: &BodyTerms<T>,
    bounds: BodyBounds,
    strict: bool,
    body: &Bytes,
    room: &mut Reservation,
    arrival: &Arrival,
) -> Result<(BatchBuilder, T), BodyError> {
    // Three bytes take the place of each that is no text, in a copy of the body.
    let text_bytes = match terms.form.is_text() && std::str::from_utf8(body).is_err() {
        true => wire::text_bytes(body),
        false => 0,
    };
    if text_bytes > bounds.decoded_bytes {
        let limit = bounds.decoded_bytes;
        return Err(BodyError::TooLarge { limit });
    }
    let most = bounds.decoded_bytes * ENCODED_FACTOR;
    let usual = terms.form.usual(body);
    let usual = usual.saturating_add(arrival.pinned_bytes(usual)).min(most);
    let reserve = usual.min(body.len() / 2 * USUAL_HALVES);
    let mut read = |bytes| {
        // The encoded form stands beside the body for a while; both are weighed.
        room.resize(body.len() + text_bytes + bytes)?;
        let builder = terms
            .key
            .builder(body, arrival.tenant, arrival.received_at, bytes);
        let mut builder = builder.strict(strict);
        if let Some(pins) = &arrival.pins {
            builder = builder.pinned(Arc::clone(pins));
        }
        builder.reserve(reserve);
        if !strict {
            builder.keep_too_large();
        }
        let told = (terms.decode)(body, &mut builder)?;
        Ok((builder, told))
    };
    match read(usual) {
        Err(BodyError::Decode(DecodeError::TooLarge)) if usual < most => read(most),
        read => read,
    }
}
