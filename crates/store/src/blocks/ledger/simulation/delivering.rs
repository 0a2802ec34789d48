//! Deliveries: what is read, decided, written, set aside and done, each a step of its own.

use super::super::row::{BatchRow, Incoming, marked, plan};
use super::Fault;
use super::at_hand::AtHand;
use super::letters::Letter;
use super::spool::Copy;
use super::world::World;
use record::batch::BatchOrigin;
use std::rc::Rc;

/// A portion on its way to the store.
pub(super) struct Delivery {
    items: Vec<Item>,
    stage: Stage,
}

struct Item {
    seq: u64,
    copy: Rc<Copy>,
    /// Positions without a fate.
    left: Vec<u32>,
    refused: Vec<u32>,
}

enum Stage {
    Read,
    /// Blocks are built from these rows.
    Built(Vec<Option<BatchRow>>),
    /// What was refused is learned from an insert that failed, and not by what writes blocks.
    ToBeMarked,
    ToBeSetAside,
    Done,
}

impl Delivery {
    pub(super) fn new(portion: Vec<(u64, Rc<Copy>)>) -> Self {
        let items = portion.into_iter().map(|(seq, copy)| Item {
            seq,
            left: copy.positions.clone(),
            refused: Vec::new(),
            copy,
        });
        Self {
            items: items.collect(),
            stage: Stage::Read,
        }
    }

    /// Takes a step; whether it was the last.
    pub(super) fn step(&mut self, world: &mut World, at_hand: &mut AtHand) -> bool {
        let swapped = world.fault == Fault::SetAsideBeforeMark;
        match std::mem::replace(&mut self.stage, Stage::Read) {
            Stage::Read => {
                if world.random.once_in(15) {
                    self.begin_anew();
                }
                let rows = self.items.iter().map(|item| world.row(item.copy.batch));
                self.stage = Stage::Built(rows.collect());
            }
            Stage::Built(rows) => self.write(world, at_hand, &rows),
            Stage::ToBeMarked => {
                self.mark(world, at_hand);
                self.stage = if swapped {
                    Stage::Done
                } else {
                    Stage::ToBeSetAside
                };
            }
            Stage::ToBeSetAside if !at_hand.letters_are_read => self.stage = Stage::ToBeSetAside,
            Stage::ToBeSetAside => {
                self.stage = match (self.set_aside(world, at_hand), swapped) {
                    (false, _) => Stage::ToBeSetAside,
                    (true, false) => Stage::Done,
                    (true, true) => Stage::ToBeMarked,
                };
            }
            Stage::Done => {
                for item in &self.items {
                    at_hand.progress.done(item.seq);
                }
                return true;
            }
        }
        false
    }

    /// Nobody knows what the store has done.
    fn begin_anew(&mut self) {
        for item in &mut self.items {
            item.left.clone_from(&item.copy.positions);
            item.refused.clear();
        }
    }

    /// The transaction that writes blocks and rows.
    fn write(&mut self, world: &mut World, at_hand: &mut AtHand, built: &[Option<BatchRow>]) {
        let read_again = world.fault != Fault::HaveNotReadAgain;
        let same = |(item, row): (&Item, &Option<BatchRow>)| world.row(item.copy.batch) == *row;
        if read_again && !self.items.iter().zip(built).all(same) {
            world.met.built_anew += 1;
            return;
        }
        // A store that knows what it refuses marks in the same transaction.
        let knows = world.random.once_in(2);
        let marks = knows && world.fault != Fault::SetAsideBeforeMark;
        let mut is_cut = false;
        for (item, built) in self.items.iter_mut().zip(built) {
            let records = &world.batches[item.copy.batch].records;
            let is_refused = |position: &u32| records[*position as usize].is_refused;
            let (refused, mut taken): (Vec<u32>, Vec<u32>) =
                item.left.drain(..).partition(is_refused);
            if taken.len() > 1 && world.random.once_in(4) {
                item.left = taken.split_off(1);
                is_cut = true;
            }
            item.refused.extend(&refused);
            if taken.is_empty() && !marks && !item.refused.is_empty() {
                continue;
            }
            let row = if read_again {
                world.row(item.copy.batch)
            } else {
                built.clone()
            };
            let mut given = taken.clone();
            if world.fault == Fault::RefusedInHave {
                given.extend(&refused);
            }
            let origin = item.origin(world);
            let incoming = incoming(
                &origin,
                &given,
                item.seq,
                at_hand,
                marks && !item.refused.is_empty(),
            );
            let planned = plan(row.as_ref(), &incoming, world.now);
            for (position, is_new) in taken.iter().zip(&planned.is_new) {
                match is_new {
                    true => world.store(item.copy.batch, *position),
                    false => world.met.already_stored += 1,
                }
            }
            let nothing_new = !planned.is_new.contains(&true);
            if row.is_none() || !nothing_new || world.fault != Fault::SeqOnlyWithNews {
                world.write_row(item.copy.batch, planned.row);
            }
        }
        let is_known = !is_cut && !world.random.once_in(20);
        if is_known {
            self.stage = self.after_writing(world.fault, marks, at_hand);
        }
    }

    /// What follows when every record has its fate.
    fn after_writing(&self, fault: Fault, marked: bool, at_hand: &mut AtHand) -> Stage {
        if self.items.iter().all(|item| item.refused.is_empty()) {
            return Stage::Done;
        }
        if fault == Fault::DoneBeforeSetAside {
            for item in &self.items {
                at_hand.progress.done(item.seq);
            }
            return Stage::ToBeSetAside;
        }
        match marked || fault == Fault::SetAsideBeforeMark {
            true => Stage::ToBeSetAside,
            false => Stage::ToBeMarked,
        }
    }

    fn mark(&self, world: &mut World, at_hand: &AtHand) {
        for item in self.items.iter().filter(|item| !item.refused.is_empty()) {
            let origin = item.origin(world);
            let incoming = incoming(&origin, &[], item.seq, at_hand, true);
            let row = marked(world.row(item.copy.batch).as_ref(), &incoming, world.now);
            world.write_row(item.copy.batch, row);
        }
    }

    /// Keeps what was refused, among the dead letters or at the spool's end; whether it could.
    fn set_aside(&mut self, world: &mut World, at_hand: &AtHand) -> bool {
        let refusing = self
            .items
            .iter_mut()
            .filter(|item| !item.refused.is_empty());
        for item in refusing {
            let batch = item.copy.batch;
            let letters = item.refused.iter().map(|position| Letter {
                batch,
                position: *position,
                at_the_door: false,
            });
            if world.has_room_for_letters {
                world.is_midway = true;
                world.met.set_aside += item.refused.len() as u64;
                world.letters.add(letters.collect(), at_hand.leaving);
            } else if item.refused == item.copy.positions {
                // It waits where it is.
                return false;
            } else {
                world.met.deferred += 1;
                world.folder.append(Copy {
                    batch,
                    positions: std::mem::take(&mut item.refused),
                    received_at: item.copy.received_at,
                });
            }
        }
        true
    }
}

impl Item {
    fn origin(&self, world: &World) -> BatchOrigin {
        BatchOrigin {
            received_at: self.copy.received_at,
            ..world.batches[self.copy.batch].origin
        }
    }
}

fn incoming<'a>(
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
        refused,
        spool: at_hand.spool.number,
        seq,
    }
}
