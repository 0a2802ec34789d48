//! A page of records: block after block in the order of the query, several at once where little is found.

use super::block_search::search;
use super::columns::Source;
use super::merge::{Merge, Paused};
use super::plan::{Plan, comes_before, resume_at};
use super::shared::Shared;
use super::steps::{Found, Question};
use crate::blocks::cache::BlockCache;
use crate::blocks::spare_threads::SpareThreads;
use crate::blocks::storage::{Listed, Readable};
use crate::budget::Budget;
use crate::page::Page;
use crate::{PageLimit, StoreError};
use blocks::section::Unpacker;
use blocks::tokens::Wanted;
use logs::clock::Clock;
use query::Query;
use record::id::RecordId;
use std::sync::Arc;

/// Blocks that are looked into at one time.
const MOST_BLOCKS: usize = 8;
/// Bytes of text in them, but for one that is larger by itself.
const MOST_TEXT: usize = 16 * 1024 * 1024;

/// What blocks are read by.
#[derive(Clone, Copy)]
pub(in crate::blocks) struct Reading<'a> {
    pub(in crate::blocks) storage: &'a dyn Readable,
    pub(in crate::blocks) cache: &'a BlockCache,
    pub(in crate::blocks) spare: &'a SpareThreads,
}

impl Reading<'_> {
    /// The records that match behind `after`, within the limit, whose time begins when it is known where to look.
    pub(in crate::blocks) fn page(
        self,
        query: &Query,
        after: Option<RecordId>,
        limit: PageLimit,
        clock: &Arc<dyn Clock>,
    ) -> Result<Page, StoreError> {
        let snapshot = Shared::new(self.storage.read()?);
        let mut plan = Plan::new(&snapshot, query, after)?;
        let budget = &Budget::start(limit, Arc::clone(clock));
        let question = Question {
            query,
            wanted: Wanted::of(query),
            bounds: plan.bounds,
        };
        let source = Source {
            snapshot: &snapshot,
            cache: self.cache,
        };
        let (mut page, mut merge) = (Page::default(), Merge::new(query.order));
        let mut too_slow = None;
        let mut stride = Stride::new(after.is_some());
        loop {
            let frontier = earlier(&plan, merge.rest());
            if merge.give(&mut page, frontier, budget) == Paused::Full {
                let has_more = frontier.is_some() || !merge.is_empty();
                page.next = page.last_id().filter(|_| has_more);
                return Ok(page);
            }
            let Some(frontier) = frontier else {
                return Ok(page);
            };
            if too_slow == Some(frontier) && page.is_empty() {
                return Err(StoreError::RecordTooSlow { record: frontier });
            }
            let is_cut = merge.rest() == Some(frontier);
            let is_over = stride.has_begun() && budget.is_over(page.looked_at);
            if (is_cut || is_over)
                && let Some(resumed) = resume_at(query.order, &question.bounds, frontier)
            {
                page.next = Some(resumed);
                return Ok(page);
            }
            let left = budget.left_of(&page);
            let taken = plan.take_some(stride.blocks(&left), MOST_TEXT, left.rows())?;
            if taken.is_empty() {
                // Whoever searched it looked at the first record of all.
                return Err(StoreError::QueryTooSlow);
            }
            let overlap = merge.sources() > 0 || plan.overlap(&taken);
            let left = left.share(match overlap {
                true => merge.sources() + taken.len(),
                // One may have twice as much as another.
                false => taken.len().div_ceil(2),
            });
            for found in self.search_all(source, &taken, &question, &left, page.looked_at == 0)? {
                page.looked_at += found.looked_at;
                too_slow = too_slow.or(found.too_slow);
                stride.learn(&found.page);
                merge.add(found.page, found.rest.or(found.too_slow));
            }
        }
    }

    /// Searches blocks, with more than one thread where others are free.
    fn search_all(
        self,
        source: Source<'_>,
        blocks: &[Listed],
        question: &Question<'_>,
        budget: &Budget,
        is_first: bool,
    ) -> Result<Vec<Found>, StoreError> {
        let one = |position: usize, unpacker: &mut Unpacker| {
            let Some(listed) = blocks.get(position) else {
                return Ok(Found::default());
            };
            let is_first = is_first && position == 0;
            let budget = budget.clone();
            let found = search(source, listed.place, question, budget, is_first, unpacker);
            found.map_err(|error| error.at(listed.place))
        };
        self.spare.map(blocks.len(), one)
    }
}

/// How many blocks are looked into at one time: more and more, as long as a page has room for what they may have.
struct Stride {
    count: usize,
    blocks: usize,
    rows: usize,
    bytes: usize,
}

impl Stride {
    /// That of a page, which another one may have come before.
    fn new(goes_on: bool) -> Self {
        Self {
            count: if goes_on { 2 } else { 1 },
            blocks: 0,
            rows: 0,
            bytes: 0,
        }
    }

    fn has_begun(&self) -> bool {
        self.blocks > 0
    }

    /// Notes what was found in a block.
    fn learn(&mut self, found: &Page) {
        self.blocks += 1;
        self.rows += found.len();
        self.bytes += found.bytes();
    }

    /// How many to look into next, for a page with so much left.
    fn blocks(&mut self, left: &Budget) -> usize {
        let count = self.count;
        self.count = (2 * count).min(MOST_BLOCKS);
        let wanted =
            |left: usize, found: usize| left.saturating_mul(self.blocks).div_ceil(found.max(1));
        match self.rows {
            0 => count,
            rows => {
                let wanted = wanted(left.rows(), rows).min(wanted(left.bytes(), self.bytes));
                count.min(wanted.max(1))
            }
        }
    }
}

/// The first record that was not looked at.
fn earlier(plan: &Plan<'_>, rest: Option<RecordId>) -> Option<RecordId> {
    match (plan.frontier(), rest) {
        (Some(next), Some(rest)) => Some(match comes_before(plan.order, next, rest) {
            true => next,
            false => rest,
        }),
        (next, rest) => next.or(rest),
    }
}
