//! Every record's fate, counted since the start of the process. At every moment
//! `received + recovered = stored + already_stored + rejected + waiting`.
//!
//! A record counts as received once its body was read and it could be told from its neighbours; a
//! body that is refused before that has no records to count.

use record::notice::{NoticeCounts, NoticeKind};
use serde::Serialize;
use spool::BatchOutcome;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why records were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// They are no records, or came in one batch with such.
    Invalid,
    /// Another batch was sent under their key.
    KeyReused,
    /// The spool could not take their batch, or their token had brought too much; the sender was told to come again.
    NotTaken,
}

impl Rejection {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invalid, Self::KeyReused, Self::NotTaken];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::KeyReused => "key_reused",
            Self::NotTaken => "not_taken",
        }
    }
}

/// Records that were not taken, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejections {
    /// [`Rejection::Invalid`].
    pub invalid: u64,
    /// [`Rejection::KeyReused`].
    pub key_reused: u64,
    /// [`Rejection::NotTaken`].
    pub not_taken: u64,
    /// Refused by the store for good, or too large for any store, and kept aside.
    pub set_aside: u64,
}

/// What was told of records that were taken, by reason: each once a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warnings {
    /// A time that is none.
    pub time: u64,
    /// A level that is none.
    pub level: u64,
    /// What is not JSON and was taken as a message.
    pub not_json: u64,
    /// Characters that were replaced.
    pub characters: u64,
    /// Numbers that were kept as text.
    pub number: u64,
    /// What is nested too deeply and was kept as text.
    pub depth: u64,
    /// Members beyond the bound that were kept as text.
    pub members: u64,
}

impl Warnings {
    /// So many more.
    pub(super) fn add(&mut self, counts: &NoticeCounts) {
        for (count, kind) in [
            (&mut self.time, NoticeKind::Time),
            (&mut self.level, NoticeKind::Level),
            (&mut self.not_json, NoticeKind::NotJson),
            (&mut self.characters, NoticeKind::Characters),
            (&mut self.number, NoticeKind::Number),
            (&mut self.depth, NoticeKind::Depth),
            (&mut self.members, NoticeKind::Members),
        ] {
            *count += counts.of(kind);
        }
    }
}

/// Records by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordCounts {
    /// Came with a request; those that are put back from aside come once more.
    pub received: u64,
    /// Found in the spool at the start.
    pub recovered: u64,
    /// New in the store.
    pub stored: u64,
    /// There already: in the store under the same ids, or in a batch that was accepted before.
    pub already_stored: u64,
    /// Not taken.
    pub rejected: Rejections,
    /// In the spool, and not known to be in the store.
    pub waiting: u64,
    /// Told of those that were taken.
    pub warnings: Warnings,
}

/// The counts, each change of which keeps the identity.
#[derive(Debug, Default)]
pub struct Accounting(Mutex<RecordCounts>);

impl Accounting {
    /// Records of a batch that was accepted before, and is not written again.
    pub fn repeated(&self, records: u64) {
        let mut accounts = self.lock();
        accounts.received += records;
        accounts.already_stored += records;
    }

    /// Records that are not taken.
    pub fn rejected(&self, why: Rejection, records: u64) {
        let mut accounts = self.lock();
        accounts.received += records;
        let rejected = &mut accounts.rejected;
        *match why {
            Rejection::Invalid => &mut rejected.invalid,
            Rejection::KeyReused => &mut rejected.key_reused,
            Rejection::NotTaken => &mut rejected.not_taken,
        } += records;
    }

    /// Something was told of records that were taken.
    pub fn told(&self, counts: &NoticeCounts) {
        self.lock().warnings.add(counts);
    }

    /// Records that came and are kept aside at once, because they are too large to be stored.
    pub fn set_aside(&self, records: u64) {
        let mut accounts = self.lock();
        accounts.received += records;
        accounts.rejected.set_aside += records;
    }

    /// The counts of one moment.
    pub fn snapshot(&self) -> RecordCounts {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, RecordCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl spool::Accounts for Accounting {
    fn recovered(&self, records: u64) {
        let mut accounts = self.lock();
        accounts.recovered += records;
        accounts.waiting += records;
    }

    fn spooled(&self, records: u64) {
        let mut accounts = self.lock();
        accounts.received += records;
        accounts.waiting += records;
    }

    fn not_taken(&self, records: u64) {
        self.rejected(Rejection::NotTaken, records);
    }

    fn done(&self, outcome: &BatchOutcome) {
        let mut accounts = self.lock();
        accounts.waiting = accounts.waiting.saturating_sub(outcome.records());
        accounts.stored += outcome.stored;
        accounts.already_stored += outcome.already_stored;
        accounts.rejected.set_aside += outcome.refused;
    }

    fn waiting(&self) -> u64 {
        self.lock().waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spool::Accounts as _;

    #[test]
    fn at_every_moment_what_came_is_what_became_of_it_and_what_waits() {
        let counts = Accounting::default();
        let is_balanced = || {
            let told = counts.snapshot();
            let rejected = told.rejected;
            let refused = rejected.invalid + rejected.key_reused + rejected.not_taken;
            let ended = told.stored + told.already_stored + refused + rejected.set_aside;
            assert_eq!(told.received + told.recovered, ended + told.waiting);
            told
        };
        counts.recovered(5);
        assert_eq!(is_balanced().recovered, 5);
        counts.spooled(10);
        assert_eq!(counts.waiting(), 15);
        counts.not_taken(3);
        assert_eq!(is_balanced().rejected.not_taken, 3);
        counts.rejected(Rejection::Invalid, 2);
        counts.rejected(Rejection::KeyReused, 1);
        counts.repeated(4);
        counts.set_aside(2);
        counts.done(&BatchOutcome {
            stored: 7,
            already_stored: 2,
            refused: 1,
            deferred: 3,
        });
        let told = is_balanced();
        assert_eq!((told.received, told.waiting), (22, 5));
        assert_eq!((told.stored, told.already_stored), (7, 6));
        assert_eq!((told.rejected.set_aside, told.rejected.invalid), (3, 2));
    }
}
