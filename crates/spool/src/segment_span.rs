//! Which part of the sequence a segment holds.

/// A segment's part of the sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentSpan {
    pub(super) first_seq: u64,
    /// Behind its last batch.
    pub(super) end_seq: u64,
    pub(super) bytes: u64,
}
