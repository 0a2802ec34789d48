//! Where the next page starts: a text that only this service can make, for one question only.
//!
//! ```text
//! URL-safe base64 of: format (1 byte) ‖ the last id that was looked at (20 or 27) ‖ the time that
//! relative times are counted from (8, big endian) ‖ keyed BLAKE3 of all this and of the question (32)
//! ```
//!
//! Format 1 holds an id of 20 bytes, which is one without an order; format 2 one with an order. Format 3, always of 27,
//! is for those who may not know which record was looked at last: what stands behind the format is masked with a
//! keystream that the hash at the end begins (a synthetic IV: nobody without the key learns more than whether two
//! cursors of one question are equal).

mod event;

pub use event::{BadEventId, LARGEST_PLACE};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logs::Timestamp;
use record::id::{PLAIN_ID_BYTES, RECORD_ID_BYTES, RecordId};
use record::order::SendOrder;

/// Bytes in a [`CursorKey`].
pub const CURSOR_KEY_BYTES: usize = blake3::KEY_LEN;

const PLAIN: u8 = 1;
const ORDERED: u8 = 2;
const HIDDEN: u8 = 3;
const TIME_BYTES: usize = 8;
/// Of the longer form.
const WHOLE: usize = 1 + RECORD_ID_BYTES + TIME_BYTES + blake3::OUT_LEN;
/// What the key of the keystream is made for.
const MASK: &str = "aggregator 2026-11-29 cursor mask";

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
        if position.after.order() == SendOrder::NONE {
            bytes.push(PLAIN);
            bytes.extend_from_slice(&position.after.plain());
        } else {
            bytes.push(ORDERED);
            bytes.extend_from_slice(position.after.as_bytes());
        }
        bytes.extend_from_slice(&position.now.nanos().to_be_bytes());
        let mark = self.mark(&bytes, question);
        bytes.extend_from_slice(mark.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The same, of which nobody can tell which position it is.
    pub fn seal_hidden(&self, position: Position, question: &str) -> String {
        let mut bytes = Vec::with_capacity(WHOLE);
        bytes.push(HIDDEN);
        bytes.extend_from_slice(position.after.as_bytes());
        bytes.extend_from_slice(&position.now.nanos().to_be_bytes());
        let mark = self.mark(&bytes, question);
        self.mask(&mut bytes, mark);
        bytes.extend_from_slice(mark.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a cursor for `question` says.
    ///
    /// # Errors
    /// [`BadCursor`] for every text that this key did not make for this question.
    pub fn open(&self, text: &str, question: &str) -> Result<Position, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let (sealed, mark) = bytes.split_last_chunk().ok_or(BadCursor)?;
        let (mut sealed, mark) = (sealed.to_vec(), blake3::Hash::from_bytes(*mark));
        if sealed.first() == Some(&HIDDEN) {
            self.mask(&mut sealed, mark);
        }
        let position = Position::read(&sealed).ok_or(BadCursor)?;
        // The comparison takes as long wherever the first difference is.
        match self.mark(&sealed, question) == mark {
            true => Ok(position),
            false => Err(BadCursor),
        }
    }

    /// What is sealed has one length for each format, with which it begins, so it and the question never
    /// run into one another.
    fn mark(&self, sealed: &[u8], question: &str) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(sealed);
        hasher.update(question.as_bytes());
        hasher.finalize()
    }

    /// Hides what stands behind the format, or shows it again.
    fn mask(&self, sealed: &mut [u8], mark: blake3::Hash) {
        let mut stream = [0; WHOLE];
        blake3::Hasher::new_keyed(&blake3::derive_key(MASK, &self.0))
            .update(mark.as_bytes())
            .finalize_xof()
            .fill(&mut stream);
        for (byte, mask) in sealed.iter_mut().skip(1).zip(stream) {
            *byte ^= mask;
        }
    }
}

impl Position {
    fn read(sealed: &[u8]) -> Option<Self> {
        let (format, rest) = sealed.split_first()?;
        let length = match *format {
            PLAIN => PLAIN_ID_BYTES,
            ORDERED | HIDDEN => RECORD_ID_BYTES,
            _ => return None,
        };
        let (after, now) = rest.split_at_checked(length)?;
        Some(Self {
            after: RecordId::from_slice(after)?,
            now: Timestamp::from_nanos(i64::from_be_bytes(now.try_into().ok()?)),
        })
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
        let cursor = KEY.seal(position([1; 27], 2), "q");
        let other = CursorKey::new([8; CURSOR_KEY_BYTES]);
        assert_eq!(other.open(&cursor, "q"), Err(BadCursor));
    }

    #[test]
    fn a_cursor_of_an_earlier_version_goes_on_working() {
        let cursor =
            "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAAAAAAAAJFQbs50mlkA-Dx09Zb1URi-fORKC66dALGATATaHRwCQ";
        let after = RecordId::from_slice(&[1; 20]).unwrap();
        let now = Timestamp::from_nanos(2);
        let position = Position { after, now };
        assert_eq!(KEY.open(cursor, "q"), Ok(position));
        assert_eq!(KEY.seal(position, "q"), cursor);
    }

    proptest! {
        #[test]
        fn a_cursor_says_what_was_put_in_and_needs_no_escape_in_an_address(after: [u8; 27], now: i64, question: String) {
            let cursor = KEY.seal(position(after, now), &question);
            prop_assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(KEY.open(&cursor, &question), Ok(position(after, now)));
        }

        #[test]
        fn a_hidden_cursor_says_the_same_and_shows_nothing_of_it(after: [u8; 27], now: i64, question: String) {
            let position = position(after, now);
            let cursor = KEY.seal_hidden(position, &question);
            prop_assert_eq!(KEY.open(&cursor, &question), Ok(position));
            let shown = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let (id, now) = (&after[..], &now.to_be_bytes()[..]);
            for hidden in [id, &after[..8], &after[15..23], now] {
                prop_assert!(!shown.windows(hidden.len()).any(|part| part == hidden));
            }
        }

        #[test]
        fn a_cursor_of_another_question_is_refused(after: [u8; 27], one: String, other: String) {
            prop_assume!(one != other);
            let position = position(after, 0);
            for cursor in [KEY.seal(position, &one), KEY.seal_hidden(position, &one)] {
                prop_assert_eq!(KEY.open(&cursor, &other), Err(BadCursor));
            }
        }

        #[test]
        fn a_cursor_with_any_other_bit_is_refused(after: [u8; 27], bit in 0..WHOLE * 8) {
            let position = position(after, 0);
            for cursor in [KEY.seal(position, "q"), KEY.seal_hidden(position, "q")] {
                let mut bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
                let place = bit / 8 % bytes.len();
                bytes[place] ^= 1 << (bit % 8);
                prop_assert_eq!(KEY.open(&URL_SAFE_NO_PAD.encode(bytes), "q"), Err(BadCursor));
            }
        }

        #[test]
        fn no_text_is_taken_for_a_cursor(text: String, bytes: Vec<u8>) {
            prop_assert_eq!(KEY.open(&text, "q"), Err(BadCursor));
            prop_assert_eq!(KEY.open(&URL_SAFE_NO_PAD.encode(bytes), "q"), Err(BadCursor));
        }
    }
}
