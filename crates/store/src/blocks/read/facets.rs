//! Values counted block by block, several at once: by columns where they tell what each record has, and else record by
//! record.

use super::columns::{Columns, Source, Unreadable, attributes_of};
use super::page::Reading;
use super::values::BlockValues;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::facets::{Facets, FacetsStep};
use blocks::row_set::RowSet;
use blocks::section::Unpacker;
use query::{Bounds, Query};
use record::id::RecordId;
use std::cell::Cell;

/// What is counted of which records.
struct Counting<'a> {
    query: &'a Query,
    facets: &'a Facets,
}

/// What was found out about a block.
enum Found<'a> {
    Values(BlockValues),
    /// Only its records tell what they have: these.
    Records(Columns<'a>, RowSet),
}

impl Reading<'_> {
    /// Counts the values of what matches behind `after` until `is_over`, of a query that asks for nothing else than
    /// time and severity; `None` where some would be forgotten for others: then it matters in which order the records
    /// come.
    pub(in crate::blocks) fn facets(
        self,
        query: &Query,
        after: Option<RecordId>,
        mut facets: Facets,
        is_over: impl Fn() -> bool,
    ) -> Result<Option<FacetsStep>, StoreError> {
        let has_room = Cell::new(true);
        let is_over = || !has_room.get() || is_over();
        let next = self.each_blocks(query, after, is_over, |source, blocks, bounds| {
            if has_room.get() {
                has_room.set(self.count(source, blocks, (query, bounds), &mut facets)?);
            }
            Ok(())
        })?;
        Ok(has_room.get().then_some(FacetsStep { facets, next }))
    }

    /// Whether there is room for all values of some blocks, which are counted then.
    fn count(
        self,
        source: Source<'_>,
        blocks: &[Listed],
        (query, bounds): (&Query, &Bounds),
        facets: &mut Facets,
    ) -> Result<bool, StoreError> {
        let counting = Counting { query, facets };
        let found = self.spare.map(blocks.len(), |position, unpacker| {
            let listed = blocks.get(position);
            let found = listed.map(|listed| {
                let found = counting.find(source, listed, bounds, unpacker);
                found.map_err(|error| error.at(listed.place))
            });
            found.transpose()
        })?;
        for (found, listed) in found.into_iter().flatten().zip(blocks) {
            let has_room = match found {
                Found::Values(values) => values.add_to(facets),
                Found::Records(columns, among) => self.spare.with_unpacker(|unpacker| {
                    let counted = count_records(&columns, &among, facets, unpacker);
                    counted.map_err(|error| error.at(listed.place))
                })?,
            };
            if !has_room {
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
        let mut among = RowSet::none(columns.front.head.records);
        among.add(columns.within(bounds, unpacker)?);
        if let Some(asked) = self.query.severities() {
            among.keep(&columns.levels(unpacker)?.rows_of(&asked));
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
        let attributes = attributes_of(&rows, place, &mut json);
        facets.add(rows.severity(place), rows.level(place), attributes);
    }
    Ok(true)
}
