//! The batches of their own in one request: which are new, and which were accepted before.

use super::idempotency::Keys;
use record::batch::{Batch, BatchOrigin, OwnBatches, TooLargeRecord};
use record::id::KeyDigest;
use std::collections::HashSet;
use std::sync::Arc;

/// What is new of them, and where it is remembered once it is taken.
#[derive(Debug)]
pub(super) struct OwnTurn {
    pub(super) batches: Vec<Batch>,
    pub(super) too_large: Vec<(BatchOrigin, TooLargeRecord)>,
    /// Records of those that were accepted before.
    pub(super) repeated: u64,
    pub(super) keys: Arc<Keys>,
}

impl OwnTurn {
    /// Asks for each of them whether it was accepted before, as far as that is remembered.
    pub(super) fn of(own: OwnBatches, keys: &Arc<Keys>) -> (Self, Vec<bool>) {
        let all = own.records() as u64;
        let large = own.too_large.iter().filter_map(|(origin, _)| origin.key);
        let large: HashSet<KeyDigest> = large.collect();
        // One without records stands for nothing: a later one is no repetition of it.
        let key_of = |batch: &Batch| {
            let key = batch.key().copied()?;
            (!batch.documents.is_empty() || large.contains(&key)).then_some(key)
        };
        let known = keys.which_are_known(own.batches.iter().map(key_of));
        let batches = own.batches.into_iter().zip(&known);
        let batches = batches.filter(|(batch, known)| !**known && key_of(batch).is_some());
        let batches: Vec<Batch> = batches.map(|(batch, _)| batch).collect();
        let mut too_large = own.too_large;
        if !too_large.is_empty() {
            let new: HashSet<_> = batches.iter().filter_map(|batch| batch.key()).collect();
            let mut seen = HashSet::new();
            too_large.retain(|(origin, record)| {
                let is_new = origin.key.as_ref().is_some_and(|key| new.contains(key));
                is_new && seen.insert((origin.key, record.position))
            });
        }
        let mut turn = Self {
            batches,
            too_large,
            repeated: 0,
            keys: Arc::clone(keys),
        };
        turn.repeated = all - turn.new_records();
        (turn, known)
    }

    /// Those that were not accepted before, as far as that is remembered.
    pub(super) fn new_records(&self) -> u64 {
        let documents = self.batches.iter().map(|batch| batch.documents.len());
        (documents.sum::<usize>() + self.too_large.len()) as u64
    }

    /// Records of all of them.
    pub(super) fn records(&self) -> u64 {
        self.repeated + self.new_records()
    }
}
