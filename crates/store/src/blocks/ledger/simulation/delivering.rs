//! Deliveries: what is read, decided, written, set aside and done, each a step of its own.

use super::super::old_batches::OldBatch;
use super::super::row::{Incoming, marked, plan};
use super::Fault;
use super::at_hand::AtHand;
use super::item::{Item, Known, incoming};
use super::letters::Letter;
use super::spool::Copy;
use super::world::World;
use logs::Timestamp;
use record::batch::BatchOrigin;
use std::rc::Rc;

/// A portion on its way to the store.
pub(super) struct Delivery {
    items: Vec<Item>,
    stage: Stage,
}

enum Stage {
    Read,
    /// Blocks are built from these rows.
    Built(Vec<Known>),
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
            taken: Vec::new(),
            date: Timestamp::MIN,
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
                if world.has_rows() {
                    self.write_rows(world);
                    return false;
                }
                self.date(world, at_hand);
                let known = self.items.iter().map(|item| item.known(world));
                self.stage = Stage::Built(known.collect());
            }
            Stage::Built(known) => self.write(world, at_hand, &known),
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

    /// The transaction of a store that keeps rows.
    fn write_rows(&mut self, world: &mut World) {
        let mut is_cut = false;
        for item in &mut self.items {
            item.date = world.date_in_rows(&item.copy);
            is_cut |= item.refuse(world);
            for position in item.taken.drain(..) {
                world.insert_row(&item.copy, position, item.date);
            }
        }
        let has_refused = self.items.iter().any(|item| !item.refused.is_empty());
        if !is_cut && !world.random.once_in(20) {
            self.stage = match has_refused {
                true => Stage::ToBeSetAside,
                false => Stage::Done,
            };
        }
    }

    /// Dates what comes without a time, by what is remembered of when its batch was received first.
    fn date(&mut self, world: &mut World, at_hand: &AtHand) {
        for item in &mut self.items {
            let batch = item.copy.batch;
            let origin = world.origin_of(&item.copy);
            item.date = match (world.is_undated(&item.copy), item.copy.alone, origin.key) {
                (false, ..) => Timestamp::MIN,
                (true, Some(date), _) => date,
                (true, None, None) => item.copy.received_at,
                (true, None, Some(_)) => match item.known(world) {
                    (Some(row), _) => row.received_at,
                    (None, old) => {
                        let old = old.and_then(|old| old.received_at);
                        let received_at = old.unwrap_or(origin.received_at);
                        let first = BatchOrigin {
                            received_at,
                            ..origin
                        };
                        let incoming = incoming(&first, &[], 0, at_hand, false);
                        let row = plan(None, &incoming, world.now).row;
                        world.write_row(batch, &origin, row);
                        received_at
                    }
                },
            };
        }
    }

    /// The transaction that writes blocks and rows.
    fn write(&mut self, world: &mut World, at_hand: &mut AtHand, built: &[Known]) {
        let read_again = world.fault != Fault::HaveNotReadAgain;
        let same = |(item, built): (&Item, &Known)| {
            let (row, old) = item.known(world);
            row == built.0 && (old == built.1 || world.fault == Fault::OldNotReadAgain)
        };
        if read_again && !self.items.iter().zip(built).all(same) {
            world.met.built_anew += 1;
            return;
        }
        // A store that knows what it refuses marks in the same transaction.
        let is_marking = world.random.once_in(2);
        let marks = is_marking && world.fault != Fault::SetAsideBeforeMark;
        let mut is_cut = false;
        for (item, built) in self.items.iter_mut().zip(built) {
            let before = item.refused.len();
            is_cut |= item.refuse(world);
            let refused = item.refused[before..].to_vec();
            let taken = std::mem::take(&mut item.taken);
            if taken.is_empty() && !marks && !item.refused.is_empty() {
                continue;
            }
            let known = item.known(world);
            let row = if read_again { known.0 } else { built.0.clone() };
            let old = old_as_seen(world.fault, known.1, built.1.as_ref());
            let mut given = taken.clone();
            if world.fault == Fault::RefusedInHave {
                given.extend(&refused);
            }
            let origin = world.origin_of(&item.copy);
            let has_mark = marks && !item.refused.is_empty();
            let incoming = Incoming {
                old: old.as_ref(),
                ..incoming(&origin, &given, item.seq, at_hand, has_mark)
            };
            let planned = plan(row.as_ref(), &incoming, world.now);
            for (position, is_new) in taken.iter().zip(&planned.is_new) {
                let is_old = old.as_ref().is_some_and(|old| old.have.contains(*position));
                world.met.moving.known_of_before += u64::from(is_old);
                match is_new {
                    true => world.store(item.copy.batch, *position, item.date),
                    false => world.met.already_stored += 1,
                }
            }
            if old.is_some()
                && world.fault != Fault::NewNotAdded
                && let Some(old) = world.old.batches.get_mut(&item.copy.batch)
            {
                old.have.union(&planned.added);
            }
            let nothing_new = !planned.is_new.contains(&true);
            if row.is_none() || !nothing_new || world.fault != Fault::SeqOnlyWithNews {
                world.write_row(item.copy.batch, &origin, planned.row);
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
            let origin = world.origin_of(&item.copy);
            let (row, old) = item.known(world);
            let incoming = Incoming {
                old: old.as_ref(),
                ..incoming(&origin, &[], item.seq, at_hand, true)
            };
            let row = marked(row.as_ref(), &incoming, world.now);
            world.write_row(item.copy.batch, &origin, row);
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
                alone: (item.copy.alone)
                    .or_else(|| world.alone(world.date_of(batch, *position, item.date))),
            });
            let letters: Vec<Letter> = letters.collect();
            if world.has_room_for_letters {
                world.is_midway = true;
                world.met.set_aside += item.refused.len() as u64;
                world.letters.add(letters, at_hand.leaving);
            } else if item.refused == item.copy.positions {
                // It waits where it is.
                return false;
            } else {
                world.met.deferred += 1;
                world.folder.append(Copy {
                    batch,
                    positions: std::mem::take(&mut item.refused),
                    received_at: item.copy.received_at,
                    alone: item.copy.alone,
                });
            }
        }
        true
    }
}

/// What a transaction takes to be known of before.
fn old_as_seen(fault: Fault, old: Option<OldBatch>, built: Option<&OldBatch>) -> Option<OldBatch> {
    match fault {
        Fault::OldNotReadAgain => built.cloned(),
        Fault::RowDatedAnew => old.map(|old| OldBatch {
            received_at: None,
            ..old
        }),
        _ => old,
    }
}
