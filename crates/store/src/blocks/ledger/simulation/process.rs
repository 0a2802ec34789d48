//! A process: all that a crash forgets.

use super::Fault;
use super::at_hand::AtHand;
use super::delivering::Delivery;
use super::forgetting::Forgetting;
use super::letters::Letter;
use super::spool::Copy;
use super::world::World;
use std::collections::BTreeMap;

const DELIVERIES: usize = 3;
/// Kinds of steps.
const STEPS: usize = 11;
/// How often each is taken: while much is sent, while little is, and while the store is away.
const BUSY: [usize; STEPS] = [4, 16, 4, 1, 4, 1, 2, 1, 1, 1, 2];
const QUIET: [usize; STEPS] = [1, 36, 4, 2, 8, 1, 6, 1, 2, 1, 20];
const AWAY: [usize; STEPS] = [3, 1, 4, 1, 1, 1, 1, 1, 3, 1, 3];

pub(super) struct Process {
    pub(super) at_hand: AtHand,
    deliveries: Vec<Delivery>,
    /// A file of letters of which all are in the spool again.
    put_back: Option<(u64, Vec<Letter>)>,
    forgetting: Forgetting,
    /// How often it takes each kind of step: much is met only where other things are rare.
    weights: [usize; STEPS],
}

impl Process {
    pub(super) fn start(world: &mut World) -> Self {
        let spool = world.meet_spool();
        let (fault, below) = (world.fault, spool.forgotten_below);
        let progress = world.folder.open(below, fault, &mut world.random);
        let usual = world.random.of(&[BUSY, QUIET, QUIET, QUIET, AWAY]);
        let weights = usual.map(|weight| weight * world.random.of(&[0, 1, 1, 1, 1, 1, 1, 3]));
        Self {
            at_hand: AtHand {
                spool,
                progress,
                letters_are_read: false,
                leaving: None,
            },
            deliveries: Vec::new(),
            put_back: None,
            forgetting: Forgetting::default(),
            weights,
        }
    }

    /// Takes a random step.
    pub(super) fn step(&mut self, world: &mut World) {
        match world.random.weighted(&self.weights) {
            0 => world.send(self.at_hand.leaving),
            1 => self.deliver(world),
            2 => self.at_hand.letters_are_read = true,
            3 => self.put_back(world),
            4 => drop(world.folder.remove_finished(&mut self.at_hand.progress)),
            5 => world.folder.write_hint(&self.at_hand.progress),
            6 => world.folder.rotate(),
            7 => world.change_a_record(),
            8 => {
                let hours = world.random.of(&[0, 0, 2, 2, 13, 50, 300]);
                world.pass(hours);
                world.put_clock_back();
            }
            9 => world.has_room_for_letters = !world.random.once_in(4),
            _ => self.forget(world),
        }
    }

    /// A step of a delivery, or a new one.
    pub(super) fn deliver(&mut self, world: &mut World) {
        let place = world.random.below(DELIVERIES);
        if place < self.deliveries.len() {
            let mut delivery = self.deliveries.swap_remove(place);
            if !delivery.step(world, &mut self.at_hand) {
                self.deliveries.push(delivery);
            }
            return;
        }
        let most = 1 + world.random.below(3);
        let portion = self.at_hand.progress.take(&world.folder, most);
        if !portion.is_empty() {
            self.deliveries.push(Delivery::new(portion));
        }
    }

    /// Puts dead letters back into the spool, and forgets their file when they are there.
    pub(super) fn put_back(&mut self, world: &mut World) {
        let is_held = world.is_backed_up && world.fault != Fault::PutBackMeanwhile;
        if !self.at_hand.letters_are_read || is_held {
            return;
        }
        let before = world.fault == Fault::LettersForgottenFirst;
        self.at_hand.leaving = None;
        if let Some((number, letters)) = self.put_back.take() {
            if before {
                append(world, &letters);
            } else {
                world.letters.forget(number);
            }
        } else if let Some((number, letters)) = world.letters.first_file() {
            if before {
                world.letters.forget(number);
            } else {
                append(world, &letters);
            }
            world.is_midway = true;
            world.met.put_back += letters.len() as u64;
            self.at_hand.leaving = Some(number);
            self.put_back = Some((number, letters));
        }
    }

    pub(super) fn forget(&mut self, world: &mut World) {
        if world.has_rows() {
            // Their ids are for ever.
            return;
        }
        let mut forgetting = std::mem::take(&mut self.forgetting);
        forgetting.step(world, &self.at_hand);
        self.forgetting = forgetting;
    }

    pub(super) fn is_putting_back(&self) -> bool {
        self.put_back.is_some()
    }

    pub(super) fn is_idle(&self, world: &World) -> bool {
        let is_delivered = self.at_hand.progress.done_below == world.folder.next_seq();
        is_delivered && self.deliveries.is_empty() && self.put_back.is_none()
    }
}

/// One batch in the spool for each that letters are of, as it came; and one for each of which nobody knows that.
fn append(world: &mut World, letters: &[Letter]) {
    let mut batches: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let (alone, together): (Vec<&Letter>, Vec<&Letter>) =
        letters.iter().partition(|letter| letter.alone.is_some());
    for letter in alone {
        world.met.moving.alone += 1;
        let received_at = world.batches[letter.batch].origin.received_at;
        world.folder.append(Copy {
            batch: letter.batch,
            positions: vec![letter.position],
            received_at,
            alone: letter.alone,
        });
    }
    for letter in together {
        batches
            .entry(letter.batch)
            .or_default()
            .push(letter.position);
    }
    for (batch, positions) in batches {
        let received_at = world.batches[batch].origin.received_at;
        world.folder.append(Copy {
            batch,
            positions,
            received_at,
            alone: None,
        });
    }
}
