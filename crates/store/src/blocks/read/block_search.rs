//! One block searched: what of it is asked for, and how far it was looked at.

use super::columns::{Columns, Source, Unreadable};
use super::plan::{begin, resume_at};
use super::steps::{Found, Question, Search, in_order};
use crate::blocks::storage::Place;
use crate::budget::Budget;
use blocks::row_set::RowSet;
use blocks::section::Unpacker;
use blocks::select;
use query::AttributeFilter;

/// Searches a block, within the budget. If it `is_first` of a page, at least one record of it is looked at; so is the first
/// of all that are asked for, which may be in a block that overlaps those before it.
pub(super) fn search(
    source: Source<'_>,
    place: Place,
    question: &Question<'_>,
    budget: Budget,
    is_first: bool,
    unpacker: &mut Unpacker,
) -> Result<Found, Unreadable> {
    let columns = source.columns(place)?;
    let front = &columns.front;
    if !question.wanted.may_be_in(&front.head, &front.filter) {
        return Ok(Found::default());
    }
    let among = narrowed(&columns, question, unpacker)?;
    let is_first = is_first || has_first_of_all(&columns, question, &among, unpacker)?;
    let is_known = |filter: &AttributeFilter| select::is_exact(filter, &front.head);
    let rest = question.query.rest(is_known);
    let search = Search {
        columns: &columns,
        question,
        among: &among,
        rest: rest.as_ref(),
        budget,
        is_first,
        unpacker,
    };
    search.run()
}

/// The records that may match by their ids, levels and attributes.
fn narrowed(
    columns: &Columns<'_>,
    question: &Question<'_>,
    unpacker: &mut Unpacker,
) -> Result<RowSet, Unreadable> {
    let head = &columns.front.head;
    let mut among = RowSet::none(head.records);
    among.add(columns.within(&question.bounds, unpacker)?);
    if let Some(asked) = question.query.severities() {
        let mut there = head.severities.iter();
        if !there.all(|(severity, _)| asked.contains(severity)) {
            among.keep(&columns.levels(unpacker)?.rows_of(&asked));
        }
    }
    for filter in &question.query.attributes {
        if among.is_empty() {
            break;
        }
        let concerned = columns.attributes(&select::columns(filter, head), unpacker)?;
        among.keep(&select::attribute(filter, head, &concerned)?);
    }
    Ok(among)
}

/// Whether none that is asked for can come before the first of these.
fn has_first_of_all(
    columns: &Columns<'_>,
    question: &Question<'_>,
    among: &RowSet,
    unpacker: &mut Unpacker,
) -> Result<bool, Unreadable> {
    let order = question.query.order;
    let is_first_of_all = |id| resume_at(order, &question.bounds, id).is_none();
    let head = &columns.front.head;
    // Its ids need not be read where even the first one comes behind others.
    if !is_first_of_all(begin(order, head)) {
        return Ok(false);
    }
    let Some(place) = in_order(among, order).next() else {
        return Ok(false);
    };
    let ids = columns.ids(unpacker)?;
    let first = ids.as_slice().get(place).copied();
    Ok(first.is_some_and(is_first_of_all))
}
