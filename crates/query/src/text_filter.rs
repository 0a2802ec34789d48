//! Texts that are looked for in the message.

use super::QueryError;
use super::patience::{GaveUp, Patience};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};

/// Bytes of a text, of a regular expression, or of what is said of an attribute.
pub(super) const LONGEST: usize = 1_000;
/// Bytes of a message that are gone over between two questions for patience.
const PIECE: usize = 1024 * 1024;

/// A text that has to be in the message.
#[derive(Debug, Clone)]
pub struct Substring {
    text: String,
    case_sensitive: bool,
    finder: AhoCorasick,
}

impl Substring {
    /// Looks for `text`; unless `case_sensitive`, the letters A to Z stand for a to z as well, and
    /// every other character for itself alone.
    ///
    /// # Errors
    /// [`QueryError::TooLong`].
    pub fn new(text: &str, case_sensitive: bool) -> Result<Self, QueryError> {
        let too_long = QueryError::TooLong {
            parameter: "q",
            limit: LONGEST,
        };
        if text.len() > LONGEST {
            return Err(too_long);
        }
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(!case_sensitive)
            // A table of all states would take a megabyte for a long text.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build([text])
            .map_err(|_| too_long)?;
        Ok(Self {
            text: text.to_owned(),
            case_sensitive,
            finder,
        })
    }

    /// What is looked for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether capital and small letters are told apart.
    pub fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    pub(super) fn bytes(&self) -> usize {
        self.finder.memory_usage()
    }

    pub(super) fn is_in(&self, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let mut from = 0;
        loop {
            // What begins in one piece may end in the next.
            let to = message.len().min(from + PIECE + self.text.len());
            if self.finder.is_match(Input::new(message).range(from..to)) {
                return Ok(true);
            }
            if to == message.len() {
                return Ok(false);
            }
            from += PIECE;
            patience.ask()?;
        }
    }
}

impl PartialEq for Substring {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.case_sensitive) == (&other.text, other.case_sensitive)
    }
}
