//! One pass over blocks: those that are taken out together, and those that are replaced one by one.

use super::Place;
use crate::StoreError;
use crate::blocks::merging::{Sources, Unmerged};
use crate::blocks::read::Source;
use crate::blocks::storage::{self, Applied, Change, Listed};
use crate::removal::{Purpose, Removal, RemovalStep};
use blocks::row_set::RowSet;
use record::id::RecordId;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Blocks that one transaction takes out, and bytes of them, but for one that is larger by itself: those who store wait
/// for it.
const MOST_BLOCKS: usize = 64;
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Whether what was tried was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    Done,
    /// A block was merged meanwhile: all that follows is to be planned anew.
    Outdated,
}

pub(super) struct Taking<'a> {
    place: Place<'a>,
    removal: &'a Arc<Removal>,
    deadline: Duration,
    handled: HashMap<storage::Place, RecordId>,
    /// Those that are taken out next, with their records and bytes.
    dropped: Vec<storage::Place>,
    records: u64,
    bytes: usize,
    done: RemovalStep,
    tried: Tried,
}

impl<'a> Taking<'a> {
    pub(super) fn new(place: Place<'a>, removal: &'a Arc<Removal>, deadline: Duration) -> Self {
        Self {
            place,
            removal,
            deadline,
            handled: place.handled.of(removal),
            dropped: Vec::new(),
            records: 0,
            bytes: 0,
            done: RemovalStep::default(),
            tried: Tried::Done,
        }
    }

    /// Whether nothing more of a block goes, or something is outdated.
    pub(super) fn is_handled(&self, block: &Listed) -> bool {
        self.tried == Tried::Outdated || self.handled.contains_key(&block.place)
    }

    /// Nothing of it goes.
    pub(super) fn leave(&mut self, block: &Listed) -> Tried {
        self.handled.insert(block.place, block.summary.last);
        self.tried
    }

    /// What goes of it cannot be told. By age, it goes when all that it has is old.
    pub(super) fn leave_damaged(
        &mut self,
        block: &Listed,
        reason: String,
    ) -> Result<Tried, StoreError> {
        if self.removal.purpose == Purpose::ForGood {
            return Err(StoreError::Damaged(reason));
        }
        tracing::warn!(
            reason,
            "what is too old in a damaged block stays until all of it is"
        );
        Ok(self.leave(block))
    }

    /// All of it goes.
    pub(super) fn drop_block(
        &mut self,
        source: Source<'_>,
        block: &Listed,
    ) -> Result<Tried, StoreError> {
        read_ahead(source, block);
        self.dropped.push(block.place);
        self.records += block.summary.records as u64;
        self.bytes += block.summary.bytes;
        match self.dropped.len() >= MOST_BLOCKS || self.bytes >= MOST_BYTES {
            true => self.flush(),
            false => Ok(self.tried),
        }
    }

    /// Some of it goes.
    pub(super) fn replace(
        &mut self,
        source: Source<'_>,
        block: &Listed,
        going: RowSet,
    ) -> Result<Tried, StoreError> {
        let records = going.count() as u64;
        let one = std::slice::from_ref(block);
        let read = Sources::read(source.snapshot, one);
        let change = match read.and_then(|sources| sources.without(&[going])) {
            Ok(change) => change,
            Err(Unmerged::Store(error)) => return Err(error),
            Err(Unmerged::Damaged(place, damaged)) => {
                let reason = place.damaged(damaged).to_string();
                return self.leave_damaged(block, reason);
            }
        };
        self.apply(&change, records)
    }

    fn flush(&mut self) -> Result<Tried, StoreError> {
        let change = Change {
            remove: std::mem::take(&mut self.dropped),
            ..Change::default()
        };
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        self.apply(&change, records)
    }

    fn apply(&mut self, change: &Change, records: u64) -> Result<Tried, StoreError> {
        if self.tried == Tried::Outdated || change.remove.is_empty() {
            return Ok(self.tried);
        }
        let is_for_good = self.removal.purpose == Purpose::ForGood;
        let file = self.place.file;
        match file.take_out(change, is_for_good, self.deadline)? {
            Applied::Done(places) => {
                self.done.records += records;
                for (place, made) in places.iter().zip(&change.add) {
                    self.done.rewritten += made.bytes() as u64;
                    self.handled.insert(*place, made.summary.last);
                }
                self.place.changed.records_went(&places);
            }
            Applied::Outdated => self.tried = Tried::Outdated,
        }
        Ok(self.tried)
    }

    /// Takes out what is left to be; all that was done, and whether that is all that was to be, of a pass that comes to
    /// `next`.
    pub(super) fn end(
        mut self,
        next: Option<RecordId>,
    ) -> Result<(RemovalStep, Tried), StoreError> {
        self.flush()?;
        let handled = self.place.handled;
        if self.tried == Tried::Done {
            handled.note(self.removal, self.handled, next);
        }
        Ok((self.done, self.tried))
    }
}

/// Reads a block that is about to go: to free its pages is to read them, and others would wait for that. Where it cannot
/// be read, it goes all the same.
fn read_ahead(source: Source<'_>, block: &Listed) {
    let front = source.front(block.place);
    let end = front.ok().and_then(|front| front.head.ranges().last());
    if let Some(end) = end.map(|last| last.end) {
        let all = std::slice::from_ref(&(0..end)).to_vec();
        drop(source.snapshot.columns(block.place, &all));
    }
}
