//! What the engine asks of the place where blocks are kept: a set of blocks and the ledger's rows, which change
//! together or not at all.

use super::ledger::old_batches::OldBatch;
use super::ledger::row::BatchRow;
use super::ledger::row::LedgerKey;
use crate::StoreError;
use crate::feed::table::Announcement;
use blocks::head::Summary;
use blocks::writer::Block;
use logs::Timestamp;
use query::Order;
use record::batch::BatchOrigin;
use record::id::BatchId;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// The UTC day that a block's records are of, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i64);

impl Day {
    /// That of blocks whose records are of several days.
    pub(super) const SEVERAL: Self = Self(i64::MIN);
}

/// Where a block is. No other one ever has its number while the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) day: Day,
    pub(super) number: u64,
}

/// A block, as far as it is known without looking into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) place: Place,
    pub(super) summary: Summary,
}

/// A block that is to be kept.
#[derive(Debug)]
pub(crate) struct Made {
    pub(super) day: Day,
    pub(super) summary: Summary,
    pub(super) block: Block,
}

/// What a batch's row is to become, if it still is what it was.
#[derive(Debug)]
pub(super) struct RowChange {
    pub(super) key: LedgerKey,
    pub(super) before: Option<BatchRow>,
    pub(super) after: BatchRow,
}

/// What is known of a batch of before, and what it is to become, if it still is so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldChange {
    pub(super) batch: BatchId,
    pub(super) before: OldBatch,
    pub(super) after: OldBatch,
}

/// Blocks and rows that come and go together.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) add: Vec<Made>,
    pub(super) remove: Vec<Place>,
    pub(super) rows: Vec<RowChange>,
    pub(super) old: Vec<OldChange>,
    /// What of it is new, for those who follow what is stored.
    pub(super) announced: Option<Announcement>,
}

/// What became of a [`Change`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Applied {
    /// It is durable; where the blocks are that were added.
    Done(Vec<Place>),
    /// A row, what was known of a batch of before, or a block that was to go, was not what it was any more: nothing
    /// was changed.
    Outdated,
}

/// A set of blocks that is read.
pub(super) trait Readable: Send + Sync {
    /// Reads of one state, whatever is changed meanwhile.
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;
}

/// A durable set of blocks.
pub(super) trait Storage: Readable + 'static {
    /// Changes all of it or nothing. When this fails, either may have happened.
    fn apply(&self, change: &Change, deadline: Duration) -> Result<Applied, StoreError>;

    /// The rows of batches, in the order of their keys here.
    fn rows(&self, keys: &[LedgerKey]) -> Result<Vec<Option<BatchRow>>, StoreError>;

    /// What is known of batches from before, in their order here, as far as that is
    /// [asked](super::ledger::old_batches::asks).
    fn old(&self, batches: &[BatchOrigin]) -> Result<Vec<Option<OldBatch>>, StoreError>;

    /// The small number of the spool that is at hand; 0 as long as none was met.
    fn spool(&self) -> u32;
}

/// One state of all blocks.
pub(super) trait Snapshot: Send {
    /// The first of some days, in an order, that has blocks.
    fn first_day(&self, days: Range<Day>, order: Order) -> Result<Option<Day>, StoreError>;

    /// The blocks of some days, in no order. Those of [several](Day::SEVERAL) have a day of their own.
    fn list(&self, days: Range<Day>) -> Result<Vec<Listed>, StoreError>;

    /// The head and the filter of a block, as they were written.
    fn head(&self, place: Place) -> Result<(Vec<u8>, Vec<u8>), StoreError>;

    /// Parts of a block's columns, which stand behind one another in their order.
    fn columns(&self, place: Place, parts: &[Range<usize>]) -> Result<Vec<Vec<u8>>, StoreError>;
}

impl Day {
    /// It alone.
    pub(super) fn only(self) -> Range<Self> {
        self..Self(self.0.saturating_add(1))
    }

    /// The day of a time.
    pub(super) fn of(time: Timestamp) -> Self {
        Self(time.day())
    }
}

impl Made {
    /// Bytes of all that is kept of it.
    pub(crate) fn bytes(&self) -> usize {
        let columns = self.block.columns.iter().map(Vec::len);
        self.block.head.len() + self.block.filter.len() + columns.sum::<usize>()
    }
}

impl Place {
    /// What is told of a block that is not what was written.
    pub(super) fn damaged(self, reason: impl fmt::Display) -> StoreError {
        let number = self.number;
        StoreError::Damaged(format!("block {number}: {reason}"))
    }
}
