//! The most frequent values of the level and of attributes, counted where the records are stored: record by
//! record, or as many at once as a store knows to have a value.
//!
//! Pure but for the step by pages, and bounded in memory whatever the records hold. A value's count is the
//! number of records that a filter for it finds (`logLevel=VALUE`, `attr.KEY=VALUE`, with the value in quotes
//! where it is told so), unless it is told that it may be too low.

pub(super) mod by_pages;
mod field;
mod frequent;
mod groups;
mod rows;
mod step;
mod tally;

pub use by_pages::STEP_BYTES;
pub use field::Field;
pub use groups::Groups;
pub use step::{FacetsLimit, FacetsStep};
pub use tally::Facet;

use foldhash::fast::RandomState;
use query::{each_value, each_value_at, may_name_a_place};
use std::collections::HashMap;
use tally::Tally;

/// Attributes that are kept in mind at one time while it is not known which are the most frequent.
const MOST_FIELDS: usize = 64;
/// Bytes that all values may take.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of the longest value that is listed, and of the longest name.
pub(super) const LONGEST: usize = 256;
/// Different values of a field that are kept in mind at one time.
pub(super) const MOST_VALUES: usize = frequent::MOST;

/// What was counted so far. It is bounded, so that a hash that is quick does, whatever the names and values.
#[derive(Debug, Clone)]
pub struct Facets {
    /// The fields that are asked for; the level and those that are found, when there are none.
    asked: Option<Vec<Field>>,
    level: Tally,
    attributes: HashMap<Box<str>, Tally, RandomState>,
    /// Those of the fields that are asked for that may name a place in an array: their values are looked
    /// for one by one.
    places: Vec<(Box<str>, Tally)>,
    /// What a field can have lost that was forgotten.
    missed: u64,
    /// Bytes that all values take.
    bytes: usize,
    records: u64,
    looked_at: u64,
}

impl Facets {
    /// Counts the values of these fields; without any, of the level and of the attributes that most
    /// records have.
    pub fn new(asked: Option<Vec<Field>>) -> Self {
        let (mut attributes, mut places) = (HashMap::default(), Vec::new());
        for field in asked.iter().flatten() {
            match field {
                Field::Attribute(key) if may_name_a_place(key) => {
                    places.push((key.as_str().into(), Tally::default()));
                }
                Field::Attribute(key) => {
                    attributes.insert(key.as_str().into(), Tally::default());
                }
                Field::Level => {}
            }
        }
        Self {
            asked,
            level: Tally::default(),
            attributes,
            places,
            missed: 0,
            bytes: 0,
            records: 0,
            looked_at: 0,
        }
    }

    /// Records whose values are counted.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Records that were looked at one by one to find them, as far as that is known.
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Notes that so many more were.
    pub(crate) fn note_looked_at(&mut self, records: usize) {
        self.looked_at += records as u64;
    }

    /// Bytes that all values take: what a copy takes, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the values at this path are counted, as far as they are found without the places of elements in
    /// arrays.
    pub fn wants(&self, path: &str) -> bool {
        let may_be_new = self.asked.is_none() && path.len() <= LONGEST;
        may_be_new || self.attributes.contains_key(path)
    }

    /// Whether values are counted at a path that begins with this one and goes on: into objects that stand in an array.
    pub fn wants_below(&self, path: &str) -> bool {
        let is_below = |key: &str| {
            let rest = key.strip_prefix(path);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.asked.is_none() || self.attributes.keys().any(|key| is_below(key))
    }

    /// Whether none is forgotten for others when values at these paths come, so that it does not matter in which
    /// order they do.
    pub fn has_room_for<'a>(&self, paths: impl Iterator<Item = &'a str>) -> bool {
        let new = paths.filter(|path| !self.attributes.contains_key(*path));
        self.asked.is_some() || self.attributes.len() + new.count() <= MOST_FIELDS
    }

    /// Whether fields are asked for that may name a place in an array, which only a record itself can tell.
    pub fn wants_places(&self) -> bool {
        !self.places.is_empty()
    }

    /// Counts the values of a record, whose attributes are JSON.
    pub fn add(&mut self, severity: u8, level: Option<&str>, attributes: Option<&str>) {
        self.add_records(1);
        self.add_level(severity, level);
        if let Some(attributes) = attributes {
            let record = self.records;
            each_value(attributes, &mut |path, value| {
                self.add_attribute(path, value, record);
            });
            self.add_places(attributes, record);
        }
    }

