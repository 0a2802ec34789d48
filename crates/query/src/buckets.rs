//! Where the buckets of an answer begin and end.

use crate::Order;
use crate::grid::{Grid, clamped};
use crate::interval::Interval;
use crate::span::Span;
use logs::Timestamp;
use record::id::RecordId;

/// Buckets in one answer at most.
const MAX_BUCKETS: usize = 10_000;

/// The buckets of a span, by their edges: whoever counts need not know how these came about. The first
/// and the last of them are cut by the span.
#[derive(Debug)]
pub struct Buckets {
    span: Span,
    interval: Interval,
    /// The first time of each, ascending; that of the span is the first one.
    starts: Vec<Timestamp>,
    is_first_cut: bool,
    is_last_cut: bool,
}

/// A bucket, or what the span leaves of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The earliest time in it.
    pub first: Timestamp,
    /// The latest time in it.
    pub last: Timestamp,
    /// Whether the span begins or ends in it, so that something of it is left out.
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
    pub fn new(span: Span, grid: &Grid) -> Result<Self, TooManyBuckets> {
        let interval = grid.interval();
        let refused = |count| TooManyBuckets { count, interval };
        let estimate = grid.estimate(span);
        if estimate > MAX_BUCKETS as u64 {
            return Err(refused(estimate));
        }
        let mut edges: Vec<i128> = grid.edges(span).collect();
        let end = edges.pop();
        if edges.len() > MAX_BUCKETS {
            return Err(refused(edges.len() as u64));
        }
        let begin = edges.first().copied();
        let starts = edges.into_iter().map(|edge| clamped(edge).max(span.first));
        Ok(Self {
            span,
            interval,
            starts: starts.collect(),
            is_first_cut: begin.is_some_and(|begin| begin < span.first.nanos().into()),
            is_last_cut: end.is_some_and(|end| end - 1 > span.last.nanos().into()),
        })
    }

    /// One for each of so many UTC days up to that of `now`; before them one for all earlier times, and behind them one
    /// for all later ones.
    pub fn of_last_days(now: Timestamp, days: u16) -> Self {
        let (end, span) = (now.day() + 1, Span::ALL);
        let begin = end - i64::from(days);
        let edges = (begin..=end).map(Timestamp::start_of_day);
        Self {
            span,
            interval: Interval::DAY,
            starts: [span.first].into_iter().chain(edges).collect(),
            is_first_cut: false,
            is_last_cut: false,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The length of each, unless a clock is changed meanwhile.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// All times of all of them.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Which one a time is in.
    #[inline]
    pub fn position_of(&self, time: Timestamp) -> Option<usize> {
        if !self.span.contains(time) {
            return None;
        }
        let begun = self.starts.partition_point(|start| *start <= time);
        begun.checked_sub(1)
    }

    /// The times of the bucket at a position; the last time of all for a position beyond them.
    pub fn span_of(&self, position: usize) -> Span {
        let start = |position| self.starts.get(position).copied();
        let next = start(position.saturating_add(1)).and_then(|next| next.nanos().checked_sub(1));
        Span {
            first: start(position).unwrap_or(self.span.last),
            last: next.map_or(self.span.last, Timestamp::from_nanos),
        }
    }

    /// The bucket at a position.
    pub fn bucket(&self, position: usize) -> Bucket {
        let span = self.span_of(position);
        let is_last = position + 1 == self.starts.len();
        Bucket {
            first: span.first,
            last: span.last,
            is_cut: (position == 0 && self.is_first_cut) || (is_last && self.is_last_cut),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_days_stand_between_all_that_is_earlier_and_all_that_is_later() {
        let time = |text: &str| Timestamp::parse(text).unwrap();
        let buckets = Buckets::of_last_days(time("2024-03-01T23:59:59.999999999Z"), 2);
        assert_eq!(buckets.count(), 4);
        for (text, position) in [
            ("1677-09-21T00:12:44Z", 0),
            ("2024-02-28T23:59:59.999999999Z", 0),
            ("2024-02-29T00:00:00Z", 1),
            ("2024-03-01T00:00:00Z", 2),
            ("2024-03-01T23:59:59.999999999Z", 2),
            ("2024-03-02T00:00:00Z", 3),
            ("2262-04-11T23:47:16Z", 3),
        ] {
            assert_eq!(buckets.position_of(time(text)), Some(position), "{text}");
        }
        let spans = (0..4).map(|position| buckets.span_of(position));
        let all: Vec<_> = spans.collect();
        assert_eq!(
            (all[0].first, all[3].last),
            (Timestamp::MIN, Timestamp::MAX)
        );
        for pair in all.windows(2) {
            assert_eq!(pair[0].last.nanos() + 1, pair[1].first.nanos());
        }
    }
}
