//! One step of counting values.

use super::Facets;
use crate::PageLimit;
use record::id::RecordId;
use std::time::Duration;

/// How long one step of counting may take.
#[derive(Debug, Clone, Copy)]
pub struct FacetsLimit {
    /// How long records may be looked at, about: when it is over, one of the next of them is the last.
    pub time: Duration,
    /// How long one record may be looked at by itself until it is told that this is too long.
    pub record_time: Duration,
}

impl FacetsLimit {
    /// The same for rows of which none is kept.
    pub(crate) fn unbounded(self) -> PageLimit {
        PageLimit {
            rows: usize::MAX,
            bytes: usize::MAX,
            looked_at: usize::MAX,
            time: self.time,
            record_time: self.record_time,
        }
    }
}

/// What one step has come to.
#[derive(Debug)]
pub struct FacetsStep {
    /// All that was counted so far, in this step and in those before.
    pub facets: Facets,
    /// The last record that the store looked at, when there may be more behind it.
    pub next: Option<RecordId>,
}
