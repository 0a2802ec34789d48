//! How much was kept of what was looked at.

/// What was kept of the rows that match.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Held {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}
