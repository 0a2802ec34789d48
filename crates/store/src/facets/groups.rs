//! Values that are told group by group, by a store that knows how many records have each.

use super::Facets;
use logs::{Level, SEVERITY_UNKNOWN};
use query::LevelFilter;

impl Facets {
    /// Notes that so many records were looked at, whose values are told group by group.
    pub fn add_records(&mut self, records: u64) {
        self.records += records;
    }

    /// Counts the level of records that all have this one.
    pub fn add_level(&mut self, severity: u8, level: Option<&str>, records: u64) {
        let Some(text) = level else {
            return;
        };
        let before = self.level.values.bytes();
        match Level::from_severity(severity) {
            Some(level) => self.level.add_group(level.name(), records, self.records),
            None if severity == SEVERITY_UNKNOWN => {
                let counted = LevelFilter::counted(text);
                self.level.add_group(&counted, records, self.records);
            }
            // No filter for a level finds it.
            None => {}
        }
        self.grow(before, self.level.values.bytes());
    }

    /// Counts the values of an attribute, each with the number of records that have it; so many `records` have
    /// any of them. Those records are noted before.
    pub fn add_values<'a>(
        &mut self,
        path: &str,
        records: u64,
        values: impl Iterator<Item = (&'a str, u64)>,
    ) {
        if !self.finds_room_for(path) {
            return;
        }
        if let Some(tally) = self.attributes.get_mut(path) {
            let before = tally.values.bytes();
            tally.records += records;
            for (value, records) in values {
                tally.add_value(value, records, self.records);
            }
            let after = tally.values.bytes();
            self.grow(before, after);
        }
    }
}
