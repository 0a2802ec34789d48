//! A folder with rows, and what of it lasts while it becomes one with blocks.

use super::super::old_batches::OldBatch;
use logs::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// By which a row is known: its date, where that is not a function of what was sent, its batch and its position.
pub(super) type RowId = (Timestamp, usize, u32);

/// How far a folder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Rows,
    /// Whoever knows rows refuses it; nothing is moved yet.
    Marked,
    Moving,
    /// All rows are in blocks, and there yet.
    Moved,
    Blocks,
}

/// A folder that was begun with rows.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) state: State,
    pub(super) ids: BTreeSet<RowId>,
    /// The markers of receipt.
    pub(super) receipts: BTreeMap<usize, Timestamp>,
    /// When each row was received, as it says.
    pub(super) received: BTreeMap<RowId, Timestamp>,
    /// In blocks, by how often.
    pub(super) moved: BTreeMap<RowId, u32>,
    /// Rows are in blocks up to this one.
    pub(super) up_to: Option<RowId>,
    /// An aggregator works on it that keeps nothing of a batch with its dead letters.
    pub(super) earlier: bool,
}

/// What a folder of blocks knows of before.
#[derive(Debug, Default)]
pub(super) struct Old {
    pub(super) before: Option<Timestamp>,
    pub(super) batches: BTreeMap<usize, OldBatch>,
}

impl Rows {
    /// Whether the service refuses the folder.
    pub(super) fn is_moving(&self) -> bool {
        matches!(self.state, State::Marked | State::Moving | State::Moved)
    }
}
