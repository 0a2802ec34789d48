//! The records of a run: how often each is found, and what its sender said of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use crate::run::RECORDS;

/// What a line of the suite begins with, wherever a sender puts it.
const MARK: &str = "record-";
const DIGITS: usize = 4;

/// What a program says before a line that it gave up.
const GAVE_UP: &str = "gave up: ";

/// The line of a record.
pub(crate) fn line(number: usize) -> String {
    format!("{MARK}{number:0DIGITS$} of {RECORDS}")
}

/// The number of the record in this text.
fn number(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(MARK)?;
    rest.get(..DIGITS)?.parse().ok()
}

/// `None` for what a sender logs of itself: that it tries again.
fn number_of(record: &Value) -> Option<usize> {
    number(record["message"].as_str().expect("a text"))
}

/// How many different records are among these.
pub(crate) fn different(records: &[Value]) -> usize {
    records
        .iter()
        .filter_map(number_of)
        .collect::<BTreeSet<_>>()
        .len()
}

/// The records that a program says it gave up.
pub(crate) fn given_up(said: &str) -> BTreeSet<usize> {
    let lines = said.lines().filter_map(|line| line.strip_prefix(GAVE_UP));
    lines
        .map(|line| number(line).expect("a line of the suite"))
        .collect()
}

/// What is found when a sender has ended.
pub(crate) struct Outcome {
    found: BTreeMap<usize, Vec<Value>>,
    /// All that the sender said.
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn new(records: Vec<Value>, said: String) -> Self {
        let mut found: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for record in records {
            if let Some(number) = number_of(&record) {
                found.entry(number).or_default().push(record);
            }
        }
        Self { found, said }
    }

    /// Each of these is found so often.
    pub(crate) fn assert_found(&self, records: Range<usize>, times: usize) {
        let wrong: Vec<_> = records
            .map(|record| (record, self.times(record)))
            .filter(|(_, found)| *found != times)
            .collect();
        assert!(
            wrong.is_empty(),
            "not found {times} times: {wrong:?}\n{}",
            self.said
        );
    }

    /// How often it is found.
    pub(crate) fn times(&self, record: usize) -> usize {
        self.found.get(&record).map_or(0, Vec::len)
    }

    /// The first record has this level, and these attributes among others.
    pub(crate) fn assert_first(&self, level: &str, attributes: &[(&str, &str)]) {
        let first = &self.found[&0][0];
        assert_eq!(first["level"].as_str().unwrap_or(""), level, "{first}");
        for (name, value) in attributes {
            assert_eq!(first["attributes"][name], *value, "{first}");
        }
    }
}
