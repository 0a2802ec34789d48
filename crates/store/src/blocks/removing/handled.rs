//! Blocks that have nothing more that goes, though they reach behind the place where a step ended: the next step looks
//! at none of them again.

use crate::blocks::storage::Place;
use crate::removal::Removal;
use record::id::RecordId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Of several removals that are under way, by the last record of each block. A block never changes, nor does a removal.
#[derive(Default)]
pub(in crate::blocks) struct Handled(Mutex<Vec<OfRemoval>>);

struct OfRemoval {
    removal: Weak<Removal>,
    blocks: HashMap<Place, RecordId>,
}

impl Handled {
    /// Those of a removal.
    pub(super) fn of(&self, removal: &Arc<Removal>) -> HashMap<Place, RecordId> {
        let all = self.all();
        let known = all.iter().find(|known| known.is_of(removal));
        known.map(|known| known.blocks.clone()).unwrap_or_default()
    }

    /// Notes those of a removal that comes to `next`.
    pub(super) fn note(
        &self,
        removal: &Arc<Removal>,
        mut blocks: HashMap<Place, RecordId>,
        next: Option<RecordId>,
    ) {
        blocks.retain(|_, last| next.is_some_and(|next| *last > next));
        let mut all = self.all();
        all.retain(|known| known.removal.strong_count() > 0 && !known.is_of(removal));
        if !blocks.is_empty() {
            let removal = Arc::downgrade(removal);
            all.push(OfRemoval { removal, blocks });
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<OfRemoval>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OfRemoval {
    fn is_of(&self, removal: &Arc<Removal>) -> bool {
        std::ptr::eq(self.removal.as_ptr(), Arc::as_ptr(removal))
    }
}
