//! How long one record may be looked at: whoever asks whether it matches is asked in turn, between
//! pieces of the work, whether to go on.

/// Whether a record matches was not found out: the one who asked had no more patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whether a record matches was not found out in time")]
pub struct GaveUp;

/// Asked between pieces of the work on one record whether to go on: each takes some tens of milliseconds at
/// most, and an expression that may take more than 0.1 ms is not begun without a question.
pub struct Patience<'a>(&'a mut dyn FnMut() -> bool);

impl<'a> Patience<'a> {
    /// The work goes on for as long as `goes_on` says so.
    pub fn new(goes_on: &'a mut dyn FnMut() -> bool) -> Self {
        Self(goes_on)
    }

    /// Asks whether to go on.
    pub(super) fn ask(&mut self) -> Result<(), GaveUp> {
        if (self.0)() { Ok(()) } else { Err(GaveUp) }
    }
}
