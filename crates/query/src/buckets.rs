//! Where buckets begin and end.

use crate::Order;
use crate::interval::Interval;
use crate::span::Span;
use logs::Timestamp;
use record::id::RecordId;

/// Buckets in one answer at most.
const MAX_BUCKETS: usize = 10_000;

/// The buckets of a span: multiples of the interval since 1970, the first and the last of them cut
/// by the span.
#[derive(Debug, Clone, Copy)]
pub struct Buckets {
    span: Span,
    interval: Interval,
    /// The number of the first bucket.
    first: i64,
    len: usize,
}

/// A bucket, or what the span leaves of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The earliest time in it.
    pub first: Timestamp,
    /// The latest time in it.
    pub last: Timestamp,
    /// Whether it is shorter than the interval, because the span begins or ends in it.
    pub is_cut: bool,
}

/// The interval cuts the span into more buckets than an answer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{count} buckets of {interval} are more than {MAX_BUCKETS}: ask for a longer interval or a shorter range of time"
)]
pub struct TooManyBuckets {
    count: u64,
    interval: Interval,
}

impl Buckets {
    /// The buckets of `span`.
    ///
    /// # Errors
    /// [`TooManyBuckets`].
    pub fn new(span: Span, interval: Interval) -> Result<Self, TooManyBuckets> {
        let count = interval.buckets_in(span);
        let len = usize::try_from(count).unwrap_or(usize::MAX);
        if len > MAX_BUCKETS {
            return Err(TooManyBuckets { count, interval });
        }
        Ok(Self {
            span,
            interval,
            first: interval.bucket_of(span.first),
            len,
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.len
    }

    /// The length of each.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// Which one a time is in.
    #[inline]
    pub fn position_of(&self, time: Timestamp) -> Option<usize> {
        let number = self.interval.bucket_of(time);
        let position = usize::try_from(number.checked_sub(self.first)?).ok()?;
        (position < self.len).then_some(position)
    }

    /// The bucket at a position.
    pub fn bucket(&self, position: usize) -> Bucket {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let whole = self.interval.span_of(self.first.saturating_add(position));
        let (first, last) = (
            whole.first.max(self.span.first),
            whole.last.min(self.span.last),
        );
        // By its length: where time itself ends, the whole bucket ends as well.
        let length = self.interval.nanos().abs_diff(1);
        Bucket {
            first,
            last,
            is_cut: last.nanos().abs_diff(first.nanos()) < length,
        }
    }
}

impl Bucket {
    /// Whether everything in it was counted, when counting in this order has come to the record
    /// `reached`.
    pub fn is_passed(&self, reached: RecordId, order: Order) -> bool {
        match order {
            Order::Ascending => RecordId::last_at(self.last) <= reached,
            Order::Descending => RecordId::first_at(self.first) >= reached,
        }
    }
}
