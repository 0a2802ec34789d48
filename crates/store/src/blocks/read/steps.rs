//! The records of a block in steps: their messages are looked through together, and those that match are taken.

use super::columns::{Columns, Unreadable};
use crate::budget::Budget;
use crate::page::Page;
use blocks::row_set::RowSet;
use blocks::rows::{AttributesWriter, Rows};
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

/// A search in one block.
pub(super) struct Search<'a, 'b> {
    pub(super) columns: &'a Columns<'b>,
    pub(super) question: &'a Question<'a>,
    pub(super) among: &'a RowSet,
    /// What columns do not tell of those, but for messages.
    pub(super) rest: Option<&'a Query>,
    pub(super) budget: Budget,
    /// Whether this page has looked at nothing yet.
    pub(super) is_first: bool,
    pub(super) unpacker: &'a mut Unpacker,
}

/// Records that are looked at together.
struct Step<'a> {
    places: Range<usize>,
    /// Those of them that may match.
    asked: RowSet,
    /// What is still to be asked about each.
    rest: Option<&'a Query>,
}

impl<'a> Search<'a, '_> {
    /// Goes over all of them, or as many as the budget is for.
    pub(super) fn run(mut self) -> Result<Found, Unreadable> {
        let mut found = Found::default();
        let columns = self.columns;
        let steps = &mut steps(columns.front.head.records, self.question.query.order);
        // Until some may match, nothing else of the block is read.
        let Some(mut step) = self.next(steps, &mut found)? else {
            return Ok(found);
        };
        let whole = columns.whole(self.unpacker)?;
        let rows = whole.rows()?;
        let asked = self.among.count().min(self.budget.rows());
        let mut attributes = AttributesWriter::new(&rows, asked);
        self.make_room(asked, &mut found.page);
        while self.take(&rows, &mut attributes, &step, &mut found) == GoesOn::Yes
            && let Some(next) = self.next(steps, &mut found)?
        {
            step = next;
        }
        Ok(found)
    }

    /// Makes room at once for what a page is likely to get, where it is known how many match.
    fn make_room(&self, asked: usize, page: &mut Page) {
        if self.rest.is_some() || self.question.query.looks_into_messages() {
            return;
        }
        let head = &self.columns.front.head;
        let row_bytes = (head.text / head.records.max(1)).max(1);
        // The last row goes beyond the budget.
        let rows = asked.min(self.budget.bytes() / row_bytes + 1);
        page.reserve(rows, rows.saturating_mul(row_bytes));
    }

    /// The next records some of which may match; `None` when there are none, or no time for them.
    fn next(
        &mut self,
        steps: &mut dyn Iterator<Item = Range<usize>>,
        found: &mut Found,
    ) -> Result<Option<Step<'a>>, Unreadable> {
        for places in steps {
            let mut asked = RowSet::none(self.columns.front.head.records);
            asked.add(places.clone());
            asked.keep(self.among);
            if asked.is_empty() {
                continue;
            }
            let mut rest = self.rest;
            match self.messages(&asked)? {
                Ok(narrower) => asked = narrower,
                // They are looked at one by one.
                Err(GaveUp) if self.is_first => rest = Some(self.question.query),
                Err(GaveUp) => {
                    let next = in_order(&asked, self.question.query.order).next();
                    found.rest = self.id_at(next)?;
                    return Ok(None);
                }
            }
            found.looked_at += places.len();
            if !asked.is_empty() {
                return Ok(Some(Step {
                    places,
                    asked,
                    rest,
                }));
            }
            self.is_first = false;
            if self.budget.until().is_over() {
                found.rest = self.id_at(self.next_behind(&places))?;
            }
            if found.rest.is_some() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Those of some records whose messages have what is looked for, if there is time to tell.
    fn messages(&mut self, asked: &RowSet) -> Result<Result<RowSet, GaveUp>, Unreadable> {
        let query = self.question.query;
        if !query.looks_into_messages() {
            return Ok(Ok(asked.clone()));
        }
        let messages = self.columns.messages(self.unpacker)?;
        let until = self.budget.until();
        let mut goes_on = || !until.is_over();
        let patience = &mut Patience::new(&mut goes_on);
        Ok(select::messages(query, &messages, asked, patience))
    }

    /// Takes those of some records that match.
    fn take(
        &mut self,
        rows: &Rows<'_>,
        attributes: &mut AttributesWriter<'_>,
        step: &Step<'_>,
        found: &mut Found,
    ) -> GoesOn {
        let mut json = String::new();
        let mut left = in_order(&step.asked, self.question.query.order).peekable();
        while let Some(place) = left.next() {
            let Some(record) = record(rows, place) else {
                continue;
            };
            match step.rest {
                None => {
                    let write = |text: &mut String| attributes.push(place, text);
                    found.page.keep_written(record, write);
                }
                Some(rest) => {
                    json.clear();
                    let has_attributes = attributes.push(place, &mut json);
                    let attributes = has_attributes.then_some(json.as_str());
                    if self.ask(
                        rest,
                        Candidate {
                            attributes,
                            ..record
                        },
                        found,
                    ) == GoesOn::No
                    {
                        return GoesOn::No;
                    }
                }
            }
            if found.page.last_id() == Some(record.id) {
                found.page.note_received(rows.received(place));
            }
            self.is_first = false;
            let held = found.page.held();
            if self.budget.is_spent(held, record.message.len()) {
                let next = left.peek().copied();
                let next = next.or_else(|| self.next_behind(&step.places));
                found.rest = next.and_then(|place| rows.id(place));
                return GoesOn::No;
            }
        }
        GoesOn::Yes
    }

    /// Asks [`Query`] about a record.
    fn ask(&self, rest: &Query, record: Candidate<'_>, found: &mut Found) -> GoesOn {
        let until = self.budget.until_of_row(self.is_first);
        let mut goes_on = || !until.is_over();
        let patience = &mut Patience::new(&mut goes_on);
        if found.page.push_within(rest, record, patience).is_ok() {
            return GoesOn::Yes;
        }
        match self.is_first {
            true => found.too_slow = Some(record.id),
            false => found.rest = Some(record.id),
        }
        GoesOn::No
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

/// The record at a place, but for its attributes.
pub(super) fn record<'a>(rows: &Rows<'a>, place: usize) -> Option<Candidate<'a>> {
    Some(Candidate {
        id: rows.id(place)?,
        severity: rows.severity(place),
        level: rows.level(place),
        message: rows.message(place),
        attributes: None,
    })
}

pub(super) fn in_order(set: &RowSet, order: Order) -> Box<dyn Iterator<Item = usize> + '_> {
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
