//! What was counted of one field, and how it is told.

use super::frequent::Frequent;
use super::{Field, Groups, LONGEST};
use serde::Serialize;

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
    values: Vec<Listed>,
}

impl Facet {
    /// Whether no record has a value there, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Listed {
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

/// The values of one field.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub(super) records: u64,
    /// The last record that had a value.
    last: u64,
    pub(super) values: Frequent,
    too_long: u64,
    /// What may be missing from before it was kept in mind.
    missed: u64,
}

impl Tally {
    /// Of a field that so many records may have had before.
    pub(super) fn after(missed: u64) -> Self {
        Self {
            missed,
            ..Self::default()
        }
    }

    /// Counts a value of the record with this number.
    pub(super) fn add(&mut self, value: &str, record: u64) {
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

    /// Counts the values of records up to the one with this number.
    pub(super) fn add_groups<'a>(
        &mut self,
        groups: Groups,
        values: impl Iterator<Item = (&'a str, u64)>,
        last: u64,
    ) {
        self.last = last;
        self.records += groups.records;
        self.too_long += groups.too_long;
        self.values.add_groups(values, groups.left_out, last);
    }

    pub(super) fn facet(&self, field: &Field, values: usize) -> Facet {
        let may_miss = self.missed + self.values.missed();
        let top = self.values.top(values).into_iter();
        Facet {
            field: field.name(),
            records: self.records,
            distinct: (may_miss == 0 && self.too_long == 0).then_some(self.values.len()),
            may_miss,
            too_long: self.too_long,
            values: top
                .map(|(value, count)| Listed {
                    quoted: field.quoted(value),
                    value: value.to_owned(),
                    count,
                })
                .collect(),
        }
    }
}