    fn add_places(&mut self, attributes: &str, record: u64) {
        let (mut before, mut after) = (0, 0);
        for (path, tally) in &mut self.places {
            before += tally.values.bytes();
            each_value_at(attributes, path, &mut |value| tally.add(value, record));
            after += tally.values.bytes();
        }
        self.grow(before, after);
    }

    fn add_attribute(&mut self, path: &str, value: &str, record: u64) {
        if let Some(tally) = self.attributes.get_mut(path) {
            let before = tally.values.bytes();
            tally.add(value, record);
            let after = tally.values.bytes();
            self.grow(before, after);
        } else if self.finds_room_for(path) {
            self.add_attribute(path, value, record);
        }
    }

    /// Whether the values at this path are counted, for which there is a place then.
    fn finds_room_for(&mut self, path: &str) -> bool {
        if self.attributes.contains_key(path) {
            return true;
        }
        if self.asked.is_some() || path.len() > LONGEST {
            return false;
        }
        if self.attributes.len() >= MOST_FIELDS {
            self.forget_rare_fields();
        }
        let tally = Tally::after(self.missed);
        self.attributes.insert(path.into(), tally);
        true
    }

    /// Notes that values which took `before` bytes take `after` now, and makes room when it is too much:
    /// the field whose values take most forgets the rarer ones, so that one of few values loses none.
    fn grow(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
        while self.bytes > MOST_BYTES {
            let places = self.places.iter_mut().map(|(_, tally)| tally);
            let tallies = self.attributes.values_mut().chain(places);
            let tallies = tallies.chain([&mut self.level]);
            let Some(largest) = tallies.max_by_key(|tally| tally.values.bytes()) else {
                return;
            };
            let before = largest.values.bytes();
            largest.values.forget_rare();
            let freed = before - largest.values.bytes();
            if freed == 0 {
                return;
            }
            self.bytes -= freed;
        }
    }

    /// Forgets the half of the fields that fewer records have.
    fn forget_rare_fields(&mut self) {
        let tallies = self.attributes.iter();
        let mut sorted: Vec<(u64, Box<str>)> = tallies
            .map(|(path, tally)| (tally.records, path.clone()))
            .collect();
        sorted.sort_unstable();
        sorted.truncate(sorted.len() / 2);
        self.missed += sorted.last().map_or(0, |(records, _)| *records);
        for (_, path) in sorted {
            if let Some(gone) = self.attributes.remove(&path) {
                self.bytes -= gone.values.bytes();
            }
        }
    }

    /// Whether attributes make a difference to what is counted.
    pub fn looks_at_attributes(&self) -> bool {
        self.asked.is_none() || !self.attributes.is_empty() || !self.places.is_empty()
    }

    /// The fields that are asked for with their most frequent values; without any, the level and so
    /// many attributes.
    pub fn top(&self, attributes: usize, values: usize) -> Vec<Facet> {
        let found = self.found(attributes);
        let fields = self.asked.as_ref().unwrap_or(&found);
        let facet = |field: &Field| {
            let tally = match field {
                Field::Level => Some(&self.level),
                Field::Attribute(key) => self.attribute(key),
            };
            tally.map(|tally| tally.facet(field, values))
        };
        fields.iter().filter_map(facet).collect()
    }

    fn attribute(&self, key: &str) -> Option<&Tally> {
        let place = self.places.iter().find(|(path, _)| **path == *key);
        place
            .map(|(_, tally)| tally)
            .or_else(|| self.attributes.get(key))
    }

    /// The level, and the attributes that most records have; of those that are equal in this, the ones
    /// with fewer values say more.
    fn found(&self, attributes: usize) -> Vec<Field> {
        let mut found: Vec<(&str, &Tally)> = self
            .attributes
            .iter()
            .map(|(path, tally)| (&**path, tally))
            .collect();
        found.sort_unstable_by(|(a, of_a), (b, of_b)| {
            let records = of_b.records.cmp(&of_a.records);
            let values = (of_a.values.missed(), of_a.values.len())
                .cmp(&(of_b.values.missed(), of_b.values.len()));
            records.then(values).then(a.cmp(b))
        });
        let found = found.into_iter().take(attributes);
        let attributes = found.map(|(path, _)| Field::Attribute(path.to_owned()));
        [Field::Level].into_iter().chain(attributes).collect()
    }
}

#[cfg(test)]
mod tests;
