//! The ids of a tail's events: where to go on behind one, sealed as cursors are, for one question only.
//!
//! ```text
//! URL-safe base64 of: format (1 byte) ‖ the place, as its maker writes it ‖ the first half of the keyed BLAKE3 of the
//! format, the place's length, the place and the question (16)
//! ```
//!
//! Format 4 shows the place to whoever decodes it. Format 5 is for those who may not know which records there are: the
//! place is masked as in a hidden cursor.

use super::{CursorKey, MASK};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const SHOWN: u8 = 4;
const HIDDEN: u8 = 5;
/// Ids go with every event. Nobody without the key finds another one by trying.
const MARK_BYTES: usize = 16;
/// What a place may take.
pub const LARGEST_PLACE: usize = 4 * 1024;

/// A text that is no id of an event of this question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event's id does not belong to this query: take the id of one of its events and all other parameters unchanged"
)]
pub struct BadEventId;

impl CursorKey {
    /// Appends the id of an event behind which a reader of `question` goes on at `place`.
    pub fn seal_event(&self, place: &[u8], question: &str, is_hidden: bool, out: &mut Vec<u8>) {
        let format = if is_hidden { HIDDEN } else { SHOWN };
        let mark = self.event_mark(format, place, question);
        let mut sealed = Vec::with_capacity(1 + place.len() + MARK_BYTES);
        sealed.push(format);
        sealed.extend_from_slice(place);
        if is_hidden {
            self.mask_event(sealed.get_mut(1..).unwrap_or_default(), &mark);
        }
        sealed.extend_from_slice(&mark);
        let start = out.len();
        out.resize(start + sealed.len().div_ceil(3) * 4, 0);
        let place = out.get_mut(start..).unwrap_or_default();
        let written = URL_SAFE_NO_PAD.encode_slice(&sealed, place).unwrap_or(0);
        out.truncate(start + written);
    }

    /// The place that an id of an event of `question` says.
    ///
    /// # Errors
    /// [`BadEventId`] for every text that this key did not make for this question.
    pub fn open_event(&self, text: &str, question: &str) -> Result<Vec<u8>, BadEventId> {
        if text.len() > 2 * LARGEST_PLACE {
            return Err(BadEventId);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadEventId)?;
        let (sealed, mark) = bytes.split_last_chunk().ok_or(BadEventId)?;
        let (format, place) = sealed.split_first().ok_or(BadEventId)?;
        let mut place = place.to_vec();
        match *format {
            SHOWN => {}
            HIDDEN => self.mask_event(&mut place, mark),
            _ => return Err(BadEventId),
        }
        let expected = self.event_mark(*format, &place, question);
        // The comparison takes as long wherever the first difference is.
        let differences = expected.iter().zip(mark).map(|(one, other)| one ^ other);
        match differences.fold(0, |all, one| all | one) {
            0 => Ok(place),
            _ => Err(BadEventId),
        }
    }

    /// No cursor begins with these formats, so none is taken for an id nor an id for one.
    fn event_mark(&self, format: u8, place: &[u8], question: &str) -> [u8; MARK_BYTES] {
        let length = u32::try_from(place.len()).unwrap_or(u32::MAX);
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&[format]);
        hasher.update(&length.to_be_bytes());
        hasher.update(place);
        hasher.update(question.as_bytes());
        let mark = hasher.finalize();
        mark.as_bytes().first_chunk().copied().unwrap_or_default()
    }

    fn mask_event(&self, place: &mut [u8], mark: &[u8; MARK_BYTES]) {
        let mut stream = vec![0; place.len()];
        blake3::Hasher::new_keyed(&blake3::derive_key(MASK, &self.0))
            .update(mark)
            .finalize_xof()
            .fill(&mut stream);
        for (byte, mask) in place.iter_mut().zip(stream) {
            *byte ^= mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::CURSOR_KEY_BYTES;
    use proptest::prelude::*;

    const KEY: CursorKey = CursorKey([7; CURSOR_KEY_BYTES]);

    fn seal(place: &[u8], question: &str, is_hidden: bool) -> String {
        let mut out = b"id: ".to_vec();
        KEY.seal_event(place, question, is_hidden, &mut out);
        String::from_utf8(out.split_off(4)).unwrap()
    }

    proptest! {
        #[test]
        fn an_id_says_what_was_put_in_to_its_question_alone(
            place in prop::collection::vec(any::<u8>(), 0..300), question: String, other: String, is_hidden: bool,
        ) {
            prop_assume!(question != other);
            let id = seal(&place, &question, is_hidden);
            prop_assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(KEY.open_event(&id, &question), Ok(place));
            prop_assert_eq!(KEY.open_event(&id, &other), Err(BadEventId));
            let stranger = CursorKey::new([8; CURSOR_KEY_BYTES]);
            prop_assert_eq!(stranger.open_event(&id, &question), Err(BadEventId));
            prop_assert!(KEY.open(&id, &question).is_err());
        }

        #[test]
        fn a_hidden_id_shows_nothing_of_its_place(place in prop::collection::vec(any::<u8>(), 8..300)) {
            let shown = URL_SAFE_NO_PAD.decode(seal(&place, "q", true)).unwrap();
            prop_assert!(!shown.windows(8).any(|part| place.windows(8).any(|hidden| hidden == part)));
        }

        #[test]
        fn an_id_with_any_other_bit_and_any_other_text_is_refused(
            place in prop::collection::vec(any::<u8>(), 0..80), is_hidden: bool, bit: prop::sample::Index, text: String,
        ) {
            let mut bytes = URL_SAFE_NO_PAD.decode(seal(&place, "q", is_hidden)).unwrap();
            let bit = bit.index(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(KEY.open_event(&URL_SAFE_NO_PAD.encode(bytes), "q"), Err(BadEventId));
            prop_assert_eq!(KEY.open_event(&text, "q"), Err(BadEventId));
        }
    }
}
