//! Which blocks a search has to look into, in the order in which it does.

use crate::StoreError;
use crate::blocks::storage::{Day, Listed, Snapshot};
use blocks::head::Summary;
use query::{Bounds, Order, Query};
use record::id::RecordId;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::Range;

/// Blocks that may have what is asked for, by where they begin in the order of the query. They may overlap.
pub(super) struct Plan<'a> {
    pub(super) order: Order,
    pub(super) bounds: Bounds,
    severities: Option<Vec<u8>>,
    /// Whether all records of these severities that are within the bounds are asked for.
    is_all: bool,
    snapshot: &'a dyn Snapshot,
    /// Those that are not listed yet: a day is when its blocks may come next.
    days: Range<Day>,
    /// The first of them, in the order of the query, that has blocks.
    next_day: Option<Day>,
    listed: VecDeque<Listed>,
}

impl<'a> Plan<'a> {
    /// Those of one state that concern what comes behind `after`.
    pub(super) fn new(
        snapshot: &'a dyn Snapshot,
        query: &Query,
        after: Option<RecordId>,
    ) -> Result<Self, StoreError> {
        let bounds = query.bounds(after);
        let days = days(&bounds);
        let mut plan = Self {
            order: query.order,
            bounds,
            severities: query.severities(),
            is_all: query.is_of_time_and_severity(),
            snapshot,
            next_day: snapshot.first_day(days.clone(), query.order)?,
            days,
            listed: VecDeque::new(),
        };
        plan.list(Day::SEVERAL)?;
        plan.list_on()?;
        Ok(plan)
    }

    /// Adds those of a day.
    fn list(&mut self, day: Day) -> Result<(), StoreError> {
        let mut listed = self.snapshot.list(day.only())?;
        listed.retain(|block| self.concerns(&block.summary));
        self.listed.extend(listed);
        let listed = self.listed.make_contiguous();
        match self.order {
            Order::Ascending => listed.sort_unstable_by_key(|block| block.summary.first),
            Order::Descending => listed.sort_unstable_by_key(|block| Reverse(block.summary.last)),
        }
        Ok(())
    }

    /// Adds those of further days, until those that are there come first.
    fn list_on(&mut self) -> Result<(), StoreError> {
        while let Some(day) = self.next_day {
            let first = self.frontier().map(|first| Day::of(first.time()));
            let comes_first = first.is_some_and(|first| match self.order {
                Order::Ascending => first < day,
                Order::Descending => first > day,
            });
            if comes_first {
                return Ok(());
            }
            self.list(day)?;
            match self.order {
                Order::Ascending => self.days.start = day.only().end,
                Order::Descending => self.days.end = day,
            }
            self.next_day = self.snapshot.first_day(self.days.clone(), self.order)?;
        }
        Ok(())
    }

    /// Whether a block may have anything that is asked for.
    fn concerns(&self, summary: &Summary) -> bool {
        let has_severity = self.severities.as_ref().is_none_or(|asked| {
            let mut there = summary.severities.iter();
            there.any(|(severity, _)| asked.contains(severity))
        });
        has_severity && overlaps(&self.bounds, summary.first, summary.last)
    }

    /// The first record that may be in the blocks that are left: all before it, in the order of the query, are
    /// in those that were taken.
    pub(super) fn frontier(&self) -> Option<RecordId> {
        Some(begin(self.order, &self.listed.front()?.summary))
    }

    /// Takes the next block.
    pub(super) fn take(&mut self) -> Result<Option<Listed>, StoreError> {
        let next = self.listed.pop_front();
        self.list_on()?;
        Ok(next)
    }

