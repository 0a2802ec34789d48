//! Which documents of a portion are new, by what the store knows of their batches.

use super::super::ledger::old_batches::OldBatch;
use super::super::ledger::row::{BatchRow, Incoming, plan};
use super::super::storage::{OldChange, RowChange};
use super::Portion;
use crate::feed::Announced;
use blocks::writer::NotTaken;
use logs::clock::Clock;
use record::id::BatchId;
use std::collections::HashMap;

/// What the store knows of the portion's batches, in their order.
pub(super) struct Known {
    pub(super) rows: Vec<Option<BatchRow>>,
    pub(super) old: Vec<Option<OldBatch>>,
}

/// What of the portion is new, and what is known of its batches then.
pub(super) struct Planned {
    pub(super) is_new: Vec<bool>,
    pub(super) rows: Vec<RowChange>,
    pub(super) old: Vec<OldChange>,
    pub(super) announced: Announced,
}

impl Portion<'_> {
    /// Which documents are new, and what their batches' rows become, and what is known of those of before.
    pub(super) fn plan(
        &self,
        known: &Known,
        refused: &[Option<NotTaken>],
        spool: u32,
        clock: &dyn Clock,
    ) -> Planned {
        let mut is_new = vec![false; self.documents.len()];
        let mut changes = Vec::with_capacity(self.batches.len());
        // Two batches of the ledger may be one of before.
        let mut old_changes: Vec<OldChange> = Vec::new();
        let mut announced = Announced::default();
        let mut places: HashMap<BatchId, usize> = HashMap::new();
        let is_taken = |place: &&usize| refused.get(**place).is_some_and(Option::is_none);
        for ((batch, row), old) in self.batches.iter().zip(&known.rows).zip(&known.old) {
            let mut old = old.as_ref().and_then(|old| {
                let id = batch.source.origin.id;
                let place = *places.entry(id).or_insert_with(|| {
                    old_changes.push(OldChange {
                        batch: id,
                        before: old.clone(),
                        after: old.clone(),
                    });
                    old_changes.len() - 1
                });
                old_changes.get_mut(place).map(|change| &mut change.after)
            });
            let taken: Vec<usize> = batch.documents.iter().filter(is_taken).copied().collect();
            let position = |place: &usize| {
                let document = self.documents.get(*place);
                document.map(|document| document.stored.id.position())
            };
            let positions: Vec<u32> = taken.iter().filter_map(position).collect();
            let incoming = Incoming {
                origin: &batch.source.origin,
                delay: batch.delay,
                positions: &positions,
                old: old.as_deref(),
                refused: taken.len() < batch.documents.len(),
                spool,
                seq: batch.source.seq,
            };
            let plan = plan(row.as_ref(), &incoming, clock.now());
            if let Some(old) = &mut old {
                old.have.union(&plan.added);
            }
            announced.add_all(batch.source.origin.id, &plan.added);
            for (place, new) in taken.into_iter().zip(plan.is_new) {
                if let Some(is_new) = is_new.get_mut(place) {
                    *is_new = new;
                }
            }
            changes.push(RowChange {
                key: batch.key,
                before: row.clone(),
                after: plan.row,
            });
        }
        Planned {
            is_new,
            rows: changes,
            old: old_changes,
            announced,
        }
    }
}
