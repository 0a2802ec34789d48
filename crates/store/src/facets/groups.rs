//! Values that are told group by group, by a store that knows how many records have each.

use super::{Facets, LONGEST};
use foldhash::{HashMap, HashMapExt as _};
use logs::{Level, SEVERITY_UNKNOWN};
use query::LevelFilter;
use std::borrow::Cow;

/// The values of some records at one path, of which each is told with how many of them have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Groups {
    /// Records that have any value there.
    pub records: u64,
    /// Those whose value is too long to be told.
    pub too_long: u64,
    /// How many have a value that is not told though it is not too long, at most.
    pub left_out: u64,
}

impl Facets {
    /// Notes that so many records were looked at, whose values are told group by group.
    pub fn add_records(&mut self, records: u64) {
        self.records += records;
    }

    /// Counts the level of a record, which is noted before.
    pub(super) fn add_level(&mut self, severity: u8, level: Option<&str>) {
        if let Some(name) = level.and_then(|text| name_of(severity, text)) {
            let before = self.level.values.bytes();
            self.level.add(&name, self.records);
            self.grow(before, self.level.values.bytes());
        }
    }

    /// Counts levels, each with how many records have it; one may be told several times. The records are noted before.
    pub fn add_levels<'a>(&mut self, levels: impl Iterator<Item = (u8, Option<&'a str>, u64)>) {
        let (mut groups, mut values) = (Groups::default(), HashMap::new());
        for (severity, text, records) in levels {
            let Some(name) = text.and_then(|text| name_of(severity, text)) else {
                continue;
            };
            groups.records += records;
            if name.len() > LONGEST {
                groups.too_long += records;
            } else {
                *values.entry(name).or_default() += records;
            }
        }
        let before = self.level.values.bytes();
        let values = values.iter().map(|(name, records)| (&**name, *records));
        self.level.add_groups(groups, values, self.records);
        self.grow(before, self.level.values.bytes());
    }

    /// Counts the values of an attribute, each told once with the number of records that have it, and none that is
    /// longer than a value that is listed may be. The records are noted before.
    pub fn add_values<'a>(
        &mut self,
        path: &str,
        groups: Groups,
        values: impl Iterator<Item = (&'a str, u64)>,
    ) {
        if !self.finds_room_for(path) {
            return;
        }
        if let Some(tally) = self.attributes.get_mut(path) {
            let before = tally.values.bytes();
            tally.add_groups(groups, values, self.records);
            let after = tally.values.bytes();
            self.grow(before, after);
        }
    }
}

/// What a filter for a level has it as; `None` of one that none finds.
fn name_of(severity: u8, text: &str) -> Option<Cow<'_, str>> {
    match Level::from_severity(severity) {
        Some(level) => Some(level.name().into()),
        None if severity == SEVERITY_UNKNOWN => Some(LevelFilter::counted(text).into()),
        None => None,
    }
}
