//! A range of time with both of its ends.

use logs::Timestamp;

/// Times from the first to the last, both of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest.
    pub first: Timestamp,
    /// The latest; not before the first.
    pub last: Timestamp,
}

impl Span {
    /// All times that there can be.
    pub const ALL: Self = Self {
        first: Timestamp::MIN,
        last: Timestamp::MAX,
    };

    /// Whether a time is one of them.
    #[inline]
    pub fn contains(self, time: Timestamp) -> bool {
        (self.first..=self.last).contains(&time)
    }
}
