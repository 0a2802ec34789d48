//! What is told of an embedded store that is looked at from outside.

use super::StoreError;
use logs::Timestamp;
use record::id::BatchId;
use std::io;
use std::ops::RangeInclusive;

/// What a look at every record comes to tell, one thing after another. It ends the look by failing.
pub type Tell<'a> = dyn FnMut(Told) -> io::Result<()> + 'a;

/// Something that is told meanwhile.
#[derive(Debug)]
pub enum Told {
    /// How far it has come, in blocks or rows, and how many are known.
    Progress {
        /// Looked at.
        done: u64,
        /// Of so many.
        all: u64,
    },
    /// Something is not what was written.
    Damage(Damage),
}

/// Something that is not what was written.
#[derive(Debug)]
pub struct Damage {
    /// Where.
    pub place: String,
    /// What is wrong there.
    pub reasons: Vec<String>,
    /// The records that it is about, where it is about some.
    pub records: Option<DamagedRecords>,
}

/// The records of a damaged block.
#[derive(Debug)]
pub struct DamagedRecords {
    /// How many.
    pub count: usize,
    /// The time of the first one.
    pub first: Timestamp,
    /// The time of the last one.
    pub last: Timestamp,
    /// The batches that they came in; `None` when that cannot be read any more.
    pub batches: Option<Vec<DamagedBatch>>,
}

/// What a damaged block has of a batch.
#[derive(Debug)]
pub struct DamagedBatch {
    /// The batch.
    pub batch: BatchId,
    /// Which of its records.
    pub positions: Vec<RangeInclusive<u32>>,
    /// How many these are.
    pub count: u64,
    /// The time of the first one.
    pub first: Timestamp,
    /// The time of the last one.
    pub last: Timestamp,
    /// When it was received, to the millisecond.
    pub received_at: Timestamp,
}

/// What a look at every record has come to.
#[derive(Debug, Default)]
pub struct Verified {
    /// Records that are what was written.
    pub records: u64,
    /// The time of the first and of the last of them.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Blocks that are what was written.
    pub blocks: u64,
    /// Rows of the ledger that are what was written.
    pub batches: u64,
    /// How often damage was told.
    pub damages: u64,
    /// Records of damaged blocks, as far as it is known how many they have.
    pub damaged_records: u64,
}

impl Verified {
    /// Whether all of it is what was written.
    pub fn is_sound(&self) -> bool {
        self.damages == 0
    }

    pub(super) fn add(&mut self, records: u64, first: Timestamp, last: Timestamp) {
        self.records += records;
        self.times = Some(spanning(self.times, first, last));
    }
}

/// The times of these and of others.
pub(super) fn spanning(
    others: Option<(Timestamp, Timestamp)>,
    first: Timestamp,
    last: Timestamp,
) -> (Timestamp, Timestamp) {
    match others {
        None => (first, last),
        Some((start, end)) => (start.min(first), end.max(last)),
    }
}

/// Why a look at every record has ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unverified {
    #[error(transparent)]
    Tell(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an embedded store has.
#[derive(Debug)]
pub struct Statistics {
    /// Bytes of the file.
    pub bytes: u64,
    /// Of these, bytes of pages that nothing is in.
    pub free_bytes: u64,
    /// Bytes of the log beside it, which a stop puts into the file.
    pub log_bytes: u64,
    /// Records.
    pub records: u64,
    /// The time of the first and of the last one.
    pub times: Option<(Timestamp, Timestamp)>,
    /// By UTC day, in their order; records of several days in one block come before all.
    pub days: Vec<Day>,
    /// The blocks, where it is in blocks.
    pub blocks: Option<Blocks>,
}

/// The records of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Midnight, at which it begins; `None` for blocks that have records of several days.
    pub start: Option<Timestamp>,
    /// Records.
    pub records: u64,
    /// Blocks, and the bytes of what is in them; none where it is in rows.
    pub blocks: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// Blocks, and the ledger beside them.
#[derive(Debug)]
pub struct Blocks {
    /// How many have how many records, the smallest first.
    pub sizes: Vec<SizeClass>,
    /// Rows of the ledger.
    pub ledger: Ledger,
}

/// Blocks of about one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeClass {
    /// Records in each of them: from so many to so many.
    pub range: RangeInclusive<usize>,
    /// Blocks.
    pub blocks: u64,
    /// Their records.
    pub records: u64,
    /// Bytes of what is in them.
    pub bytes: u64,
}

/// Batches that are remembered.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    /// Without a key.
    pub keyless: u64,
    /// Whose key was made of what was sent.
    pub content_key: u64,
    /// Under a client's own key.
    pub own_key: u64,
}

impl Ledger {
    /// All of them.
    pub fn rows(&self) -> u64 {
        self.keyless + self.content_key + self.own_key
    }
}
