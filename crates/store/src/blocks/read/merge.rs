//! Rows of several blocks become one page, in order: blocks may overlap.

use super::plan::comes_before;
use crate::budget::Budget;
use crate::page::Page;
use query::Order;
use record::id::{RECORD_ID_BYTES, RecordId};
use std::collections::BinaryHeap;

/// The least of these comes first in the order of the query.
type Rank = [u8; RECORD_ID_BYTES];

/// Rows that were found and are not given yet.
pub(super) struct Merge {
    order: Order,
    sources: Vec<Source>,
    /// The next row of each source that has any left, by its rank; the greatest is next.
    heads: BinaryHeap<(Rank, usize)>,
    /// The first records that were not looked at, each of a block that was left in the middle.
    rests: Vec<RecordId>,
}

struct Source {
    page: Page,
    next: usize,
}

/// Why no more rows are given for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paused {
    /// The page is full.
    Full,
    /// What comes next may be in blocks that were not looked at.
    AtFrontier,
}

impl Merge {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            sources: Vec::new(),
            heads: BinaryHeap::new(),
            rests: Vec::new(),
        }
    }

    /// Adds what was found in a block.
    pub(super) fn add(&mut self, page: Page, rest: Option<RecordId>) {
        self.rests.extend(rest);
        if let Some(row) = page.row(0) {
            self.heads
                .push((rank(self.order, row.id), self.sources.len()));
            self.sources.push(Source { page, next: 0 });
        }
    }

    /// How many blocks have rows that are not given yet.
    pub(super) fn sources(&self) -> usize {
        self.heads.len()
    }

    /// The first record of blocks that were left in the middle that was not looked at.
    pub(super) fn rest(&self) -> Option<RecordId> {
        let first = |one: RecordId, other: RecordId| match comes_before(self.order, other, one) {
            true => other,
            false => one,
        };
        self.rests.iter().copied().reduce(first)
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.rests.is_empty()
    }

    /// Gives rows that come before `frontier` to a page, until it is full.
    pub(super) fn give(
        &mut self,
        page: &mut Page,
        frontier: Option<RecordId>,
        budget: &Budget,
    ) -> Paused {
        let frontier = frontier.map(|id| rank(self.order, id));
        while let Some((next, place)) = self.heads.pop() {
            if frontier.is_some_and(|frontier| next <= frontier) {
                self.heads.push((next, place));
                return Paused::AtFrontier;
            }
            let Some(source) = self.sources.get_mut(place) else {
                continue;
            };
            let other = self.heads.peek().map(|(rank, _)| *rank);
            let is_full = source.give(page, self.order, other.max(frontier), budget);
            if let Some(row) = source.page.row(source.next) {
                self.heads.push((rank(self.order, row.id), place));
            } else {
                source.page = Page::default();
            }
            if is_full {
                return Paused::Full;
            }
        }
        Paused::AtFrontier
    }
}

impl Source {
    /// Gives the rows that come before `bound`, the first one in any case, until the page is full; whether it is.
    fn give(
        &mut self,
        page: &mut Page,
        order: Order,
        bound: Option<Rank>,
        budget: &Budget,
    ) -> bool {
        let is_bound = |id| bound.is_some_and(|bound| rank(order, id) <= bound);
        let last = self.page.len().checked_sub(1);
        let last = last.and_then(|last| self.page.row(last));
        // Usually all of a block comes before the next one.
        let is_all = self.next == 0 && last.is_some_and(|row| !is_bound(row.id));
        if page.is_empty() && is_all && budget.may_hold(&self.page) {
            std::mem::swap(page, &mut self.page);
            return budget.is_full(page);
        }
        let mut is_first = true;
        while let Some(row) = self.page.row(self.next) {
            if !is_first && is_bound(row.id) {
                return false;
            }
            is_first = false;
            self.next += 1;
            // The same record in two blocks is one.
            if page.last_id() != Some(row.id) {
                page.push_row(row);
            }
            if budget.is_full(page) {
                return true;
            }
        }
        false
    }
}

/// The greater one comes first.
fn rank(order: Order, id: RecordId) -> Rank {
    let mut rank = *id.as_bytes();
    if order == Order::Ascending {
        for byte in &mut rank {
            *byte = !*byte;
        }
    }
    rank
}
