//! The values of one block, counted column by column; no record is put together.

use super::columns::{Columns, Unreadable};
use crate::blocks::cache::Front;
use crate::facets::{Facets, Groups, LONGEST, MOST_VALUES};
use blocks::levels::Levels;
use blocks::row_set::RowSet;
use blocks::section::{Section, Unpacker};
use blocks::values::counted::{Counted, Listing};
use std::collections::HashSet;
use std::sync::Arc;

/// Values of a column that are told, as far as they may matter: where a block has more of them than are kept in mind,
/// none of the others can be told exactly anyway. Of values that are all equally rare, a reader sees so many at most.
const LISTING: Listing = Listing {
    most: MOST_VALUES,
    least: 100,
    longest: LONGEST,
};

/// What the columns of a block say of some of its records.
pub(super) struct BlockValues {
    front: Front,
    levels: Arc<Levels>,
    among: RowSet,
    /// Those of each column, by its place among the sections.
    columns: Vec<(usize, Arc<Counted>)>,
}

impl BlockValues {
    /// Counts what is wanted of some records; `None` where columns alone do not tell what a record has.
    pub(super) fn of(
        columns: &Columns<'_>,
        among: &RowSet,
        facets: &Facets,
        unpacker: &mut Unpacker,
    ) -> Result<Option<Self>, Unreadable> {
        let head = &columns.front.head;
        let Some(wanted) = wanted(head.attributes(), facets) else {
            return Ok(None);
        };
        let mut counting = Counting {
            columns,
            among,
            is_all: among.count() == head.records,
            unpacker,
        };
        let counted = counting.count(&wanted)?;
        Ok(Some(Self {
            front: columns.front.clone(),
            levels: columns.levels(unpacker)?,
            among: among.clone(),
            columns: counted,
        }))
    }

    /// The paths at which there are values, and these.
    fn values(&self) -> impl Iterator<Item = (&str, &Counted)> {
        let values = self.columns.iter().filter_map(|(section, counted)| {
            let section = self.front.head.sections.get(*section)?;
            Some((section.column.path()?, &**counted))
        });
        values.filter(|(_, counted)| counted.records > 0)
    }

    /// Whether there is room for all values, which are counted then.
    pub(super) fn add_to(&self, facets: &mut Facets) -> bool {
        if !facets.has_room_for(self.values().map(|(path, _)| path)) {
            return false;
        }
        facets.add_records(self.among.count() as u64);
        facets.add_levels(self.levels.counts_among(&self.among));
        for (path, counted) in self.values() {
            let groups = Groups {
                records: counted.records,
                too_long: counted.too_long,
                left_out: counted.left_out,
            };
            facets.add_values(path, groups, counted.told());
        }
        true
    }
}

/// The places of the columns that are asked for; `None` where a record may have several values at the path of one.
fn wanted<'a>(
    attributes: impl Iterator<Item = (usize, &'a Section)>,
    facets: &Facets,
) -> Option<Vec<usize>> {
    if facets.wants_places() {
        return None;
    }
    if !facets.looks_at_attributes() {
        return Some(Vec::new());
    }
    let (mut wanted, mut paths) = (Vec::new(), HashSet::new());
    for (place, section) in attributes {
        // What is kept whole may have any.
        let path = section.column.path()?;
        let is_wanted = facets.wants(path);
        let is_single = !section.has_arrays() && (!is_wanted || paths.insert(path));
        if !is_single && (is_wanted || facets.wants_below(path)) {
            return None;
        }
        // No filter can ask for a name that is empty.
        if is_wanted && !path.is_empty() {
            wanted.push(place);
        }
    }
    Some(wanted)
}

/// The counting of some records of a block.
struct Counting<'a, 'b> {
    columns: &'a Columns<'b>,
    among: &'a RowSet,
    is_all: bool,
    unpacker: &'a mut Unpacker,
}

impl Counting<'_, '_> {
    fn count(&mut self, wanted: &[usize]) -> Result<Vec<(usize, Arc<Counted>)>, Unreadable> {
        let columns = self.columns;
        let known = |place: &usize| self.known(*place).ok_or(*place);
        let known: Vec<Result<Arc<Counted>, usize>> = wanted.iter().map(known).collect();
        let missing = known.iter().filter_map(|known| known.as_ref().err());
        let missing: Vec<usize> = missing.copied().collect();
        let mut stored = columns.stored(&missing)?.into_iter();
        let mut counted = Vec::with_capacity(wanted.len());
        for (place, known) in wanted.iter().zip(known) {
            let values = match known {
                Ok(known) => known,
                Err(missing) => self.count_column(missing, &stored.next().unwrap_or_default())?,
            };
            counted.push((*place, values));
        }
        Ok(counted)
    }

    /// What was counted of all of a column before: only that is kept.
    fn known(&self, place: usize) -> Option<Arc<Counted>> {
        let (cache, block) = (self.columns.source.cache, self.columns.place);
        let counted = self.is_all.then(|| cache.counted(block, place));
        counted.flatten()
    }

    fn count_column(&mut self, place: usize, stored: &[u8]) -> Result<Arc<Counted>, Unreadable> {
        let head = &self.columns.front.head;
        if self.is_all {
            let counted = head.counted(place, stored, (None, LISTING), self.unpacker)?;
            let counted = Arc::new(counted);
            let (cache, block) = (self.columns.source.cache, self.columns.place);
            cache.keep_counted(block, place, Arc::clone(&counted));
            return Ok(counted);
        }
        let shapes = self.columns.shapes(self.unpacker)?;
        let values = head.values_of(place, &shapes, self.among)?;
        let counted = head.counted(place, stored, (Some(&values), LISTING), self.unpacker)?;
        Ok(Arc::new(counted))
    }
}
