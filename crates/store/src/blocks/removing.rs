//! Records go: blocks whose records all go are taken out, and those of which some go are replaced by smaller ones.
//!
//! What is known of their batches stays: a copy of a record that is gone is known when it comes.

mod handled;
mod taking;

pub(super) use handled::Handled;

use super::file::BlockFile;
use super::merging::Changed;
use super::read::{Going, Gone, Reading, Walk};
use crate::StoreError;
use crate::removal::{Purpose, Removal, RemovalStep};
use blocks::section::Unpacker;
use logs::Timestamp;
use query::{Bounds, Query};
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use taking::{Taking, Tried};

/// Where records go from, and who is to know of it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) file: &'a BlockFile,
    pub(super) changed: &'a Changed,
    pub(super) handled: &'a Handled,
}

impl Place<'_> {
    /// Takes a step, until `is_over`, behind `after`.
    pub(super) fn step(
        self,
        removal: &Arc<Removal>,
        after: Option<RecordId>,
        is_over: &dyn Fn() -> bool,
        deadline: Duration,
    ) -> Result<RemovalStep, StoreError> {
        let Some(end) = removal.end() else {
            return Ok(RemovalStep::default());
        };
        let query = older_than(end);
        let goes_on = || self.file.clock.elapsed() < deadline;
        let going = Going::of(removal, &goes_on);
        if removal.purpose == Purpose::Count {
            return count(self.reading, removal, after, is_over, &goes_on);
        }
        let mut step = RemovalStep::default();
        // Until nothing that is to go was merged meanwhile.
        while goes_on() {
            let mut taking = Taking::new(self, removal, deadline);
            let walked = self.pass(&going, &query, after, is_over, &mut taking);
            let (done, tried) = taking.end(walked.as_ref().copied().unwrap_or(None))?;
            step.records += done.records;
            step.rewritten += done.rewritten;
            step.next = walked?;
            if tried == Tried::Done {
                return Ok(step);
            }
        }
        Err(StoreError::Timeout)
    }

    fn pass(
        self,
        going: &Going<'_>,
        query: &Query,
        after: Option<RecordId>,
        is_over: &dyn Fn() -> bool,
        taking: &mut Taking<'_>,
    ) -> Result<Option<RecordId>, StoreError> {
        self.reading
            .each_block(query, after, |source, block, bounds| {
                if taking.is_handled(block) {
                    return Ok(Walk::GoesOn);
                }
                // A block is written again once for all that goes of it.
                let bounds = Bounds {
                    before: None,
                    ..*bounds
                };
                let gone =
                    self.with_unpacker(|unpacker| going.of_block(source, block, &bounds, unpacker));
                let is_done = match gone {
                    Ok(Gone::Nothing) => taking.leave(block),
                    Ok(Gone::All) => taking.drop_block(source, block)?,
                    Ok(Gone::Some(rows)) => taking.replace(source, block, rows)?,
                    Err(StoreError::Damaged(reason)) => taking.leave_damaged(block, reason)?,
                    Err(error) => return Err(error),
                };
                Ok(match is_done == Tried::Outdated || is_over() {
                    true => Walk::Ends,
                    false => Walk::GoesOn,
                })
            })
    }

    fn with_unpacker<T>(
        self,
        work: impl FnOnce(&mut Unpacker) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.reading.spare.with_unpacker(work)
    }
}

/// Counts what would go.
pub(super) fn count(
    reading: Reading<'_>,
    removal: &Removal,
    after: Option<RecordId>,
    is_over: &dyn Fn() -> bool,
    goes_on: &dyn Fn() -> bool,
) -> Result<RemovalStep, StoreError> {
    let mut step = RemovalStep::default();
    let Some(end) = removal.end() else {
        return Ok(step);
    };
    let going = Going::of(removal, goes_on);
    let query = older_than(end);
    step.next = reading.count_blocks(&query, after, is_over, |source, blocks, bounds| {
        for block in blocks {
            let look = |unpacker: &mut Unpacker| going.of_block(source, block, bounds, unpacker);
            step.records += match reading.spare.with_unpacker(look)? {
                Gone::Nothing => 0,
                Gone::All => block.summary.records as u64,
                Gone::Some(rows) => rows.count() as u64,
            };
        }
        Ok(())
    })?;
    Ok(step)
}

fn older_than(end: Timestamp) -> Query {
    Query {
        end: Some(end),
        ..Query::default()
    }
}
