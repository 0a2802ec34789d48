//! Records that were counted where they are stored, without being read in full.

use query::buckets::Buckets;
use query::span::Span;
use query::{Candidate, Query};
use record::id::RecordId;
use std::sync::Arc;

/// How many records there are, by bucket and severity.
#[derive(Debug)]
pub struct Counts {
    buckets: Arc<Buckets>,
    groups: Vec<Group>,
    /// The times of the last bucket, when it has any groups.
    last: Option<Span>,
    /// Where its groups begin.
    bucket: usize,
    /// The last record that the store looked at, when there may be more behind it.
    pub next: Option<RecordId>,
    /// Records that were looked at one by one, as far as that is known.
    pub looked_at: u64,
}

/// Records of one bucket and one severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// One of them.
    pub id: RecordId,
    /// Their severity, 0 when the level is unknown.
    pub severity: u8,
    /// How many they are.
    pub records: u64,
}

impl Counts {
    /// No records, to be counted by these buckets.
    pub(super) fn new(buckets: Arc<Buckets>) -> Self {
        Self {
            buckets,
            groups: Vec::new(),
            last: None,
            bucket: 0,
            next: None,
            looked_at: 0,
        }
    }

    /// What was counted; a bucket may come several times.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Adds what was counted elsewhere by the same buckets.
    pub(super) fn join(&mut self, other: Self) {
        self.groups.extend(other.groups);
        self.looked_at += other.looked_at;
        self.last = None;
    }

    /// Counts records that are counted together already, if they are asked for.
    pub(super) fn add_group(&mut self, query: &Query, group: Group) {
        if query.matches(group.candidate()) {
            self.groups.push(group);
        }
    }

    /// Counts a record, if it is asked for and in a bucket. Those of one bucket come one after another.
    pub(super) fn add(&mut self, query: &Query, id: RecordId, severity: u8) {
        self.looked_at += 1;
        let group = Group {
            id,
            severity,
            records: 1,
        };
        if query.matches(group.candidate()) {
            self.add_match(group);
        }
    }

    /// Counts a record that is asked for, if it is in a bucket. Those of one bucket come one after another.
    pub(super) fn add_match(&mut self, group: Group) {
        let time = group.id.time();
        if !self.last.is_some_and(|bucket| bucket.contains(time)) {
            let Some(position) = self.buckets.position_of(time) else {
                return;
            };
            self.last = Some(self.buckets.span_of(position));
            self.bucket = self.groups.len();
        }
        let mut same = self.groups.iter_mut().skip(self.bucket);
        match same.find(|other| other.severity == group.severity) {
            Some(other) => other.records += group.records,
            None => self.groups.push(group),
        }
    }
}

impl Group {
    /// Any of them for a query that looks at nothing else.
    fn candidate(self) -> Candidate<'static> {
        Candidate {
            id: self.id,
            severity: self.severity,
            level: None,
            message: "",
            attributes: None,
        }
    }
}
