//! One block searched: what of it is asked for, and how far it was looked at.

use super::columns::{Columns, Source, Unreadable, Whole, attributes_of};
use super::plan::{begin, resume_at};
use crate::blocks::storage::Place;
use crate::budget::Budget;
use crate::page::Page;
use blocks::row_set::RowSet;
use blocks::rows::Rows;
use blocks::section::Unpacker;
use blocks::select;
use blocks::tokens::Wanted;
use query::{Bounds, Candidate, GaveUp, Order, Patience, Query};
use record::id::RecordId;
use std::ops::Range;

/// Records whose messages are looked through before those that may match are looked at one by one: what was done
/// when the time is over is not done in vain.
const STEP: usize = 1_024;

/// What all searches of a page have in common.
pub(super) struct Question<'a> {
    pub(super) query: &'a Query,
    pub(super) wanted: Wanted,
    pub(super) bounds: Bounds,
}

/// What was found in a block.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the query.
    pub(super) page: Page,
    /// The first record, in that order, that was not looked at.
    pub(super) rest: Option<RecordId>,
    /// Of this record, the first one of all, it takes too long to find out whether it is asked for.
    pub(super) too_slow: Option<RecordId>,
    /// How many were looked at, or passed over.
    pub(super) looked_at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    Yes,
    No,
}

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
    let mut found = Found::default();
    let columns = source.columns(place)?;
    let front = &columns.front;
    if !question.wanted.may_be_in(&front.head, &front.filter) {
        return Ok(found);
    }
    let among = narrowed(&columns, question, unpacker)?;
    let is_first = is_first || has_first_of_all(&columns, question, &among, unpacker)?;
    let mut search = Search {
        columns: &columns,
        question,
        among: &among,
        budget,
        is_first,
        whole: None,
        unpacker,
    };
    for places in steps(front.head.records, question.query.order) {
        if search.step(places, &mut found)? == GoesOn::No {
            break;
        }
    }
    Ok(found)
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

/// A search in one block.
struct Search<'a, 'b> {
    columns: &'a Columns<'b>,
    question: &'a Question<'a>,
    among: &'a RowSet,
    budget: Budget,
    /// Whether this page has looked at nothing yet.
    is_first: bool,
    whole: Option<Whole>,
    unpacker: &'a mut Unpacker,
}

impl Search<'_, '_> {
    /// Looks at the records of some places.
    fn step(&mut self, places: Range<usize>, found: &mut Found) -> Result<GoesOn, Unreadable> {
        let query = self.question.query;
        let mut asked = RowSet::none(self.columns.front.head.records);
        asked.add(places.clone());
        asked.keep(self.among);
        if asked.is_empty() {
            return Ok(GoesOn::Yes);
        }
        if query.looks_into_messages() {
            let messages = self.columns.messages(self.unpacker)?;
            let until = self.budget.until();
            let mut goes_on = || !until.is_over();
            match select::messages(query, &messages, &asked, &mut Patience::new(&mut goes_on)) {
                Ok(narrower) => asked = narrower,
                // They are looked at one by one.
                Err(GaveUp) if self.is_first => {}
                Err(GaveUp) => {
                    found.rest = self.id_at(in_order(&asked, query.order).next())?;
                    return Ok(GoesOn::No);
                }
            }
        }
        found.looked_at += places.len();
        if !asked.is_empty() {
            let whole = match self.whole.take() {
                Some(whole) => whole,
                None => self.columns.whole(self.unpacker)?,
            };
            let goes_on = self.decide(&whole.rows()?, &asked, &places, found);
            self.whole = Some(whole);
            return Ok(goes_on);
        }
        self.is_first = false;
        if self.budget.until().is_over() {
            found.rest = self.id_at(self.next_behind(&places))?;
        }
        Ok(match found.rest {
            Some(_) => GoesOn::No,
            None => GoesOn::Yes,
        })
    }

    /// Asks [`Query`] about each of them.
    fn decide(
        &mut self,
        rows: &Rows<'_>,
        asked: &RowSet,
        places: &Range<usize>,
        found: &mut Found,
    ) -> GoesOn {
        let query = self.question.query;
        let mut json = Vec::new();
        let mut left = in_order(asked, query.order).peekable();
        while let Some(place) = left.next() {
            let Some(candidate) = candidate(rows, place, &mut json) else {
                continue;
            };
            let until = self.budget.until_of_row(self.is_first);
            let mut goes_on = || !until.is_over();
            let patience = &mut Patience::new(&mut goes_on);
            let (id, message) = (candidate.id, candidate.message);
            if found.page.push_within(query, candidate, patience).is_err() {
                match self.is_first {
                    true => found.too_slow = Some(id),
                    false => found.rest = Some(id),
                }
                return GoesOn::No;
            }
            self.is_first = false;
            if self.budget.is_spent(found.page.held(), message.len()) {
                let next = left.peek().copied().or_else(|| self.next_behind(places));
                found.rest = next.and_then(|place| rows.id(place));
                return GoesOn::No;
            }
        }
        GoesOn::Yes
    }

    /// The first place, in the order of the query, that may match and is behind some places.
    fn next_behind(&self, places: &Range<usize>) -> Option<usize> {
        match self.question.query.order {
            Order::Ascending => self.among.iter().find(|place| *place >= places.end),
            Order::Descending => self.among.iter().rev().find(|place| *place < places.start),
        }
    }

    fn id_at(&mut self, place: Option<usize>) -> Result<Option<RecordId>, Unreadable> {
        let Some(place) = place else {
            return Ok(None);
        };
        let ids = self.columns.ids(self.unpacker)?;
        Ok(ids.as_slice().get(place).copied())
    }
}

/// The record at a place, whose attributes are written to `json`.
pub(super) fn candidate<'a>(
    rows: &Rows<'a>,
    place: usize,
    json: &'a mut Vec<u8>,
) -> Option<Candidate<'a>> {
    Some(Candidate {
        id: rows.id(place)?,
        severity: rows.severity(place),
        level: rows.level(place),
        message: rows.message(place),
        attributes: attributes_of(rows, place, json),
    })
}

fn in_order(set: &RowSet, order: Order) -> Box<dyn Iterator<Item = usize> + '_> {
    match order {
        Order::Ascending => Box::new(set.iter()),
        Order::Descending => Box::new(set.iter().rev()),
    }
}

/// All places of a block in steps, in an order.
fn steps(records: usize, order: Order) -> Box<dyn Iterator<Item = Range<usize>>> {
    let step = move |start: usize| start..(start + STEP).min(records);
    let starts = (0..records).step_by(STEP);
    match order {
        Order::Ascending => Box::new(starts.map(step)),
        Order::Descending => Box::new(starts.rev().map(step)),
    }
}
