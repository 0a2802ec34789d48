//! A batch, or a part of one, in a portion that is being delivered.

use super::super::old_batches::OldBatch;
use super::super::row::{BatchRow, Incoming};
use super::at_hand::AtHand;
use super::spool::Copy;
use super::world::World;
use logs::Timestamp;
use record::batch::BatchOrigin;
use std::rc::Rc;

/// A batch in a portion.
pub(super) struct Item {
    pub(super) seq: u64,
    pub(super) copy: Rc<Copy>,
    /// Of what came without one; the earliest of all for what did not.
    pub(super) date: Timestamp,
    /// Positions without a fate.
    pub(super) left: Vec<u32>,
    pub(super) refused: Vec<u32>,
    /// To be stored now.
    pub(super) taken: Vec<u32>,
}

/// What the store knows of a batch: its row, and what it has of before.
pub(super) type Known = (Option<BatchRow>, Option<OldBatch>);

impl Item {
    pub(super) fn known(&self, world: &World) -> Known {
        let origin = world.origin_of(&self.copy);
        (world.row(&origin), world.old(self.copy.batch, &origin))
    }

    /// Takes what is to be stored now, and notes what the store refuses; whether some is left.
    pub(super) fn refuse(&mut self, world: &mut World) -> bool {
        let records = &world.batches[self.copy.batch].records;
        let is_refused = |position: &u32| records[*position as usize].is_refused;
        let refused: Vec<u32>;
        (refused, self.taken) = self.left.drain(..).partition(is_refused);
        self.refused.extend(&refused);
        let is_cut = self.taken.len() > 1 && world.random.once_in(4);
        if is_cut {
            self.left = self.taken.split_off(1);
        }
        is_cut
    }
}

pub(super) fn incoming<'a>(
    origin: &'a BatchOrigin,
    positions: &'a [u32],
    seq: u64,
    at_hand: &AtHand,
    refused: bool,
) -> Incoming<'a> {
    Incoming {
        origin,
        delay: None,
        positions,
        old: None,
        refused,
        spool: at_hand.spool.number,
        seq,
    }
}
