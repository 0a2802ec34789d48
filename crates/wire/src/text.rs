//! A body as text: what is no UTF-8 in it is replaced, and where that was is known.

use std::borrow::Cow;
use std::ops::Range;
use std::str::Utf8Chunks;

/// The bytes that a body takes as text: each sequence that is no UTF-8 becomes U+FFFD.
pub fn text_bytes(body: &[u8]) -> usize {
    if std::str::from_utf8(body).is_ok() {
        return body.len();
    }
    let chunks = body.utf8_chunks();
    chunks
        .map(|chunk| chunk.valid().len() + replaced(chunk.invalid()))
        .sum()
}

/// The bytes that take the place of a sequence that is no UTF-8.
fn replaced(invalid: &[u8]) -> usize {
    match invalid {
        [] => 0,
        _ => char::REPLACEMENT_CHARACTER.len_utf8(),
    }
}

/// The body as text, without a byte order mark.
pub(super) fn text_of(body: &[u8]) -> Cow<'_, str> {
    let body = without_mark(body);
    // Not lossily from the start, which takes as long as all the rest.
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(body),
    }
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Where in the text something was replaced. It is asked for ranges in order, and keeps no list: a body
/// may be wrong everywhere.
#[derive(Clone)]
pub(super) struct Damage<'a> {
    chunks: Utf8Chunks<'a>,
    /// The place of the next replacement; `usize::MAX` when there is none.
    next: usize,
    /// The place behind it.
    end: usize,
}

impl<'a> Damage<'a> {
    /// That of a body's text.
    pub(super) fn of(body: &'a [u8]) -> Self {
        let mut damage = Self {
            chunks: without_mark(body).utf8_chunks(),
            next: 0,
            end: 0,
        };
        damage.advance();
        damage
    }

    fn advance(&mut self) {
        for chunk in self.chunks.by_ref() {
            self.next = self.end + chunk.valid().len();
            self.end = self.next + replaced(chunk.invalid());
            if self.end > self.next {
                return;
            }
        }
        self.next = usize::MAX;
    }

    /// Whether anything in a range was replaced. Ranges before one that was asked for are forgotten.
    pub(super) fn is_in(&mut self, range: Range<usize>) -> bool {
        while self.next < range.start {
            self.advance();
        }
        self.next < range.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_replaced_is_found_where_it_is(
            parts in prop::collection::vec(prop::sample::select(vec![
                &b"ab"[..], "é".as_bytes(), b"\xff", b"\xf0\x9f", b"\xc3", "\u{fffd}".as_bytes(), b"\xef\xbb\xbf",
            ]), 0..12)
        ) {
            let body = parts.concat();
            let text = text_of(&body);
            let mark = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            prop_assert_eq!(text_bytes(&body), text.len() + mark);
            let mut damage = Damage::of(&body);
            let mut place = 0;
            for chunk in body[mark..].utf8_chunks() {
                let valid = place..place + chunk.valid().len();
                place = valid.end + replaced(chunk.invalid());
                prop_assert!(!damage.is_in(valid.clone()));
                prop_assert_eq!(damage.is_in(valid.end..place), place > valid.end);
            }
        }
    }
}
