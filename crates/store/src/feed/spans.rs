//! Few spans of time that hold the times of many records (pure).

use logs::Timestamp;
use std::ops::Range;

/// So many at most.
pub(crate) const MOST_SPANS: usize = 16;
/// Times that are no further apart are in one span: a minute, in nanoseconds.
const NEAR: i64 = 60_000_000_000;

/// Spans that hold all times that were added. What is far from all others has a span of its own, until there are too many:
/// then the two nearest become one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    /// In order; between two of them there is more than is near.
    spans: Vec<Span>,
    /// Where the last time went.
    touched: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first: i64,
    last: i64,
}

impl Spans {
    /// Adds a time. Quick for one that comes soon behind the one before, or is in its span.
    #[inline]
    pub(crate) fn add(&mut self, time: Timestamp) {
        let nanos = time.nanos();
        let is_last = self.touched + 1 == self.spans.len();
        if let Some(span) = self.spans.get_mut(self.touched)
            && nanos >= span.first
        {
            if nanos <= span.last {
                return;
            }
            if is_last && nanos <= span.last.saturating_add(NEAR) {
                span.last = nanos;
                return;
            }
        }
        self.join(nanos);
    }

    /// Joins a time with the spans that it is near to.
    fn join(&mut self, nanos: i64) {
        let before = |span: &Span| span.last.saturating_add(NEAR) < nanos;
        let from = self.spans.partition_point(before);
        let not_behind = |span: &Span| span.first <= nanos.saturating_add(NEAR);
        let to = self.spans.partition_point(not_behind).max(from);
        let mut joined = Span {
            first: nanos,
            last: nanos,
        };
        let near = self.spans.get(from..to).unwrap_or_default();
        if let (Some(lowest), Some(greatest)) = (near.first(), near.last()) {
            joined.first = joined.first.min(lowest.first);
            joined.last = joined.last.max(greatest.last);
        }
        self.spans.splice(from..to, [joined]);
        self.touched = from;
        if self.spans.len() > MOST_SPANS {
            self.join_nearest();
        }
    }

    fn join_nearest(&mut self) {
        let gaps = self.spans.windows(2).map(|pair| match pair {
            [one, next] => next.first.abs_diff(one.last),
            _ => u64::MAX,
        });
        let nearest = gaps.enumerate().min_by_key(|(_, gap)| *gap);
        let Some(place) = nearest.map(|(place, _)| place) else {
            return;
        };
        let next = self.spans.remove(place + 1);
        if let Some(span) = self.spans.get_mut(place) {
            span.last = next.last;
        }
        if self.touched > place {
            self.touched -= 1;
        }
    }

    /// The spans, in order and apart from one another; the end is not in a span, but for the greatest time there is.
    pub(crate) fn ranges(&self) -> Vec<Range<Timestamp>> {
        let ranges = self.spans.iter().map(|span| {
            let start = span.first.min(i64::MAX - 1);
            Timestamp::from_nanos(start)..Timestamp::from_nanos(span.last.saturating_add(1))
        });
        ranges.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges(times: impl IntoIterator<Item = i64>) -> Vec<(i64, i64)> {
        let mut spans = Spans::default();
        for nanos in times {
            spans.add(Timestamp::from_nanos(nanos));
        }
        let ranges = spans.ranges().into_iter();
        ranges
            .map(|range| (range.start.nanos(), range.end.nanos()))
            .collect()
    }

    #[test]
    fn what_is_near_is_one_span_and_a_record_of_years_ago_has_its_own() {
        let year = 365 * 24 * 60 * NEAR;
        assert_eq!(ranges([]), []);
        assert_eq!(ranges([5, 6, 5 + NEAR, 5]), [(5, 6 + NEAR)]);
        assert_eq!(
            ranges([year, -year, year + NEAR, 0]),
            [(-year, 1 - year), (0, 1), (year, year + NEAR + 1)]
        );
        // One that comes between two that were apart joins them.
        assert_eq!(ranges([0, 2 * NEAR, NEAR]), [(0, 2 * NEAR + 1)]);
    }

    #[test]
    fn of_too_many_the_nearest_become_one() {
        let hours = (0..i64::try_from(MOST_SPANS).unwrap()).map(|hour| hour * 60 * NEAR);
        let near = [2 * NEAR];
        let found = ranges(hours.chain(near));
        assert_eq!(found.len(), MOST_SPANS);
        assert_eq!(found[..2], [(0, 2 * NEAR + 1), (60 * NEAR, 60 * NEAR + 1)]);
    }

    proptest! {
        #[test]
        fn few_spans_apart_hold_every_time(
            times in prop::collection::vec(prop_oneof![any::<i64>(), -5 * NEAR..5 * NEAR, Just(i64::MAX), Just(i64::MIN)], 0..80),
        ) {
            let found = ranges(times.clone());
            prop_assert!(found.len() <= MOST_SPANS);
            prop_assert!(found.iter().all(|(start, end)| start < end));
            prop_assert!(found.windows(2).all(|pair| pair[0].1 < pair[1].0));
            for time in times {
                let holds = |(start, end): &(i64, i64)| *start <= time && (time < *end || *end == i64::MAX);
                prop_assert!(found.iter().any(holds), "{time} in {found:?}");
            }
        }
    }
}