    /// Takes the next blocks, so many at most and, but for the first one, with so many bytes of text; no more than are
    /// sure to have so many rows.
    pub(super) fn take_some(
        &mut self,
        count: usize,
        text: usize,
        rows: usize,
    ) -> Result<Vec<Listed>, StoreError> {
        let (mut taken, mut sum, mut found) = (Vec::new(), 0_usize, 0_usize);
        while taken.len() < count
            && let Some(next) = self.listed.front()
        {
            sum = sum.saturating_add(next.summary.text);
            if !taken.is_empty() && (sum > text || found >= rows) {
                break;
            }
            found = found.saturating_add(self.rows_of(&next.summary));
            taken.extend(self.take()?);
        }
        Ok(taken)
    }

    /// How many rows a block has, but for what is out of bounds; none where that is not known.
    fn rows_of(&self, summary: &Summary) -> usize {
        let is_asked = |severity: &u8| {
            let asked = self.severities.as_ref();
            asked.is_none_or(|asked| asked.contains(severity))
        };
        let counts = summary.severities.iter();
        let asked = counts.filter(|(severity, _)| self.is_all && is_asked(severity));
        let count: u64 = asked.map(|(_, count)| *count).sum();
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// Whether any of some blocks that were taken, which are in their order, goes on where the next one has begun.
    pub(super) fn overlap(&self, taken: &[Listed]) -> bool {
        let pairs = taken.iter().zip(taken.iter().skip(1));
        let goes_on = |(one, next): (&Listed, &Listed)| {
            let end = end(self.order, &one.summary);
            !comes_before(self.order, end, begin(self.order, &next.summary))
        };
        pairs.into_iter().any(goes_on)
    }
}

/// The first record of a block in an order.
pub(super) fn begin(order: Order, summary: &Summary) -> RecordId {
    match order {
        Order::Ascending => summary.first,
        Order::Descending => summary.last,
    }
}

/// The last record of a block in an order.
pub(super) fn end(order: Order, summary: &Summary) -> RecordId {
    match order {
        Order::Ascending => summary.last,
        Order::Descending => summary.first,
    }
}

/// The days whose blocks may have ids within these bounds.
fn days(bounds: &Bounds) -> Range<Day> {
    let start = Day::of(bounds.from.time());
    let end = match bounds.before {
        None => Day(i64::MAX),
        Some(before) => before
            .predecessor()
            .map_or(start, |last| Day::of(last.time()).only().end),
    };
    start..end
}

fn overlaps(bounds: &Bounds, first: RecordId, last: RecordId) -> bool {
    let is_behind = match bounds.behind {
        true => last > bounds.from,
        false => last >= bounds.from,
    };
    is_behind && bounds.before.is_none_or(|before| first < before)
}

/// Whether all ids of a block are within bounds.
pub(super) fn is_inside(bounds: &Bounds, first: RecordId, last: RecordId) -> bool {
    let is_behind = match bounds.behind {
        true => first > bounds.from,
        false => first >= bounds.from,
    };
    is_behind && bounds.before.is_none_or(|before| last < before)
}

/// Which of some ids, which are in their order, are within bounds.
pub(super) fn within(ids: &[RecordId], bounds: &Bounds) -> Range<usize> {
    let start = ids.partition_point(|id| match bounds.behind {
        true => *id <= bounds.from,
        false => *id < bounds.from,
    });
    let end = bounds
        .before
        .map_or(ids.len(), |before| ids.partition_point(|id| *id < before));
    start..end.max(start)
}

/// What an answer goes on behind when `id` is the first record that was not looked at; `None` when no record
/// within the bounds can come before it: then it would come no further.
pub(super) fn resume_at(order: Order, bounds: &Bounds, id: RecordId) -> Option<RecordId> {
    let Bounds {
        from,
        behind,
        before,
    } = *bounds;
    match order {
        Order::Ascending => id
            .predecessor()
            .filter(|last| *last > from || *last == from && !behind),
        Order::Descending => id
            .successor()
            .filter(|next| before.is_none_or(|before| *next < before)),
    }
}

/// Whether one id comes before another.
pub(super) fn comes_before(order: Order, one: RecordId, other: RecordId) -> bool {
    match order {
        Order::Ascending => one < other,
        Order::Descending => one > other,
    }
}
