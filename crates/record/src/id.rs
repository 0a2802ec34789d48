//! The identity of a record and of a batch: a pure function of time, key, content and position.
//!
//! A record's id is 20 bytes: its time in nanoseconds with the sign bit flipped (8 bytes, big
//! endian, so that bytes sort as times do), the batch's id (8 bytes), and its position in the batch
//! (4 bytes, big endian). Sent again under the same key, a batch gets the same ids, and the store's
//! uniqueness makes the second writing a no-op.

use logs::Timestamp;
use std::fmt;

/// Bytes in a [`RecordId`].
pub const RECORD_ID_BYTES: usize = 20;

/// How a store writes the ids of its records. All of one store are written alike: binary values sort by
/// their length first, so ids of the other length would be stored and never found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdFormat {
    /// Twenty bytes, as of format 1.
    Plain,
    /// Twenty-seven, as of format 2: records of one time are in the order in which they were sent.
    Ordered,
}

/// The `_id` of a stored record. Its order is the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; RECORD_ID_BYTES]);

/// What all records of one batch have in common: a hash of the request's key and of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId([u8; 8]);

/// A digest of a client's own key, by which a key is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 16]);

impl KeyDigest {
    /// The digest of a key.
    pub fn of(key: &str) -> Self {
        let mut digest = [0; 16];
        blake3::Hasher::new()
            .update(key.as_bytes())
            .finalize_xof()
            .fill(&mut digest);
        Self(digest)
    }

    /// The digest in these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl BatchId {
    /// The id in these bytes.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The id that is shown as these sixteen hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }

    /// The id of a batch sent under the client's own key: the same for the same key and body.
    pub fn keyed(key: &str, body: &[u8]) -> Self {
        Self::hash(*b"key", key.as_bytes(), body)
    }

    /// The id of a batch without a key; `fresh` is random, so that equal bodies stay apart.
    pub fn fresh(fresh: [u8; 16], body: &[u8]) -> Self {
        Self::hash(*b"new", &fresh, body)
    }

    /// The kind and the two digests have fixed lengths, so no two inputs run into one another.
    fn hash(kind: [u8; 3], key: &[u8], body: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&kind);
        hasher.update(blake3::hash(key).as_bytes());
        hasher.update(blake3::hash(body).as_bytes());
        let mut id = [0; 8];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }

    /// The eight bytes.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl RecordId {
    /// The least id there can be.
    pub const MIN: Self = Self([0x00; RECORD_ID_BYTES]);
    /// The greatest id there can be.
    pub const MAX: Self = Self([0xff; RECORD_ID_BYTES]);

    /// The id of the record at `position` of a batch.
    #[inline]
    pub fn new(time: Timestamp, batch: BatchId, position: u32) -> Self {
        let mut id = Self::first_at(time);
        let (_, rest) = id.0.split_at_mut(8);
        let (hash, place) = rest.split_at_mut(8);
        hash.copy_from_slice(&batch.0);
        place.copy_from_slice(&position.to_be_bytes());
        id
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

    /// The id in these bytes, if they are as many as an id has.
    #[inline]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The id that is shown as these forty hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 2 * RECORD_ID_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut id = [0; RECORD_ID_BYTES];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(id))
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

    /// The twenty bytes.
    pub fn as_bytes(&self) -> &[u8; RECORD_ID_BYTES] {
        &self.0
    }

    /// The batch that the record came in.
    pub fn batch(&self) -> BatchId {
        let mut batch = [0; 8];
        batch.copy_from_slice(self.0.get(8..16).unwrap_or(&[0; 8]));
        BatchId(batch)
    }

    /// The record's place in its batch, from 0.
    pub fn position(&self) -> u32 {
        u32::from_be_bytes(self.0.last_chunk().copied().unwrap_or_default())
    }

    /// The record's time.
    #[inline]
    pub fn time(&self) -> Timestamp {
        let mut head = [0; 8];
        head.copy_from_slice(self.0.first_chunk::<8>().unwrap_or(&[0; 8]));
        Timestamp::from_nanos((u64::from_be_bytes(head) ^ SIGN).cast_signed())
    }
}

/// Flipping the sign bit makes two's complement sort like an unsigned number.
const SIGN: u64 = 1 << 63;

/// A time as the first eight bytes of an id.
#[inline]
pub fn time_bytes(time: Timestamp) -> [u8; 8] {
    (time.nanos().cast_unsigned() ^ SIGN).to_be_bytes()
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn write_hex(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 2 * RECORD_ID_BYTES];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = HEX.get(usize::from(nibble)).copied().unwrap_or(b'?');
        }
    }
    let text = text.get(..2 * bytes.len()).unwrap_or_default();
    formatter.write_str(std::str::from_utf8(text).unwrap_or_default())
}

/// Forty hexadecimal digits.
impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, formatter)
    }
}

/// Sixteen hexadecimal digits: bytes 8 to 15 of the ids of the batch's records.
impl fmt::Display for BatchId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_sort_by_time_and_within_a_batch_by_position(
            a in any::<(i64, u32)>(), b in any::<(i64, u32)>()
        ) {
            let batch = BatchId::keyed("k", b"body");
            let id = |(nanos, position)| RecordId::new(Timestamp::from_nanos(nanos), batch, position);
            prop_assert_eq!(id(a).cmp(&id(b)), a.cmp(&b));
            prop_assert_eq!((id(a).time().nanos(), id(a).position()), a);
            prop_assert_eq!(id(a).batch(), batch);
            prop_assert!(RecordId::first_at(id(a).time()) <= id(a));
            prop_assert!(RecordId::last_at(id(a).time()) >= id(a));
            prop_assert_eq!(RecordId::last_at(id(a).time()).time(), id(a).time());
        }
    }

    #[test]
    fn a_batch_id_depends_on_key_and_body_and_on_nothing_else() {
        let id = BatchId::keyed("a", b"body");
        assert_eq!(id, BatchId::keyed("a", b"body"));
        assert_ne!(id, BatchId::keyed("b", b"body"));
        assert_ne!(id, BatchId::keyed("a", b"other"));
        assert_ne!(BatchId::keyed("ab", b"c"), BatchId::keyed("a", b"bc"));
        assert_ne!(
            BatchId::fresh([1; 16], b"body"),
            BatchId::fresh([2; 16], b"body")
        );
    }

    #[test]
    fn a_batch_id_is_read_as_it_is_shown() {
        let id = BatchId::keyed("a", b"body");
        assert_eq!(BatchId::parse(&id.to_string()), Some(id));
        for wrong in [
            "",
            "0123",
            "0123456789abcdeg",
            "+123456789abcdef",
            "0123456789abcdef0",
        ] {
            assert_eq!(BatchId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_shown_and_follows_its_predecessor() {
        let id = RecordId::new(Timestamp::from_nanos(5), BatchId([0; 8]), 0);
        assert_eq!(RecordId::parse(&id.to_string()), Some(id));
        let before = id.predecessor().unwrap();
        assert!(before < id);
        assert_eq!(before.time().nanos(), 4);
        assert!(before.to_string().ends_with(&"f".repeat(24)));
        assert_eq!(RecordId::MIN.predecessor(), None);
        for wrong in ["", "12", &"g".repeat(40), &"+1".repeat(20), &"0".repeat(42)] {
            assert_eq!(RecordId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_id_is_shown_as_hexadecimal_digits() {
        assert_eq!(RecordId::MAX.to_string(), "f".repeat(40));
        let id = RecordId::new(Timestamp::from_nanos(0), BatchId([0xab; 8]), 258);
        assert_eq!(id.to_string(), "8000000000000000abababababababab00000102");
    }
}
