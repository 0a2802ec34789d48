//! Values counted block by block, several at once: by columns where they tell what each record has, and else record by
//! record.

use super::columns::{Columns, Source, Unreadable, attributes_of};
use super::matching::{NotFound, Sought};
use super::page::Reading;
use super::values::BlockValues;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::facets::{Facets, FacetsStep};
use blocks::row_set::RowSet;
use blocks::section::Unpacker;
use query::{Bounds, Patience, Query};
use record::id::RecordId;
use std::cell::Cell;

/// What is counted of which records.
struct Counting<'a> {
    sought: &'a Sought<'a>,
    goes_on: &'a (dyn Fn() -> bool + Sync),
    facets: &'a Facets,
}

/// What was found out about a block.
enum Found<'a> {
    /// None of its records match.
    Nothing,
    Values(BlockValues),
    /// Only its records tell what they have: these.
    Records(Columns<'a>, RowSet),
    /// It takes too long to find out which records match.
    TooSlow,
}

impl Reading<'_> {
    /// Counts the values of what matches behind `after` until `is_over`; `None` where some would be forgotten for others,
    /// for then it matters in which order the records come, and where it takes so long to come to a place that can be gone
    /// on behind that this no longer `goes_on`.
    pub(in crate::blocks) fn facets(
        self,
        query: &Query,
        after: Option<RecordId>,
        mut facets: Facets,
        is_over: impl Fn() -> bool,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<FacetsStep>, StoreError> {
        let sought = Sought::of(query);
        let is_counted = Cell::new(true);
        let is_over = || !is_counted.get() || is_over();
        let next = self.count_blocks(query, after, is_over, |source, blocks, bounds| {
            if !goes_on() {
                is_counted.set(false);
            }
            if is_counted.get() {
                let counting = Counting {
                    sought: &sought,
                    goes_on,
                    facets: &facets,
                };
                let found = self.find(source, blocks, bounds, &counting)?;
                is_counted.set(self.count(found, blocks, &mut facets)?);
            }
            Ok(())
        })?;
        Ok(is_counted.get().then_some(FacetsStep { facets, next }))
    }

    /// What some blocks have.
    fn find<'a>(
        self,
        source: Source<'a>,
        blocks: &[Listed],
        bounds: &Bounds,
        counting: &Counting<'_>,
    ) -> Result<Vec<Option<Found<'a>>>, StoreError> {
        self.spare.map(blocks.len(), |position, unpacker| {
            let listed = blocks.get(position);
            let found = listed.map(|listed| {
                let found = counting.find(source, listed, bounds, unpacker);
                found.map_err(|error| error.at(listed.place))
            });
            found.transpose()
        })
    }

    /// Whether it is known what some blocks have and there is room for all of it, which is counted then.
    fn count(
        self,
        found: Vec<Option<Found<'_>>>,
        blocks: &[Listed],
        facets: &mut Facets,
    ) -> Result<bool, StoreError> {
        for (found, listed) in found.into_iter().flatten().zip(blocks) {
            let is_counted = match found {
                Found::Nothing => true,
                Found::Values(values) => values.add_to(facets),
                Found::Records(columns, among) => self.spare.with_unpacker(|unpacker| {
                    let counted = count_records(&columns, &among, facets, unpacker);
                    counted.map_err(|error| error.at(listed.place))
                })?,
                Found::TooSlow => false,
            };
            if !is_counted {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Counting<'_> {
    fn find<'a>(
        &self,
        source: Source<'a>,
        block: &Listed,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
    ) -> Result<Found<'a>, Unreadable> {
        let columns = source.columns(block.place)?;
        let mut goes_on = || (self.goes_on)();
        let patience = &mut Patience::new(&mut goes_on);
        let among = match self.sought.in_block(&columns, bounds, unpacker, patience) {
            Ok(among) => among,
            Err(NotFound::GaveUp) => return Ok(Found::TooSlow),
            Err(NotFound::Unreadable(error)) => return Err(error),
        };
        if among.is_empty() {
            return Ok(Found::Nothing);
        }
        let values = BlockValues::of(&columns, &among, self.facets, unpacker)?;
        Ok(match values {
            Some(values) => Found::Values(values),
            None => Found::Records(columns, among),
        })
    }
}

/// Whether there is room for all values of some records, which are counted then.
fn count_records(
    columns: &Columns<'_>,
    among: &RowSet,
    facets: &mut Facets,
    unpacker: &mut Unpacker,
) -> Result<bool, Unreadable> {
    let attributes = columns.front.head.attributes();
    if !facets.has_room_for(attributes.filter_map(|(_, section)| section.column.path())) {
        return Ok(false);
    }
    let whole = columns.whole(unpacker)?;
    let rows = whole.rows()?;
    let mut json = Vec::new();
    for place in among.iter() {
        facets.note_looked_at(1);
        let attributes = attributes_of(&rows, place, &mut json);
        facets.add(rows.severity(place), rows.level(place), attributes);
    }
    Ok(true)
}
