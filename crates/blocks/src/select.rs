//! Which records of a block may match, told from columns alone. None that matches is left out; whether one does
//! is said by [`Query::matches_within`], or is known where columns are exact.

pub mod certain;

use crate::damaged::Damaged;
use crate::head::Head;
use crate::leaf::{Leaf, integer_of};
use crate::row_set::RowSet;
use crate::rows::AttributeColumn;
use crate::section::{Column, Section};
use crate::texts::Texts;
use query::{AttributeFilter, GaveUp, Patience, Query};
use std::ops::Range;

/// Bytes of messages that are looked through at once: where something is found, as many as are looked through then.
const RUNS: [usize; 2] = [16 * 1024, 1024];
/// One of so many messages.
const FEW: usize = 8;

/// Those of some of a block's records whose messages have what is looked for in messages.
///
/// # Errors
/// [`GaveUp`] when the patience is over before that is known.
pub fn messages(
    query: &Query,
    messages: &Texts,
    among: &RowSet,
    patience: &mut Patience<'_>,
) -> Result<RowSet, GaveUp> {
    if !query.looks_into_messages() {
        return Ok(among.clone());
    }
    let mut search = Search {
        query,
        messages,
        among,
        found: RowSet::none(messages.len()),
    };
    search.look_through(0..messages.len(), &RUNS, patience)?;
    Ok(search.found)
}

/// Messages that are looked through.
struct Search<'a> {
    query: &'a Query,
    messages: &'a Texts,
    among: &'a RowSet,
    found: RowSet,
}

impl Search<'_> {
    /// Looks through some of them, in runs of so many bytes, which are divided into those that follow.
    fn look_through(
        &mut self,
        places: Range<usize>,
        runs: &[usize],
        patience: &mut Patience<'_>,
    ) -> Result<(), GaveUp> {
        let Some((run, smaller)) = runs.split_first() else {
            return self.ask_each(places, patience);
        };
        let mut start = places.start;
        while start < places.end {
            let end = (start + self.messages.run_of(start, *run)).min(places.end);
            let places = start..end;
            start = end;
            let asked = places.clone().filter(|place| self.among.has(*place));
            // Few are sooner asked one by one than all of them together.
            if asked.count() <= places.len() / FEW {
                self.ask_each(places, patience)?;
            } else if self
                .query
                .any_message_may_match(self.messages.run(places.clone()), patience)?
            {
                self.look_through(places, smaller, patience)?;
            }
        }
        Ok(())
    }

    fn ask_each(
        &mut self,
        places: Range<usize>,
        patience: &mut Patience<'_>,
    ) -> Result<(), GaveUp> {
        for place in places {
            if self.among.has(place)
                && self
                    .query
                    .message_matches(self.messages.get(place), patience)?
            {
                self.found.add(place..place + 1);
            }
        }
        Ok(())
    }
}

/// How a column of attributes concerns a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    /// Nothing of it can fulfil it.
    None,
    /// Its values are those at the path.
    Values,
    /// Only its arrays can.
    Arrays,
    /// Any record that has a value in it may.
    All,
}

fn concern(filter: &AttributeFilter, path: Option<&str>) -> Concern {
    let Some(path) = path else {
        return Concern::All;
    };
    let below = |longer: &str, shorter: &str| {
        let rest = longer.strip_prefix(shorter);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let key = filter.key();
    // An object is there where any of its members is, and may be equal to a value by its JSON text.
    let may_be_object = filter.value().is_none_or(|value| value.starts_with('{'));
    if path == key {
        Concern::Values
    } else if below(path, key) && may_be_object {
        Concern::All
    } else if below(key, path) {
        Concern::Arrays
    } else {
        Concern::None
    }
}

/// The places, among the sections of a head, of the columns that [`attribute`] has to see to tell which records may
/// match.
pub fn columns(filter: &AttributeFilter, head: &Head) -> Vec<usize> {
    let concerned = head
        .attributes()
        .filter(|(_, section)| concerns(filter, section));
    match is_positive(filter) {
        true => concerned.map(|(place, _)| place).collect(),
        false => Vec::new(),
    }
}

/// Of anything else columns alone say nothing.
fn is_positive(filter: &AttributeFilter) -> bool {
    filter.equals().is_some() || filter.is_of_presence()
}

fn concerns(filter: &AttributeFilter, section: &Section) -> bool {
    let path = match &section.column {
        Column::Attribute(path) => Some(path.as_str()),
        Column::Whole => None,
        _ => return false,
    };
    match concern(filter, path) {
        Concern::None => false,
        Concern::Arrays => section.has_arrays,
        Concern::Values => match (filter.value(), section.integers) {
            (Some(value), Some(_)) => section.may_have_integer(integer_of(value)),
            _ => true,
        },
        Concern::All => true,
    }
}

/// Whether just those records fulfil a condition that [`attribute`] tells of: where the value, or the presence, that
/// is asked for is that of columns of its own, and neither arrays nor objects can have it as well.
pub fn is_exact(filter: &AttributeFilter, head: &Head) -> bool {
    is_positive(filter)
        && head.attributes().all(|(_, section)| {
            let path = section.column.path();
            match concern(filter, path) {
                Concern::None => true,
                Concern::Values | Concern::Arrays => !section.has_arrays,
                Concern::All => false,
            }
        })
}

/// Those of a block's records that may fulfil a condition on an attribute.
///
/// # Errors
/// [`Damaged`] when a column is missing that [`columns`] tells of.
pub fn attribute(
    filter: &AttributeFilter,
    head: &Head,
    given: &[AttributeColumn],
) -> Result<RowSet, Damaged> {
    let records = head.records;
    if !is_positive(filter) {
        return Ok(RowSet::all(records));
    }
    let mut found = RowSet::none(records);
    for place in columns(filter, head) {
        let column = given.iter().find(|column| column.place() == place);
        let column = column.ok_or(Damaged::Impossible("a column is missing"))?;
        let wanted = filter.equals().map(Wanted::of);
        let fits = |leaf| wanted.as_ref().is_none_or(|wanted| wanted.may_be(leaf));
        found.join(&match concern(filter, column.path()) {
            Concern::None => continue,
            // What its values are says nothing.
            Concern::All => {
                RowSet::of((0..records).map(|record| column.place_of(record).is_some()))
            }
            Concern::Arrays => of_values(column, records, is_array),
            Concern::Values => of_values(column, records, fits),
        });
    }
    Ok(found)
}

/// The records whose value in a column fits.
fn of_values<'a>(
    column: &'a AttributeColumn,
    records: usize,
    fits: impl FnMut(Leaf<'a>) -> bool,
) -> RowSet {
    let fits = column.values().each_fits(fits);
    let fits = |place: usize| fits.get(place).copied();
    let has = |record| column.place_of(record).and_then(fits) == Some(true);
    RowSet::of((0..records).map(has))
}

fn is_array(leaf: Leaf<'_>) -> bool {
    matches!(leaf, Leaf::Json(json) if json.starts_with('['))
}

/// A value that is asked for.
struct Wanted<'a> {
    text: &'a str,
    /// The integer that is written so.
    integer: Option<i64>,
}

impl<'a> Wanted<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            text,
            integer: integer_of(text),
        }
    }

    /// Whether a value is it, or has it among its elements, as far as this is told here.
    fn may_be(&self, leaf: Leaf<'_>) -> bool {
        match leaf {
            Leaf::Integer(number) => self.integer == Some(number),
            Leaf::Text(text) => text == self.text,
            Leaf::Json(json) => json == self.text || json.starts_with('['),
        }
    }
}
