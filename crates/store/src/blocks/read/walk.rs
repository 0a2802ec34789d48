//! Block after block, for what is counted: each once, or up to where the counting ends.

use super::columns::Source;
use super::page::Reading;
use super::plan::{Plan, comes_before, end, resume_at};
use super::shared::Shared;
use crate::StoreError;
use crate::blocks::storage::Listed;
use query::{Bounds, Order, Query};
use record::id::RecordId;

impl Reading<'_> {
    /// Calls `count` with each block that may have what is asked for behind `after`, and with the bounds within which
    /// its records count, until `is_over`; what is to be gone on behind then. Each record is within the bounds once.
    pub(super) fn each_block(
        self,
        query: &Query,
        after: Option<RecordId>,
        is_over: impl Fn() -> bool,
        mut count: impl FnMut(Source<'_>, &Listed, &Bounds) -> Result<(), StoreError>,
    ) -> Result<Option<RecordId>, StoreError> {
        let snapshot = Shared::new(self.storage.read()?);
        let mut plan = Plan::new(&snapshot, query, after)?;
        let source = Source {
            snapshot: &snapshot,
            cache: self.cache,
        };
        // Blocks that go on behind the frontier: should the time be over, they count up to there.
        let mut open: Vec<Listed> = Vec::new();
        let mut stopped = None;
        while let Some(block) = plan.take()? {
            open.push(block);
            let Some(frontier) = plan.frontier() else {
                break;
            };
            let has_ended = |block: &mut Listed| {
                comes_before(query.order, end(query.order, &block.summary), frontier)
            };
            for block in open.extract_if(.., has_ended) {
                count(source, &block, &plan.bounds)?;
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
        for block in open {
            count(source, &block, &bounds)?;
        }
        Ok(stopped.map(|(_, resumed)| resumed))
    }
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
