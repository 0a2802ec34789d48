//! The buckets that are still to be counted, in the order that is asked for.

use crate::mongo::read::command;
use logs::Timestamp;
use mongodb::bson::Document;
use query::buckets::Buckets;
use query::{Order, Query};
use record::id::{IdFormat, RecordId};

/// What is ahead of a counting.
pub(super) struct Ahead<'a> {
    query: &'a Query,
    buckets: &'a Buckets,
    /// The last record that was counted, when it was not the last one of its bucket.
    after: Option<RecordId>,
    /// The positions of the next bucket and of the last one; `None` when all are counted.
    ends: Option<(usize, usize)>,
}

impl<'a> Ahead<'a> {
    /// Everything behind `after`; `None` when there is no time that fits.
    pub(super) fn new(
        query: &'a Query,
        after: Option<RecordId>,
        buckets: &'a Buckets,
    ) -> Option<Self> {
        let (bounds, span) = (query.bounds(after), buckets.span());
        let last = match bounds.before {
            Some(before) => before.predecessor()?,
            None => RecordId::MAX,
        };
        let first = match bounds.behind {
            // Where its bucket ends there, that one is not begun again.
            true => bounds.from.successor()?,
            false => bounds.from,
        };
        let (first, last) = (
            first.max(RecordId::first_at(span.first)),
            last.min(RecordId::last_at(span.last)),
        );
        if last < first {
            return None;
        }
        let (low, high) = (
            buckets.position_of(first.time())?,
            buckets.position_of(last.time())?,
        );
        let ends = match query.order {
            Order::Ascending => (low, high),
            Order::Descending => (high, low),
        };
        Some(Self {
            query,
            buckets,
            after,
            ends: Some(ends),
        })
    }

    /// The next buckets, so many at most; `None` when all are counted.
    pub(super) fn buckets(&self, most: u64) -> Option<Vec<usize>> {
        let (next, last) = self.ends?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = next.abs_diff(last).min(most.saturating_sub(1));
        Some(match self.query.order {
            Order::Ascending => (next..=next.saturating_add(more)).collect(),
            Order::Descending => (next.saturating_sub(more)..=next).rev().collect(),
        })
    }

    /// The ids of a bucket that are still to be counted.
    pub(super) fn range(&self, bucket: usize, format: IdFormat) -> Document {
        let whole = self.buckets.span_of(bucket);
        let end = whole.last.nanos().checked_add(1).map(Timestamp::from_nanos);
        let part = Query {
            start: self.query.start.max(Some(whole.first)),
            end: match (self.query.end, end) {
                (Some(asked), Some(end)) => Some(asked.min(end)),
                (asked, end) => asked.or(end),
            },
            order: self.query.order,
            ..Query::default()
        };
        command::range(&part, self.after, format)
    }

    /// Goes on behind the bucket, which is counted in full.
    pub(super) fn pass(&mut self, bucket: usize) {
        let whole = self.buckets.span_of(bucket);
        let (next, last_of_it) = match self.query.order {
            Order::Ascending => (bucket.checked_add(1), RecordId::last_at(whole.last)),
            Order::Descending => (bucket.checked_sub(1), RecordId::first_at(whole.first)),
        };
        self.after = Some(last_of_it);
        let ahead = self.ends.filter(|(_, last)| bucket != *last);
        self.ends = ahead.and_then(|(_, last)| Some((next?, last)));
    }

    /// Goes on behind this record, in the same bucket.
    pub(super) fn stop_behind(&mut self, last: Option<RecordId>) {
        self.after = last.or(self.after);
    }

    /// Behind which record there is more; `None` when all is counted.
    pub(super) fn reached(&self) -> Option<RecordId> {
        self.after.filter(|_| self.ends.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::grid::Grid;
    use query::interval::Interval;
    use query::shift::Shift;
    use query::span::Span;
    use query::zone::Zone;

    /// The buckets of this length of a span.
    fn buckets(first: Timestamp, last: Timestamp, length: &str) -> Buckets {
        let interval = Interval::parse(length).unwrap();
        let grid = Grid::new(interval, Shift::default(), Zone::default());
        Buckets::new(Span { first, last }, &grid).unwrap()
    }

    fn second(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn query(text: &str) -> Query {
        Query::parse(text, Timestamp::from_nanos(0)).unwrap()
    }

    #[test]
    fn buckets_come_in_the_order_that_is_asked_for_and_go_on_where_one_has_ended() {
        let hours = buckets(second("1800"), second("10799"), "1h");
        for (order, numbers) in [("asc", [0, 1, 2]), ("desc", [2, 1, 0])] {
            let query = query(&format!("startTime=1800&endTime=10800&order={order}"));
            let mut ahead = Ahead::new(&query, None, &hours).unwrap();
            assert_eq!(ahead.buckets(2).unwrap(), numbers[..2]);
            assert_eq!(ahead.buckets(9).unwrap(), numbers);
            assert_eq!(ahead.reached(), None);
            ahead.pass(numbers[0]);
            let reached = ahead.reached().unwrap();
            let again = Ahead::new(&query, Some(reached), &hours).unwrap();
            assert_eq!(again.buckets(9).unwrap(), numbers[1..]);
            ahead.pass(numbers[1]);
            let id = RecordId::first_at(Timestamp::parse("7200").unwrap());
            ahead.stop_behind(Some(id));
            assert_eq!(
                (ahead.buckets(9).unwrap(), ahead.reached()),
                (vec![numbers[2]], Some(id))
            );
            ahead.pass(numbers[2]);
            assert_eq!((ahead.buckets(9), ahead.reached()), (None, None));
        }
    }

    #[test]
    fn a_range_of_no_time_has_no_bucket_and_all_of_time_has_its_ends() {
        let whole = buckets(Timestamp::MIN, Timestamp::MAX, "100000d");
        let nothing = query("startTime=5&endTime=5");
        assert!(Ahead::new(&nothing, None, &whole).is_none());
        let hour = buckets(second("3600"), second("7199"), "1h");
        for beyond in ["endTime=3600", "startTime=7200"] {
            assert!(Ahead::new(&query(beyond), None, &hour).is_none());
        }
        let all = Query::default();
        assert_eq!(
            Ahead::new(&all, None, &hour).unwrap().buckets(9).unwrap(),
            [0]
        );
        let mut ahead = Ahead::new(&all, None, &whole).unwrap();
        assert_eq!(ahead.buckets(9).unwrap(), [0, 1, 2, 3]);
        for _ in 0..4 {
            let next = ahead.buckets(1).unwrap()[0];
            ahead.range(next, IdFormat::Ordered);
            ahead.pass(next);
        }
        assert_eq!(ahead.buckets(1), None);
    }
}
