//! What became of each batch of a portion, told from the report of all of it.

use super::portion::Prepared;
use crate::accounting::batch_status::{self, SetAside};
use spool::BatchOutcome;
use std::ops::Range;
use store::{InsertReport, Refused};

/// Characters of a refusal that are remembered with the batch; it is kept whole with the record.
const LONGEST_REASON: usize = 300;

/// What became of one batch of a portion, and what was refused of it. The positions in the report
/// are in order.
pub(super) fn outcome<'a>(
    range: &Range<usize>,
    report: &'a InsertReport,
) -> (BatchOutcome, &'a [Refused]) {
    let below = |end: usize| {
        report
            .already_stored
            .partition_point(|position| *position < end)
    };
    let already_stored = (below(range.end) - below(range.start)) as u64;
    let below = |end: usize| {
        report
            .refused
            .partition_point(|refused| refused.position < end)
    };
    let refused = report.refused.get(below(range.start)..below(range.end));
    let refused = refused.unwrap_or_default();
    let outcome = BatchOutcome {
        stored: (range.len() as u64).saturating_sub(already_stored + refused.len() as u64),
        already_stored,
        refused: refused.len() as u64,
        deferred: 0,
    };
    (outcome, refused)
}

fn short(reason: &str) -> &str {
    let end = reason.char_indices().nth(LONGEST_REASON);
    end.and_then(|(end, _)| reason.get(..end)).unwrap_or(reason)
}

/// The refused records of a batch, by their places in it.
pub(super) fn named(refused: &[Refused], portion: &Prepared) -> Vec<SetAside> {
    let named = refused.iter().take(batch_status::MAX_LISTED);
    let named = named.filter_map(|refused| {
        Some(SetAside {
            index: portion.index(refused.position)?,
            reason: short(&refused.reason).into(),
        })
    });
    named.collect()
}
