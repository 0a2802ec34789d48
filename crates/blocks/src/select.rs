//! Which records of a block may match, told from columns alone. None that matches is left out; whether one does
//! is said by [`Query::matches_within`].

use crate::damaged::Damaged;
use crate::head::Head;
use crate::leaf::Leaf;
use crate::row_set::RowSet;
use crate::rows::AttributeColumn;
use crate::section::{Column, Section};
use crate::texts::Texts;
use query::{AttributeFilter, GaveUp, Patience, Query};

/// Bytes of messages that are looked through at once.
const RUN: usize = 16 * 1024;
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
    let mut found = RowSet::none(messages.len());
    let mut start = 0;
    while start < messages.len() {
        let end = (start + messages.run_of(start, RUN)).min(messages.len());
        let places = start..end;
        start = end;
        let asked = places.clone().filter(|place| among.has(*place));
        // Few are sooner asked one by one than all of them together.
        let are_many = asked.clone().count() > places.len() / FEW;
        if are_many && !query.any_message_may_match(messages.run(places), patience)? {
            continue;
        }
        for place in asked {
            if query.message_matches(messages.get(place), patience)? {
                found.add(place..place + 1);
            }
        }
    }
    Ok(found)
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
    let may_be_object = filter.equals().is_none_or(|value| value.starts_with('{'));
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
        Concern::Values | Concern::All => true,
    }
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
        let has = |record| column.place_of(record).is_some();
        let fits = match concern(filter, column.path()) {
            Concern::None => continue,
            // What its values are says nothing.
            Concern::All => {
                found.join(&RowSet::of((0..records).map(has)));
                continue;
            }
            Concern::Arrays => column.values().each_fits(is_array),
            Concern::Values => {
                let wanted = filter.equals().map(Wanted::of);
                let fits = |leaf| wanted.as_ref().is_none_or(|wanted| wanted.may_be(leaf));
                column.values().each_fits(fits)
            }
        };
        let fits = |place: usize| fits.get(place).copied();
        let has = |record| column.place_of(record).and_then(fits) == Some(true);
        found.join(&RowSet::of((0..records).map(has)));
    }
    Ok(found)
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
        let integer = text.parse::<i64>().ok();
        let is_written_so = |number: &i64| itoa::Buffer::new().format(*number) == text;
        Self {
            text,
            integer: integer.filter(is_written_so),
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
