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
pub(super) struct Plan {
    pub(super) order: Order,
    pub(super) bounds: Bounds,
    blocks: VecDeque<Listed>,
}

impl Plan {
    /// Those of one state that concern what comes behind `after`.
    pub(super) fn new(
        snapshot: &dyn Snapshot,
        query: &Query,
        after: Option<RecordId>,
    ) -> Result<Self, StoreError> {
        let bounds = query.bounds(after);
        let mut blocks = snapshot.list(days(&bounds))?;
        let severities = query.severities();
        blocks.retain(|block| {
            let summary = &block.summary;
            let has_severity = severities.as_ref().is_none_or(|asked| {
                let mut there = summary.severities.iter();
                there.any(|(severity, _)| asked.contains(severity))
            });
            has_severity && overlaps(&bounds, summary.first, summary.last)
        });
        match query.order {
            Order::Ascending => blocks.sort_unstable_by_key(|block| block.summary.first),
            Order::Descending => blocks.sort_unstable_by_key(|block| Reverse(block.summary.last)),
        }
        Ok(Self {
            order: query.order,
            bounds,
            blocks: blocks.into(),
        })
    }

    /// The first record that may be in the blocks that are left: all before it, in the order of the query, are
    /// in those that were taken.
    pub(super) fn frontier(&self) -> Option<RecordId> {
        Some(begin(self.order, &self.blocks.front()?.summary))
    }

    /// Takes the next block.
    pub(super) fn take(&mut self) -> Option<Listed> {
        self.blocks.pop_front()
    }

    /// Takes the next blocks, so many at most and, but for the first one, with so many bytes of text.
    pub(super) fn take_some(&mut self, count: usize, text: usize) -> Vec<Listed> {
        let (mut taken, mut sum) = (Vec::new(), 0_usize);
        while taken.len() < count
            && let Some(next) = self.blocks.front()
        {
            sum = sum.saturating_add(next.summary.text);
            if sum > text && !taken.is_empty() {
                break;
            }
            taken.extend(self.blocks.pop_front());
        }
        taken
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
    let end = bounds
        .before
        .map_or(i64::MAX, |before| Day::of(before.time()).0 + 1);
    Day::of(bounds.from.time())..Day(end)
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
