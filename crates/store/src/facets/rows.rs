//! Values of rows, whose attributes are JSON or BSON.

use super::Facets;
use crate::page::{Attributes, Row};
use bson::RawDocument;
use query::StoredValues;
use record::attributes;

impl Facets {
    /// The same, where they are BSON; what is not has no values.
    pub(crate) fn add_members(
        &mut self,
        severity: u8,
        level: Option<&str>,
        members: Option<&RawDocument>,
        values: &mut StoredValues,
    ) {
        let members = members.filter(|_| self.looks_at_attributes());
        let Some(members) = members else {
            return self.add(severity, level, None);
        };
        if self.wants_places() || !values.read(members.as_bytes()) {
            let mut json = Vec::new();
            let written = attributes::write_json(members, &mut json).ok();
            let json = written.and_then(|()| std::str::from_utf8(&json).ok());
            return self.add(severity, level, json);
        }
        self.add(severity, level, None);
        let record = self.records;
        for (path, value) in values.iter() {
            self.add_attribute(path, value, record);
        }
    }

    /// The same of a row.
    pub(crate) fn add_row(&mut self, row: &Row<'_>, values: &mut StoredValues) {
        let members = match row.attributes {
            Some(Attributes::Json(json)) => {
                let json = self.looks_at_attributes().then_some(json);
                return self.add(row.severity, row.level, json);
            }
            Some(Attributes::Bson(members)) => Some(members),
            None => None,
        };
        self.add_members(row.severity, row.level, members, values);
    }
}
