//! Phrases of whole words that are looked for in the message.
//!
//! A phrase stands in a message where its text does, unless there its first or its last word is only a part
//! of a longer one: `error` stands in `an error.` and not in `errors`, `10.0.0.1` not in `110.0.0.1`. So
//! each [word](super::words()) of the phrase is a word of the message.

use super::QueryError;
use super::needle::{Needle, Piece};
use super::patience::{GaveUp, Patience};
use super::words::{is_of_word, words};

/// Bytes that are compared between two questions for patience, where a phrase stands again and again as a
/// part of longer words.
const COMPARED: usize = 1024 * 1024;

/// A phrase that has to be in the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    needle: Needle,
    begins_with_word: bool,
    ends_with_word: bool,
}

impl Phrase {
    /// Looks for `text`; unless `case_sensitive`, capital and small letters are the same, by Unicode's
    /// simple case folding.
    ///
    /// # Errors
    /// [`QueryError`] when it is too long, or has no word.
    pub fn new(text: &str, case_sensitive: bool) -> Result<Self, QueryError> {
        let needle = Needle::new("word", text, case_sensitive)?;
        if words(text).next().is_none() {
            return Err(QueryError::NoWord);
        }
        Ok(Self {
            needle,
            begins_with_word: text.starts_with(is_of_word),
            ends_with_word: text.ends_with(is_of_word),
        })
    }

    /// What is looked for.
    pub fn text(&self) -> &str {
        self.needle.text()
    }

    /// Whether capital and small letters are told apart.
    pub fn is_case_sensitive(&self) -> bool {
        self.needle.is_case_sensitive()
    }

    pub(super) fn bytes(&self) -> usize {
        self.needle.memory()
    }

    pub(super) fn is_in(&self, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let is_in =
            &mut |piece: Piece<'_>, patience: &mut Patience<'_>| self.is_in_piece(piece, patience);
        self.needle.in_any_piece(message, patience, is_in)
    }

    /// Whether its text is in another one, whatever stands beside it.
    pub(super) fn text_is_in(
        &self,
        text: &str,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        let is_in = &mut |piece: Piece<'_>, _: &mut Patience<'_>| Ok(piece.has());
        self.needle.in_any_piece(text, patience, is_in)
    }

    fn is_in_piece(&self, piece: Piece<'_>, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let (mut from, mut compared) = (0, 0);
        while let Some(found) = piece.find(from) {
            let (start, end) = (found.start, found.end);
            let (before, behind) = (piece.text.get(..start), piece.text.get(end..));
            let (before, behind) = (before.unwrap_or_default(), behind.unwrap_or_default());
            // Where a piece ends, another one tells what goes on.
            let begins = !self.begins_with_word
                || before
                    .chars()
                    .next_back()
                    .map_or(piece.is_first, |last| !is_of_word(last));
            let ends = !self.ends_with_word
                || behind
                    .chars()
                    .next()
                    .map_or(piece.is_last, |first| !is_of_word(first));
            if begins && ends {
                return Ok(true);
            }
            compared += end - from;
            from = start + self.until_next(piece.text.get(start..).unwrap_or_default());
            if compared > COMPARED {
                compared = 0;
                patience.ask()?;
            }
        }
        Ok(false)
    }

    /// Bytes from where the phrase stands that it cannot begin in again: the rest of its first word, since
    /// each place where it begins is one where a word does, or a character.
    fn until_next(&self, text: &str) -> usize {
        let other = match self.begins_with_word {
            true => text.find(|character| !is_of_word(character)),
            false => text.chars().next().map(char::len_utf8),
        };
        other.unwrap_or(text.len()).max(1)
    }
}
