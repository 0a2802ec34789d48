//! The records of a block that are to go: told by its summary where that is enough, and else by its columns.

use super::columns::{Columns, Source};
use super::matching::{NotFound, Sought};
use super::page::Reading;
use super::plan::{Plan, is_inside, resume_at};
use super::shared::Shared;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::removal::{Removal, Rules, Verdict};
use blocks::row_set::RowSet;
use blocks::section::Unpacker;
use logs::Timestamp;
use query::{Bounds, Patience, Query};
use record::id::RecordId;

/// What is to go.
pub(in crate::blocks) struct Going<'a> {
    rules: Rules,
    sought: Vec<Rule<'a>>,
    goes_on: &'a dyn Fn() -> bool,
}

struct Rule<'a> {
    sought: Sought<'a>,
    /// Where records are that it can match.
    bounds: Bounds,
    before: Option<Timestamp>,
}

/// What of a block goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::blocks) enum Gone {
    Nothing,
    All,
    Some(RowSet),
}

/// Whether the next block is looked at, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::blocks) enum Walk {
    GoesOn,
    /// As soon as there is a place to go on behind.
    Ends,
}

impl Reading<'_> {
    /// Hands each block that may have what is asked for behind `after` to `look`, in the order of their first records,
    /// until that says that it ends; what is to be gone on behind then.
    pub(in crate::blocks) fn each_block(
        self,
        query: &Query,
        after: Option<RecordId>,
        mut look: impl FnMut(Source<'_>, &Listed, &Bounds) -> Result<Walk, StoreError>,
    ) -> Result<Option<RecordId>, StoreError> {
        let snapshot = Shared::new(self.storage.read()?);
        let mut plan = Plan::new(&snapshot, query, after)?;
        let source = Source {
            snapshot: &snapshot,
            cache: self.cache,
        };
        let mut ends = false;
        while let Some(block) = plan.take()? {
            ends |= look(source, &block, &plan.bounds)? == Walk::Ends;
            let Some(frontier) = plan.frontier() else {
                break;
            };
            if ends && let Some(resumed) = resume_at(query.order, &plan.bounds, frontier) {
                return Ok(Some(resumed));
            }
        }
        Ok(None)
    }
}

impl<'a> Going<'a> {
    /// That of a removal. What takes long to find out is given up when this no longer `goes_on`.
    pub(in crate::blocks) fn of(removal: &'a Removal, goes_on: &'a dyn Fn() -> bool) -> Self {
        let sought = removal.rules.iter();
        Self {
            rules: Rules::of(removal),
            sought: sought
                .map(|rule| Rule {
                    sought: Sought::of(&rule.query),
                    bounds: rule.query.bounds(None),
                    before: rule.before,
                })
                .collect(),
            goes_on,
        }
    }

    /// What of a block goes that is within bounds.
    pub(in crate::blocks) fn of_block(
        &self,
        source: Source<'_>,
        block: &Listed,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
    ) -> Result<Gone, StoreError> {
        let summary = &block.summary;
        let severities = summary.severities.iter().map(|(severity, _)| *severity);
        let times = (summary.first.time(), summary.last.time());
        match self.rules.verdict(times, severities) {
            Verdict::Stays => return Ok(Gone::Nothing),
            Verdict::Goes if is_inside(bounds, summary.first, summary.last) => {
                return Ok(Gone::All);
            }
            Verdict::Goes | Verdict::Open => {}
        }
        let columns = source.columns(block.place);
        let found = columns
            .map_err(NotFound::from)
            .and_then(|columns| self.of_columns(&columns, times.0, bounds, unpacker));
        match found {
            Ok(going) if going.is_empty() => Ok(Gone::Nothing),
            Ok(going) if going.count() == summary.records => Ok(Gone::All),
            Ok(going) => Ok(Gone::Some(going)),
            Err(NotFound::GaveUp) => Err(StoreError::QueryTooSlow),
            Err(NotFound::Unreadable(error)) => Err(error.at(block.place)),
        }
    }

    fn of_columns(
        &self,
        columns: &Columns<'_>,
        first: Timestamp,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
    ) -> Result<RowSet, NotFound> {
        let records = columns.front.head.records;
        let mut going = RowSet::none(records);
        // Behind the last rule by which anything can go, all that is left stays.
        let can_go = |rule: &Rule<'_>| rule.before.is_some_and(|before| first < before);
        let last = self.sought.iter().rposition(can_go);
        let behind = last.map_or(0, |last| last + 1);
        let mut open = RowSet::none(records);
        open.add(columns.within(bounds, unpacker)?);
        let mut goes_on = || (self.goes_on)();
        let patience = &mut Patience::new(&mut goes_on);
        for rule in self.sought.iter().take(behind) {
            if open.is_empty() {
                break;
            }
            let sought = &rule.sought;
            let mut found = sought.in_block(columns, bounds, unpacker, patience)?;
            found.keep(&open);
            if found.is_empty() {
                continue;
            }
            let mut of_rule = RowSet::none(records);
            of_rule.add(columns.within(&rule.bounds, unpacker)?);
            found.keep(&of_rule);
            open.keep(&found.others());
            if let Some(before) = rule.before {
                found.keep(&older(columns, before, unpacker)?);
                going.join(&found);
            }
        }
        Ok(going)
    }
}

/// The records that are older than this.
fn older(
    columns: &Columns<'_>,
    before: Timestamp,
    unpacker: &mut Unpacker,
) -> Result<RowSet, NotFound> {
    let head = &columns.front.head;
    let mut older = RowSet::none(head.records);
    let count = if head.last.time() < before {
        head.records
    } else {
        let times = columns.times(unpacker)?;
        times.as_slice().partition_point(|time| *time < before)
    };
    older.add(0..count);
    Ok(older)
}
