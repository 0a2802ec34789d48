//! Where the next page starts: a text that only this service can make, for one question only.
//!
//! ```text
//! URL-safe base64 of: format (1 byte) ‖ the last id that was looked at (20) ‖ the time that relative
//! times are counted from (8, big endian) ‖ keyed BLAKE3 of all this and of the question (32)
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logs::Timestamp;
use record::id::{RECORD_ID_BYTES, RecordId};

/// Bytes in a [`CursorKey`].
pub const CURSOR_KEY_BYTES: usize = blake3::KEY_LEN;

const FORMAT: u8 = 1;
const TIME_BYTES: usize = 8;
const SEALED: usize = 1 + RECORD_ID_BYTES + TIME_BYTES;
const WHOLE: usize = SEALED + blake3::OUT_LEN;

/// The secret that makes cursors.
#[derive(Clone)]
pub struct CursorKey([u8; CURSOR_KEY_BYTES]);

/// What a cursor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last record that was looked at.
    pub after: RecordId,
    /// The time that relative times of the question were counted from.
    pub now: Timestamp,
}

/// A text that is no cursor of this question: changed, of another question, or of another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "cursor does not belong to this query: take X-Next-Cursor and all other parameters unchanged"
)]
pub struct BadCursor;

impl CursorKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; CURSOR_KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The cursor for a position in the answer to `question`.
    pub fn seal(&self, position: Position, question: &str) -> String {
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.push(FORMAT);
        bytes.extend_from_slice(position.after.as_bytes());
        bytes.extend_from_slice(&position.now.nanos().to_be_bytes());
        let mark = self.mark(&bytes, question);
        bytes.extend_from_slice(mark.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a cursor for `question` says.
    ///
    /// # Errors
    /// [`BadCursor`] for every text that this key did not make for this question.
    pub fn open(&self, text: &str, question: &str) -> Result<Position, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let bytes: &[u8; WHOLE] = bytes.as_slice().try_into().map_err(|_| BadCursor)?;
        let (sealed, mark) = bytes.split_at(SEALED);
        let mark: [u8; blake3::OUT_LEN] = mark.try_into().map_err(|_| BadCursor)?;
        // The comparison takes as long wherever the first difference is.
        if self.mark(sealed, question) != blake3::Hash::from_bytes(mark) {
            return Err(BadCursor);
        }
        let (after, now) = sealed
            .strip_prefix(&[FORMAT])
            .and_then(|rest| rest.split_at_checked(RECORD_ID_BYTES))
            .ok_or(BadCursor)?;
        let now = now.try_into().map_err(|_| BadCursor)?;
        Ok(Position {
            after: RecordId::from_slice(after).ok_or(BadCursor)?,
            now: Timestamp::from_nanos(i64::from_be_bytes(now)),
        })
    }

    /// What is sealed has one length, so it and the question never run into one another.
    fn mark(&self, sealed: &[u8], question: &str) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(sealed);
        hasher.update(question.as_bytes());
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: CursorKey = CursorKey([7; CURSOR_KEY_BYTES]);

    fn position(after: [u8; RECORD_ID_BYTES], now: i64) -> Position {
        Position {
            after: RecordId::from_slice(&after).unwrap(),
            now: Timestamp::from_nanos(now),
        }
    }

    #[test]
    fn a_cursor_of_another_service_is_refused() {
        let cursor = KEY.seal(position([1; 20], 2), "q");
        let other = CursorKey::new([8; CURSOR_KEY_BYTES]);
        assert_eq!(other.open(&cursor, "q"), Err(BadCursor));
    }

    proptest! {
        #[test]
        fn a_cursor_says_what_was_put_in_and_needs_no_escape_in_an_address(after: [u8; 20], now: i64, question: String) {
            let cursor = KEY.seal(position(after, now), &question);
            prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(KEY.open(&cursor, &question), Ok(position(after, now)));
        }

        #[test]
        fn a_cursor_of_another_question_is_refused(after: [u8; 20], one: String, other: String) {
            prop_assume!(one != other);
            let cursor = KEY.seal(position(after, 0), &one);
            prop_assert_eq!(KEY.open(&cursor, &other), Err(BadCursor));
        }

        #[test]
        fn a_cursor_with_any_other_bit_is_refused(after: [u8; 20], bit in 0..WHOLE * 8) {
            let cursor = KEY.seal(position(after, 0), "q");
            let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(KEY.open(&URL_SAFE_NO_PAD.encode(bytes), "q"), Err(BadCursor));
        }

        #[test]
        fn no_text_is_taken_for_a_cursor(text: String, bytes: Vec<u8>) {
            prop_assert_eq!(KEY.open(&text, "q"), Err(BadCursor));
            prop_assert_eq!(KEY.open(&URL_SAFE_NO_PAD.encode(bytes), "q"), Err(BadCursor));
        }
    }
}
