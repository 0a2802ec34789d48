//! Records that were counted where they are stored, without being read in full.

use query::interval::Interval;
use query::{Candidate, Query};
use record::id::RecordId;

/// How many records there are, by bucket and severity.
#[derive(Debug)]
pub struct Counts {
    interval: Interval,
    groups: Vec<Group>,
    /// Where the groups of the last bucket begin.
    bucket: usize,
    /// The last record that the store looked at, when there may be more behind it.
    pub next: Option<RecordId>,
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
    /// No records, to be counted by buckets of this length.
    pub(super) fn new(interval: Interval) -> Self {
        Self {
            interval,
            groups: Vec::new(),
            bucket: 0,
            next: None,
        }
    }

    /// What was counted; a bucket may come several times.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Counts records that are counted together already, if they are asked for.
    pub(super) fn add_group(&mut self, query: &Query, group: Group) {
        if query.matches(group.candidate()) {
            self.groups.push(group);
        }
    }

    /// Counts a record, if it is asked for. Those of one bucket come one after another.
    pub(super) fn add(&mut self, query: &Query, id: RecordId, severity: u8) {
        let group = Group {
            id,
            severity,
            records: 1,
        };
        if !query.matches(group.candidate()) {
            return;
        }
        let bucket = |id: RecordId| self.interval.bucket_of(id.time());
        if self
            .groups
            .last()
            .is_some_and(|last| bucket(last.id) != bucket(id))
        {
            self.bucket = self.groups.len();
        }
        let mut same = self.groups.iter_mut().skip(self.bucket);
        match same.find(|group| group.severity == severity) {
            Some(group) => group.records += 1,
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
