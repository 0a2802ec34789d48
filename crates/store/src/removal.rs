//! What is to be removed, and how far a step of removing came: by retention, and on purpose.

mod looked_at;
mod telling;

pub use looked_at::candidate;

pub(crate) use telling::{Rules, Verdict};

use logs::Timestamp;
use query::{Candidate, GaveUp, Patience, Query};
use record::id::RecordId;

/// Which records are to go. The first rule whose query matches a record decides on it; one that none matches stays.
#[derive(Debug, Clone)]
pub struct Removal {
    /// In their order.
    pub rules: Vec<RemovalRule>,
    /// What is done with them.
    pub purpose: Purpose,
}

/// Records that match go when they are older than this.
#[derive(Debug, Clone)]
pub struct RemovalRule {
    /// Which records it is about; its end has no meaning here.
    pub query: Query,
    /// Those with times before it go; `None` keeps them.
    pub before: Option<Timestamp>,
}

/// Why records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing is removed: they are counted.
    Count,
    /// They are older than they are to be kept. A copy of one that comes later is stored again if the store does not know
    /// it any more, and goes with the next step.
    Age,
    /// Somebody asks for it: no copy of them is ever stored again, and their bytes are overwritten.
    ForGood,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovalStep {
    /// Records that went, or would.
    pub records: u64,
    /// Bytes that were written again for those that stay beside them.
    pub rewritten: u64,
    /// Where the next step begins, behind this record; `None` when no more is to go.
    pub next: Option<RecordId>,
}

impl Removal {
    /// Whether a record is to go. The one definition of it.
    ///
    /// # Errors
    /// [`GaveUp`] when the patience is over before that is known.
    pub fn takes(
        &self,
        record: Candidate<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        for rule in &self.rules {
            if rule.query.matches_within(record, patience)? {
                let time = record.id.time();
                return Ok(rule.before.is_some_and(|before| time < before));
            }
        }
        Ok(false)
    }

    /// Nothing at or behind this time goes; `None` when nothing goes at all.
    pub fn end(&self) -> Option<Timestamp> {
        self.rules.iter().filter_map(|rule| rule.before).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Level;
    use record::id::BatchId;

    #[test]
    fn the_first_rule_that_matches_a_record_decides_on_it() {
        let at = Timestamp::from_nanos;
        let debug = Query::parse("logLevel=DEBUG", at(0)).unwrap();
        let removal = Removal {
            rules: vec![
                RemovalRule {
                    query: debug,
                    before: None,
                },
                RemovalRule {
                    query: Query::default(),
                    before: Some(at(100)),
                },
            ],
            purpose: Purpose::Age,
        };
        let takes = |nanos, level: Level| {
            let record = Candidate {
                id: RecordId::new(at(nanos), BatchId::from_bytes([1; 8]), 0),
                severity: *level.severities().start(),
                level: Some(level.name()),
                message: "",
                attributes: None,
            };
            let mut goes_on = || true;
            removal.takes(record, &mut Patience::new(&mut goes_on))
        };
        assert_eq!(takes(99, Level::Info), Ok(true));
        assert_eq!(takes(100, Level::Info), Ok(false));
        assert_eq!(takes(99, Level::Debug), Ok(false));
        assert_eq!(removal.end(), Some(at(100)));
    }
}
