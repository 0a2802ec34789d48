//! Where buckets may begin and end: at the multiples of a length on somebody's clock.

mod walk;

use crate::interval::Interval;
use crate::shift::Shift;
use crate::span::Span;
use crate::zone::Zone;
use logs::Timestamp;
use walk::{Walk, begins_wherever};

/// Buckets at most when their length is chosen here; a round length is at most 2.5 times the next
/// smaller one, so there are hardly ever fewer than 40.
const CHOSEN_BUCKETS: usize = 100;

/// The multiples of a length since 1970 on the clock of a time zone, shifted.
///
/// A clock that is put back shows some times twice. A bucket of more than an hour begins at the first of
/// them and is longer then; one of an hour or less begins at both, so that no hour has two hours in it.
/// What a clock that is put forward leaves out is missing in the bucket that it would be in.
#[derive(Debug, Clone)]
pub struct Grid {
    interval: Interval,
    shift: Shift,
    zone: Zone,
}

impl Grid {
    /// The grid of this length.
    pub fn new(interval: Interval, shift: Shift, zone: Zone) -> Self {
        Self {
            interval,
            shift,
            zone,
        }
    }

    /// The grid of the least round length that cuts the span into no more than a hundred buckets.
    pub fn round(span: Span, shift: Shift, zone: Zone) -> Self {
        let mut grid = Self::new(Interval::SHORTEST_ROUND, shift, zone);
        for length in Interval::round_lengths() {
            grid.interval = length;
            let is_likely = grid.estimate(span) <= CHOSEN_BUCKETS as u64;
            if is_likely && grid.edges(span).count() <= CHOSEN_BUCKETS + 1 {
                break;
            }
        }
        grid
    }

    /// The length of a bucket.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// All of the bucket that a time is in, as far as there are times.
    pub fn around(&self, time: Timestamp) -> Span {
        let mut edges = self.edges(Span {
            first: time,
            last: time,
        });
        let first = edges.next().map_or(Timestamp::MIN, clamped);
        let last = edges.next().map_or(Timestamp::MAX, |end| clamped(end - 1));
        Span { first, last }
    }

    /// How many buckets a span is cut into, but for what changes of the clock add.
    pub(super) fn estimate(&self, span: Span) -> u64 {
        let length = i128::from(self.interval.nanos());
        let [first, last] = [span.first, span.last].map(|time| i128::from(time.nanos()));
        let begun = self.zone.period(first).ahead;
        let ended = match begins_wherever(length) {
            // What the clock shows twice is counted twice.
            true => begun,
            false => self.zone.period(last).ahead,
        };
        let [first, last] = [first + begun, last + ended]
            .map(|shown| (shown - self.shift.nanos()).div_euclid(length));
        u64::try_from(last - first + 1).unwrap_or(u64::MAX)
    }

    /// The edges of the buckets that a span is in, in nanoseconds since 1970: the first one at its
    /// beginning or before it, and the last one behind its end.
    pub(super) fn edges(&self, span: Span) -> impl Iterator<Item = i128> {
        let last = i128::from(span.last.nanos());
        let mut walk = Walk::begin(
            &self.zone,
            i128::from(self.interval.nanos()),
            self.shift.nanos(),
            i128::from(span.first.nanos()),
        );
        let mut is_behind = false;
        std::iter::from_fn(move || {
            let edge = walk.edge();
            if is_behind {
                return None;
            }
            is_behind = edge > last;
            walk.step();
            Some(edge)
        })
    }
}

/// The nearest time that there is.
pub(super) fn clamped(nanos: i128) -> Timestamp {
    let nearest = match nanos.is_negative() {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    };
    i64::try_from(nanos).map_or(nearest, Timestamp::from_nanos)
}

#[cfg(test)]
mod tests;
