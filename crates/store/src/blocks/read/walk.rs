//! Block after block, for what is counted: each once, or up to where the counting ends.

use super::columns::Source;
use super::page::Reading;
use super::plan::{Plan, comes_before, end, resume_at};
use super::shared::Shared;
use crate::StoreError;
use crate::blocks::storage::Listed;
use query::{Bounds, Order, Query};
use record::id::RecordId;

/// Blocks that are counted at one time, and bytes of text in them, but for one that is larger by itself: so much is
/// done until it is asked again whether the time is over, and what is counted of it is in memory.
const MOST_BLOCKS: usize = 16;
const MOST_TEXT: usize = 16 * 1024 * 1024;

impl Reading<'_> {
    /// Calls `count` with several blocks at a time that may have what is asked for behind `after`, and with the bounds
    /// within which their records count, until `is_over`; what is to be gone on behind then. Each record is within the
    /// bounds once. Where many blocks overlap, all of them are counted before there is a place to go on behind.
    pub(in crate::blocks) fn count_blocks(
        self,
        query: &Query,
        after: Option<RecordId>,
        is_over: impl Fn() -> bool,
        mut count: impl FnMut(Source<'_>, &[Listed], &Bounds) -> Result<(), StoreError>,
    ) -> Result<Option<RecordId>, StoreError> {
        let snapshot = Shared::new(self.storage.read()?);
        let mut plan = Plan::new(&snapshot, query, after)?;
        let source = Source {
            snapshot: &snapshot,
            cache: self.cache,
        };
        // Blocks that go on behind the frontier: should the time be over, they count up to there.
        let mut open: Vec<Listed> = Vec::new();
        let mut portion = Portion::default();
        let mut stopped = None;
        while let Some(block) = plan.take()? {
            open.push(block);
            let Some(frontier) = plan.frontier() else {
                break;
            };
            let has_ended = |block: &mut Listed| {
                comes_before(query.order, end(query.order, &block.summary), frontier)
            };
            portion.blocks.extend(open.extract_if(.., has_ended));
            if portion.is_full() {
                portion.count(|blocks| count(source, blocks, &plan.bounds))?;
            }
            if is_over()
                && let Some(resumed) = resume_at(query.order, &plan.bounds, frontier)
            {
                stopped = Some((frontier, resumed));
                break;
            }
        }
        let bounds = match stopped {
            Some((frontier, _)) => up_to(query.order, plan.bounds, frontier),
            None => plan.bounds,
        };
        portion.blocks.extend(open);
        portion.count(|blocks| count(source, blocks, &bounds))?;
        Ok(stopped.map(|(_, resumed)| resumed))
    }
}

/// Blocks that are counted together: first one, so that little is done where there is no time, then more.
#[derive(Default)]
struct Portion {
    blocks: Vec<Listed>,
    /// With so many it is full.
    most: usize,
}

impl Portion {
    fn is_full(&self) -> bool {
        let text = self.blocks.iter().map(|block| block.summary.text);
        !self.blocks.is_empty()
            && (self.blocks.len() >= self.most || text.sum::<usize>() >= MOST_TEXT)
    }

    /// Counts all of it, and begins the next one.
    fn count(
        &mut self,
        mut count: impl FnMut(&[Listed]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut rest = self.blocks.as_slice();
        while !rest.is_empty() {
            let (now, behind) = rest.split_at(together(rest));
            count(now)?;
            rest = behind;
        }
        self.blocks.clear();
        self.most = (2 * self.most).clamp(2, MOST_BLOCKS);
        Ok(())
    }
}

/// How many of the first of some blocks are counted at one time.
fn together(blocks: &[Listed]) -> usize {
    let mut text = 0_usize;
    let fits = |block: &&Listed| {
        text = text.saturating_add(block.summary.text);
        text <= MOST_TEXT
    };
    blocks
        .iter()
        .take(MOST_BLOCKS)
        .take_while(fits)
        .count()
        .max(1)
        .min(blocks.len())
}

/// What of some bounds comes before a record.
fn up_to(order: Order, bounds: Bounds, frontier: RecordId) -> Bounds {
    match order {
        Order::Ascending => Bounds {
            before: Some(bounds.before.map_or(frontier, |end| end.min(frontier))),
            ..bounds
        },
        Order::Descending => Bounds {
            from: frontier,
            behind: true,
            ..bounds
        },
    }
}
