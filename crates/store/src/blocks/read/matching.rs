//! The records of a block that match: told by its columns, and by a record itself only where they do not tell it.

use super::columns::{Columns, Unreadable, attributes_of};
use super::steps::record;
use blocks::row_set::RowSet;
use blocks::section::Unpacker;
use blocks::select::{self, certain};
use blocks::tokens::Wanted;
use query::{Bounds, Candidate, GaveUp, Patience, Query};

/// Why it is not known which records match.
#[derive(Debug)]
pub(super) enum NotFound {
    Unreadable(Unreadable),
    GaveUp,
}

impl<E: Into<Unreadable>> From<E> for NotFound {
    fn from(error: E) -> Self {
        Self::Unreadable(error.into())
    }
}

/// What is looked for.
pub(super) struct Sought<'a> {
    query: &'a Query,
    wanted: Wanted,
}

/// What is known of records by what was looked at.
struct Known {
    /// All others do not match.
    may: RowSet,
    /// Those of them that do, if nothing else is asked for.
    surely: RowSet,
}

impl<'a> Sought<'a> {
    pub(super) fn of(query: &'a Query) -> Self {
        // By name, so that whoever adds a filter has to say in `in_block` which records it leaves open.
        let Query {
            start: _,
            end: _,
            min_level: _,
            order: _,
            texts: _,
            phrases: _,
            patterns: _,
            levels: _,
            attributes: _,
        } = query;
        let wanted = Wanted::of(query);
        Self { query, wanted }
    }

    /// The records of a block within bounds that match.
    pub(super) fn in_block(
        &self,
        columns: &Columns<'_>,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
        patience: &mut Patience<'_>,
    ) -> Result<RowSet, NotFound> {
        let (query, front) = (self.query, &columns.front);
        let mut among = RowSet::none(front.head.records);
        if !self.wanted.may_be_in(&front.head, &front.filter) {
            return Ok(among);
        }
        among.add(columns.within(bounds, unpacker)?);
        if query.levels.is_some() || query.min_level.is_some() {
            let is_asked = |severity, level: Option<&str>| query.level_matches(severity, level);
            among.keep(&columns.levels(unpacker)?.rows_where(is_asked));
        }
        let mut known = self.by_attributes(columns, among, unpacker)?;
        if query.looks_into_messages() && !known.may.is_empty() {
            let messages = columns.messages(unpacker)?;
            let found = select::messages(query, &messages, &known.may, patience);
            known.may = found.map_err(|GaveUp| NotFound::GaveUp)?;
        }
        known.surely.keep(&known.may);
        self.ask_others(columns, known, unpacker, patience)
    }

    fn by_attributes(
        &self,
        columns: &Columns<'_>,
        among: RowSet,
        unpacker: &mut Unpacker,
    ) -> Result<Known, Unreadable> {
        let head = &columns.front.head;
        let mut known = Known {
            surely: among.clone(),
            may: among,
        };
        for filter in &self.query.attributes {
            if known.may.is_empty() {
                break;
            }
            let concerned = certain::columns(filter, head);
            let concerned = columns.attributes(&concerned, unpacker)?;
            let told = certain::attribute(filter, head, &concerned)?;
            known.may.keep(&told.may);
            known.surely.keep(&told.surely);
        }
        Ok(known)
    }

    /// Those that surely match, and of the others those that do.
    fn ask_others(
        &self,
        columns: &Columns<'_>,
        known: Known,
        unpacker: &mut Unpacker,
        patience: &mut Patience<'_>,
    ) -> Result<RowSet, NotFound> {
        let Known { may, mut surely } = known;
        if may == surely {
            return Ok(surely);
        }
        let whole = columns.whole(unpacker)?;
        let rows = whole.rows()?;
        let mut json = Vec::new();
        for place in may.iter() {
            if surely.has(place) {
                continue;
            }
            let Some(record) = record(&rows, place) else {
                continue;
            };
            let candidate = Candidate {
                attributes: attributes_of(&rows, place, &mut json),
                ..record
            };
            let matches = self.query.matches_within(candidate, patience);
            if matches.map_err(|GaveUp| NotFound::GaveUp)? {
                surely.add(place..place + 1);
            }
        }
        Ok(surely)
    }
}
