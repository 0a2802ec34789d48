//! The identity of a record: a function of its time, the request's key and content, and its position.
//!
//! ```text
//! time in ns, sign bit flipped (8 bytes) ‖ order (7) ‖ batch (8) ‖ position in the batch (4)
//! ```
//!
//! All of it is big endian, so that bytes sort as times do and, where those are equal, in the
//! [order](crate::order) in which records were sent. Sent again under the same key, a batch gets the same
//! ids, and the store's uniqueness makes the second writing a no-op.
//!
//! Format 1 had no order: its twenty bytes are an id whose order is none, and such an id is shown as them.

pub use crate::batch_id::{BatchId, KeyDigest, Tenant, client_key, content_key, own_key};

use crate::hex;
use crate::order::{ORDER_BYTES, SendOrder};
use logs::Timestamp;
use std::fmt;

/// Bytes in a [`RecordId`].
pub const RECORD_ID_BYTES: usize = TIME_BYTES + ORDER_BYTES + REST_BYTES;
/// Bytes of an id without an order.
pub const PLAIN_ID_BYTES: usize = TIME_BYTES + REST_BYTES;

const TIME_BYTES: usize = 8;
const BATCH_BYTES: usize = 8;
/// What stands behind the order.
const REST_BYTES: usize = BATCH_BYTES + 4;

/// How a store writes the ids of its records. All of one store are written alike: binary values sort by
/// their length first, so ids of the other length would be stored and never found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdFormat {
    /// Twenty bytes, as of format 1.
    Plain,
    /// Twenty-seven, as of format 2: records of one time are in the order in which they were sent.
    Ordered,
}

impl IdFormat {
    /// Bytes of an id.
    pub const fn id_bytes(self) -> usize {
        match self {
            Self::Plain => PLAIN_ID_BYTES,
            Self::Ordered => RECORD_ID_BYTES,
        }
    }
}

/// The `_id` of a stored record. Its order is the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; RECORD_ID_BYTES]);

impl RecordId {
    /// The least id there can be.
    pub const MIN: Self = Self([0x00; RECORD_ID_BYTES]);
    /// The greatest id there can be.
    pub const MAX: Self = Self([0xff; RECORD_ID_BYTES]);

    /// The id of the record at `position` of a batch, without an order.
    #[inline]
    pub fn new(time: Timestamp, batch: BatchId, position: u32) -> Self {
        let mut id = Self::first_at(time);
        let (_, rest) = id.0.split_at_mut(TIME_BYTES + ORDER_BYTES);
        let (hash, place) = rest.split_at_mut(BATCH_BYTES);
        hash.copy_from_slice(batch.as_bytes());
        place.copy_from_slice(&position.to_be_bytes());
        id
    }

    /// The same record in this order.
    #[inline]
    #[must_use]
    pub fn with_order(mut self, order: SendOrder) -> Self {
        let (_, rest) = self.0.split_at_mut(TIME_BYTES);
        if let Some(place) = rest.first_chunk_mut() {
            *place = *order.as_bytes();
        }
        self
    }

    /// The least id that a record of this time can have.
    #[inline]
    pub fn first_at(time: Timestamp) -> Self {
        let mut id = [0; RECORD_ID_BYTES];
        let (head, _) = id.split_at_mut(8);
        head.copy_from_slice(&time_bytes(time));
        Self(id)
    }

    /// The greatest id that a record of this time can have.
    #[inline]
    pub fn last_at(time: Timestamp) -> Self {
        let mut id = Self::MAX.0;
        let (head, _) = id.split_at_mut(8);
        head.copy_from_slice(&time_bytes(time));
        Self(id)
    }

