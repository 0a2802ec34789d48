//! Texts that are looked for in the message.

use super::QueryError;
use super::needle::{Needle, Piece};
use super::patience::{GaveUp, Patience};

/// A text that has to be in the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Substring(Needle);

impl Substring {
    /// Looks for `text`; unless `case_sensitive`, capital and small letters are the same, by Unicode's
    /// simple case folding.
    ///
    /// # Errors
    /// [`QueryError::TooLong`].
    pub fn new(text: &str, case_sensitive: bool) -> Result<Self, QueryError> {
        Needle::new("q", text, case_sensitive).map(Self)
    }

    /// What is looked for.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// Whether capital and small letters are told apart.
    pub fn is_case_sensitive(&self) -> bool {
        self.0.is_case_sensitive()
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.memory()
    }

    pub(super) fn is_in(&self, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let is_in = &mut |piece: Piece<'_>, _: &mut Patience<'_>| Ok(piece.has());
        self.0.in_any_piece(message, patience, is_in)
    }
}
