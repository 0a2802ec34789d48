//! What is known of batches whose records came out of rows, where an id of its own made that each is stored once.
//!
//! A row's id names its batch by eight bytes and says neither whether that had a key nor when it was received. So of
//! each batch that rows held anything of, or whose dead letters were kept, it is known by those eight bytes which
//! positions were stored and, where a marker told, when it was received first. Nothing is added but positions.
//!
//! The contract with whoever keeps it, beside that of [`row`](super::row):
//!
//! - Every batch that [`asks`] is looked for here. What it finds counts as stored, and what is stored now is added here
//!   in the transaction that stores it, in which this is read again: a client's retry, and a dead letter of a version
//!   that kept no key with it, are two batches to the ledger and one here.
//! - The time of receipt that stands here is that of a row that is made anew.

use super::have::Have;
use logs::Timestamp;
use record::batch::BatchOrigin;

/// A batch of before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldBatch {
    /// When it was received first, if records of it had no time of their own.
    pub received_at: Option<Timestamp>,
    /// The positions that are stored, or were, if they have been deleted since.
    pub have: Have,
}

/// Whether a batch may be one of before: under a key it may come again for ever, and without one only what was received
/// until then, from among the dead letters or in a spool that was away. Others of that name are others.
///
/// A key that is made of the content is remembered for a day elsewhere, to bound what is remembered; it is one of times
/// that no other request has, so that who comes later with it is nobody else.
pub fn asks(origin: &BatchOrigin, before: Timestamp) -> bool {
    origin.key.is_some() || origin.received_at <= before
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::id::{BatchId, KeyDigest};

    #[test]
    fn it_is_asked_as_long_as_a_batch_of_before_may_come() {
        let before = Timestamp::from_nanos(100);
        let asked = |key: Option<bool>, received_at| {
            let origin = BatchOrigin {
                id: BatchId::from_bytes([1; 8]),
                key: key.map(|_| KeyDigest::of("key")),
                content_key: key == Some(true),
                received_at: Timestamp::from_nanos(received_at),
            };
            asks(&origin, before)
        };
        for (key, at, expected) in [
            (None, 100, true),
            (None, 101, false),
            (Some(true), i64::MAX, true),
            (Some(false), i64::MAX, true),
        ] {
            assert_eq!(asked(key, at), expected, "{key:?} at {at}");
        }
    }
}