    /// The id in these bytes, if they are as many as an id has, with an order or without.
    #[inline]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        if let Ok(id) = bytes.try_into() {
            return Some(Self(id));
        }
        let (time, rest) = bytes.split_first_chunk::<TIME_BYTES>()?;
        let rest: &[u8; REST_BYTES] = rest.try_into().ok()?;
        let mut id = [0; RECORD_ID_BYTES];
        let (head, tail) = id.split_at_mut(TIME_BYTES);
        head.copy_from_slice(time);
        tail.last_chunk_mut().map(|place| *place = *rest)?;
        Some(Self(id))
    }

    /// The id that is shown as these hexadecimal digits: forty, or fifty-four with an order.
    pub fn parse(text: &str) -> Option<Self> {
        let (pairs, []) = text.as_bytes().as_chunks() else {
            return None;
        };
        let mut bytes = [0; RECORD_ID_BYTES];
        let bytes = bytes.get_mut(..pairs.len())?;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (hex::value(*high)? << 4) | hex::value(*low)?;
        }
        Self::from_slice(bytes)
    }

    /// The id before this one; `None` for the least one.
    pub fn predecessor(self) -> Option<Self> {
        let mut id = self.0;
        for byte in id.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                return Some(Self(id));
            }
        }
        None
    }

    /// The id behind this one; `None` for the greatest one.
    pub fn successor(self) -> Option<Self> {
        let mut id = self.0;
        for byte in id.iter_mut().rev() {
            let (more, carried) = byte.overflowing_add(1);
            *byte = more;
            if !carried {
                return Some(Self(id));
            }
        }
        None
    }

    /// All twenty-seven bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; RECORD_ID_BYTES] {
        &self.0
    }

    /// The twenty bytes without the order.
    #[inline]
    pub fn plain(&self) -> [u8; PLAIN_ID_BYTES] {
        let mut plain = [0; PLAIN_ID_BYTES];
        let (time, rest) = plain.split_at_mut(TIME_BYTES);
        let tail = self.0.last_chunk::<REST_BYTES>();
        time.copy_from_slice(self.0.first_chunk().unwrap_or(&[0; TIME_BYTES]));
        rest.copy_from_slice(tail.unwrap_or(&[0; REST_BYTES]));
        plain
    }

    /// Its place among the records of its time.
    #[inline]
    pub fn order(&self) -> SendOrder {
        let (_, rest) = self.0.split_at(TIME_BYTES);
        let order = rest.first_chunk().copied();
        SendOrder::from_bytes(order.unwrap_or([0; ORDER_BYTES]))
    }

    /// The ids that a store may have the record under, when this is its id in the spool: with its order, without
    /// the delay in it, and without an order.
    pub fn as_stored(self) -> impl Iterator<Item = Self> {
        let (whole, pure) = (self.order(), self.order().without_delay());
        let shorter = [pure, SendOrder::NONE].into_iter();
        let different = shorter.filter(move |order| *order != whole);
        let mut ids: Vec<Self> = different.map(|order| self.with_order(order)).collect();
        ids.dedup();
        std::iter::once(self).chain(ids)
    }

    /// The batch that the record came in.
    pub fn batch(&self) -> BatchId {
        let tail = self.0.last_chunk::<REST_BYTES>();
        let batch = tail.and_then(|tail| tail.first_chunk()).copied();
        BatchId::from_bytes(batch.unwrap_or_default())
    }

    /// The record's place in its batch, from 0.
    pub fn position(&self) -> u32 {
        u32::from_be_bytes(self.0.last_chunk().copied().unwrap_or_default())
    }

    /// The record's time.
    #[inline]
    pub fn time(&self) -> Timestamp {
        time_in(self.0.first_chunk().copied().unwrap_or_default())
    }
}

/// Flipping the sign bit makes two's complement sort like an unsigned number.
const SIGN: u64 = 1 << 63;

/// A time as the first eight bytes of an id.
#[inline]
pub fn time_bytes(time: Timestamp) -> [u8; 8] {
    (time.nanos().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The time that [`time_bytes`] are of.
#[inline]
pub(crate) fn time_in(bytes: [u8; TIME_BYTES]) -> Timestamp {
    Timestamp::from_nanos((u64::from_be_bytes(bytes) ^ SIGN).cast_signed())
}

impl RecordId {
    /// Appends it as it is shown: most of what is read has one.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        match self.order() {
            SendOrder::NONE => hex::append(&self.plain(), out),
            _ => hex::append(&self.0, out),
        }
    }
}

/// Forty hexadecimal digits, or fifty-four when it has an order.
impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.order() {
            SendOrder::NONE => hex::write(&self.plain(), formatter),
            _ => hex::write(&self.0, formatter),
        }
    }
}

#[cfg(test)]
mod tests;
