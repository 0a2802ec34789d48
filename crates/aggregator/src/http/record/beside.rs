//! How many neighbours are asked for, and which.

use crate::http::retrieve::{AskError, number};
use crate::query::Query;
use logs::Timestamp;

/// Neighbours on one side when nothing else is said, and at most.
const DEFAULT: usize = 10;
const MOST: usize = 1_000;

/// What is asked for beside a record.
#[derive(Debug)]
pub(super) struct Beside {
    /// Records before it.
    pub(super) before: usize,
    /// Records behind it.
    pub(super) after: usize,
    /// Which ones count.
    pub(super) query: Query,
}

impl Beside {
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, AskError> {
        let (mut before, mut after, mut filters) = (None, None, Vec::new());
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "before" => before = Some(number("before", &value, 0..=MOST)?),
                "after" => after = Some(number("after", &value, 0..=MOST)?),
                _ => filters.push((name, value)),
            }
        }
        Ok(Self {
            before: before.unwrap_or(DEFAULT),
            after: after.unwrap_or(DEFAULT),
            query: Query::from_pairs(filters, now)?,
        })
    }
}
