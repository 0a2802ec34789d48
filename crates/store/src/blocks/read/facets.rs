//! Values counted column by column: of a dictionary each different one once. No record is put together but where
//! columns alone do not tell what a record has.

use super::columns::{Columns, Source, Unreadable, attributes_of};
use super::page::Reading;
use crate::StoreError;
use crate::blocks::storage::Listed;
use crate::facets::{Facets, FacetsStep};
use blocks::leaf::Leaf;
use blocks::levels::Levels;
use blocks::row_set::RowSet;
use blocks::rows::AttributeColumn;
use blocks::section::{Section, Unpacker};
use foldhash::HashMap;
use query::{Bounds, Query};
use record::id::RecordId;
use std::cell::Cell;
use std::collections::HashSet;

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
        let next = self.spare.with_unpacker(|unpacker| {
            self.each_block(query, after, is_over, |source, block, bounds| {
                if has_room.get() {
                    let counted = count(source, block, query, bounds, &mut facets, unpacker);
                    has_room.set(counted.map_err(|error| error.at(block.place))?);
                }
                Ok(())
            })
        })?;
        Ok(has_room.get().then_some(FacetsStep { facets, next }))
    }
}

/// Whether there is room for all values; else none is counted.
fn count(
    source: Source<'_>,
    block: &Listed,
    query: &Query,
    bounds: &Bounds,
    facets: &mut Facets,
    unpacker: &mut Unpacker,
) -> Result<bool, Unreadable> {
    let columns = source.columns(block.place)?;
    let head = &columns.front.head;
    let mut among = RowSet::none(head.records);
    among.add(columns.within(bounds, unpacker)?);
    let levels = columns.levels(unpacker)?;
    if let Some(asked) = query.severities() {
        among.keep(&levels.rows_of(&asked));
    }
    let is_asked = |section: &Section| {
        let into_arrays = |path| section.has_arrays() && facets.wants_below(path);
        let path = section.column.path();
        path.is_none_or(|path| facets.wants(path) || into_arrays(path))
    };
    let asked: Vec<usize> = head
        .attributes()
        .filter(|(_, section)| is_asked(section))
        .map(|(section, _)| section)
        .collect();
    let attributes = match facets.looks_at_attributes() {
        true => columns.attributes(&asked, unpacker)?,
        false => Vec::new(),
    };
    let paths = attributes.iter().filter_map(AttributeColumn::path);
    if !facets.has_room_for(paths) {
        return Ok(false);
    }
    if facets.wants_places() || !are_plain(&attributes) {
        count_records(&columns, &among, facets, unpacker)?;
        return Ok(true);
    }
    facets.add_records(among.count() as u64);
    count_levels(&levels, &among, facets);
    let is_all = among.count() == head.records;
    for column in &attributes {
        count_values(column, &among, is_all, facets);
    }
    Ok(true)
}

/// Whether each value of these columns is one of its record's, and there is no other at its path.
fn are_plain(attributes: &[AttributeColumn]) -> bool {
    let mut paths = HashSet::new();
    attributes.iter().all(|column| {
        let is_plain = |leaf: Leaf<'_>| match leaf {
            Leaf::Json(json) => !json.starts_with(['[', '{']),
            Leaf::Integer(_) | Leaf::Text(_) => true,
        };
        let values = column.values();
        column.path().is_some_and(|path| paths.insert(path))
            && values.each_fits(is_plain).into_iter().all(|fits| fits)
    })
}

fn count_levels(levels: &Levels, among: &RowSet, facets: &mut Facets) {
    let mut counts: HashMap<(u8, Option<&str>), u64> = HashMap::default();
    for place in among.iter() {
        let level = (levels.severity(place), levels.text(place));
        *counts.entry(level).or_default() += 1;
    }
    for ((severity, text), records) in counts {
        facets.add_level(severity, text, records);
    }
}

fn count_values(column: &AttributeColumn, among: &RowSet, is_all: bool, facets: &mut Facets) {
    // No filter can ask for a name that is empty.
    let Some(path) = column.path().filter(|path| !path.is_empty()) else {
        return;
    };
    let values = column.values();
    let mut counted = RowSet::none(values.len());
    if is_all {
        counted.add(0..values.len());
    } else {
        for place in among.iter().filter_map(|record| column.place_of(record)) {
            counted.add(place..place + 1);
        }
    }
    let (mut texts, mut integers) = (
        HashMap::<&str, u64>::default(),
        HashMap::<i64, u64>::default(),
    );
    values.count(
        |place| counted.has(place),
        |leaf, records| match leaf {
            Leaf::Text(text) | Leaf::Json(text) => *texts.entry(text).or_default() += records,
            Leaf::Integer(number) => *integers.entry(number).or_default() += records,
        },
    );
    let digits: Vec<(String, u64)> = integers
        .into_iter()
        .map(|(number, records)| (number.to_string(), records))
        .collect();
    for (text, records) in &digits {
        *texts.entry(text).or_default() += records;
    }
    let records = texts.values().sum();
    if records > 0 {
        facets.add_values(path, records, texts.into_iter());
    }
}

fn count_records(
    columns: &Columns<'_>,
    among: &RowSet,
    facets: &mut Facets,
    unpacker: &mut Unpacker,
) -> Result<(), Unreadable> {
    let whole = columns.whole(unpacker)?;
    let rows = whole.rows()?;
    let mut json = Vec::new();
    for place in among.iter() {
        let attributes = attributes_of(&rows, place, &mut json);
        facets.add(rows.severity(place), rows.level(place), attributes);
    }
    Ok(())
}
