//! The most frequent values of the level and of attributes, counted record by record.
//!
//! Pure, and bounded in memory whatever the records hold. A value's count is the number of records
//! that a filter for it finds (`logLevel=VALUE`, `attr.KEY=VALUE`, with the value in quotes where it is told
//! so), unless it is told that it may be too low.

mod frequent;

use frequent::Frequent;
use logs::{Level, SEVERITY_UNKNOWN};
use query::{AttributeFilter, LevelFilter, each_value};
use serde::Serialize;
use std::collections::HashMap;

/// Attributes that are kept in mind at one time while it is not known which are the most frequent.
const MOST_FIELDS: usize = 64;
/// Bytes that all values may take.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of the longest value that is listed, and of the longest name.
const LONGEST: usize = 256;

/// A field whose values are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The level.
    Level,
    /// The attribute at this path: dots lead into objects.
    Attribute(String),
}

impl Field {
    /// The name that readers know it by.
    pub fn name(&self) -> String {
        match self {
            Self::Level => "level".to_owned(),
            Self::Attribute(key) => format!("attr.{key}"),
        }
    }

    fn quoted(&self, value: &str) -> Option<String> {
        match self {
            Self::Level => LevelFilter::quoted(value),
            Self::Attribute(_) => AttributeFilter::quoted(value),
        }
    }
}

/// What was counted of a field.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Facet {
    field: String,
    /// Records that have a value there.
    records: u64,
    /// Different values; missing when there were too many to count them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    distinct: Option<usize>,
    /// By how much the counts may be too low.
    #[serde(skip_serializing_if = "is_zero")]
    may_miss: u64,
    /// Values that are too long to be listed.
    #[serde(skip_serializing_if = "is_zero")]
    too_long: u64,
    values: Vec<Value>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Value {
    value: String,
    /// How a filter has it, where it would ask for something else as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<String>,
    count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What was counted so far.
#[derive(Debug)]
pub struct Facets {
    /// The fields that are asked for; the level and those that are found, when there are none.
    asked: Option<Vec<Field>>,
    level: Tally,
    attributes: HashMap<Box<str>, Tally>,
    /// What a field can have lost that was forgotten.
    missed: u64,
    /// Bytes that all values take.
    bytes: usize,
    records: u64,
}

/// The values of one field.
#[derive(Debug, Default)]
struct Tally {
    records: u64,
    /// The last record that had a value.
    last: u64,
    values: Frequent,
    too_long: u64,
    /// What may be missing from before it was kept in mind.
    missed: u64,
}

impl Facets {
    /// Counts the values of these fields; without any, of the level and of the attributes that most
    /// records have.
    pub fn new(asked: Option<Vec<Field>>) -> Self {
        let mut attributes = HashMap::new();
        for field in asked.iter().flatten() {
            if let Field::Attribute(key) = field {
                attributes.insert(key.as_str().into(), Tally::default());
            }
        }
        Self {
            asked,
            level: Tally::default(),
            attributes,
            missed: 0,
            bytes: 0,
            records: 0,
        }
    }

    /// Records that were looked at.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Counts the values of a record.
    pub fn add(&mut self, severity: u8, level: Option<&str>, attributes: Option<&str>) {
        self.records += 1;
        let record = self.records;
        if let Some(text) = level {
            let before = self.level.values.bytes();
            match Level::from_severity(severity) {
                Some(level) => self.level.add(level.name(), record),
                None if severity == SEVERITY_UNKNOWN => {
                    self.level.add(&text.trim().to_lowercase(), record);
                }
                // No filter for a level finds it.
                None => {}
            }
            self.grow(before, self.level.values.bytes());
        }
        if let Some(attributes) = attributes {
            each_value(attributes, &mut |path, value| {
                self.add_attribute(path, value, record);
            });
        }
    }

    fn add_attribute(&mut self, path: &str, value: &str, record: u64) {
        if !self.attributes.contains_key(path) {
            if self.asked.is_some() || path.len() > LONGEST {
                return;
            }
            if self.attributes.len() >= MOST_FIELDS {
                self.forget_rare_fields();
            }
            let tally = Tally {
                missed: self.missed,
                ..Tally::default()
            };
            self.attributes.insert(path.into(), tally);
        }
        if let Some(tally) = self.attributes.get_mut(path) {
            let before = tally.values.bytes();
            tally.add(value, record);
            let after = tally.values.bytes();
            self.grow(before, after);
        }
    }

    /// Notes that values which took `before` bytes take `after` now, and makes room when it is too much:
    /// the field whose values take most forgets the rarer ones, so that one of few values loses none.
    fn grow(&mut self, before: usize, after: usize) {
        self.bytes = self.bytes + after - before;
        while self.bytes > MOST_BYTES {
            let tallies = self.attributes.values_mut().chain([&mut self.level]);
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
        self.asked.is_none() || !self.attributes.is_empty()
    }

    /// The fields that are asked for with their most frequent values; without any, the level and so
    /// many attributes.
    pub fn top(&self, attributes: usize, values: usize) -> Vec<Facet> {
        let found = self.found(attributes);
        let fields = self.asked.as_ref().unwrap_or(&found);
        let facet = |field: &Field| {
            let tally = match field {
                Field::Level => Some(&self.level),
                Field::Attribute(key) => self.attributes.get(key.as_str()),
            };
            tally.map(|tally| tally.facet(field, values))
        };
        fields.iter().filter_map(facet).collect()
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

impl Tally {
    fn add(&mut self, value: &str, record: u64) {
        if self.last != record {
            self.last = record;
            self.records += 1;
        }
        if value.len() > LONGEST {
            self.too_long += 1;
        } else {
            self.values.add(value, record);
        }
    }

    fn facet(&self, field: &Field, values: usize) -> Facet {
        let may_miss = self.missed + self.values.missed();
        let top = self.values.top(values).into_iter();
        Facet {
            field: field.name(),
            records: self.records,
            distinct: (may_miss == 0 && self.too_long == 0).then_some(self.values.len()),
            may_miss,
            too_long: self.too_long,
            values: top
                .map(|(value, count)| Value {
                    quoted: field.quoted(value),
                    value: value.to_owned(),
                    count,
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
