//! The move of a folder from rows to blocks, step by step.

use super::super::have::Have;
use super::super::spools::at_hand;
use super::Fault;
use super::process::Process;
use super::rows::{RowId, State};
use super::world::World;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Rows of a block.
const BLOCK: usize = 2;
/// Then it is told that the spool cannot be emptied.
const MOST_DELIVERIES: u32 = 400;

/// A run of `aggregator migrate`.
pub(super) struct Move {
    step: Step,
    deliveries: u32,
    /// The batches of letters, by a fault as they were before the spool was emptied.
    noted: Option<Vec<usize>>,
}

enum Step {
    /// What the spool holds goes into the rows.
    Drain(Process),
    /// Another segment is begun, and the others go.
    Renew(Process),
    Mark,
    Begin,
    Blocks,
    /// A block whose place is not noted with it, by a fault.
    Place(RowId),
    /// One whose positions are not, by another.
    Have(BTreeMap<usize, Have>),
    Receipts,
    /// The file of blocks is one as any other.
    End,
    Replace,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stepped {
    GoesOn,
    Moved,
    /// The service has to mend something first.
    GaveUp,
}

impl Move {
    /// Finds out how far it came.
    pub(super) fn start(world: &mut World) -> Self {
        let rows = world.rows_of_before.as_mut().unwrap();
        let step = match rows.state {
            State::Rows if rows.up_to.is_some() => Step::Blocks,
            State::Rows | State::Marked => {
                // Nothing is moved yet: the spool may be another one by now.
                rows.state = State::Rows;
                rows.earlier = false;
                Step::Drain(Process::start(world))
            }
            State::Moving => Step::Blocks,
            State::Moved | State::Blocks => Step::Replace,
        };
        let noted = world.letters.all().map(|letter| letter.batch).collect();
        Self {
            step,
            deliveries: 0,
            noted: (world.fault == Fault::LettersNotedFirst).then_some(noted),
        }
    }

    pub(super) fn step(&mut self, world: &mut World) -> Stepped {
        if world.random.once_in(8) {
            world.pass(1);
        }
        let rows = world.rows_of_before.as_mut().unwrap();
        self.step = match std::mem::replace(&mut self.step, Step::Blocks) {
            Step::Drain(_) if self.deliveries > MOST_DELIVERIES => return Stepped::GaveUp,
            Step::Drain(process) => self.drain(world, process),
            Step::Renew(mut process) => {
                let progress = &mut process.at_hand.progress;
                match world.folder.remove_finished(progress) {
                    true => Step::Renew(process),
                    false => Step::Mark,
                }
            }
            Step::Mark => {
                if world.fault != Fault::RowsNotMarked {
                    rows.state = State::Marked;
                }
                Step::Begin
            }
            Step::Begin => {
                begin(world, self.noted.take());
                Step::Blocks
            }
            Step::Blocks => next_block(world),
            Step::Place(place) => {
                rows.up_to = Some(place);
                Step::Blocks
            }
            Step::Have(have) => {
                add(world, &have);
                Step::Blocks
            }
            Step::Receipts => {
                receipts(world);
                if world.fault == Fault::ReceiptsBehind {
                    return Stepped::Moved;
                }
                Step::End
            }
            Step::End => {
                rows.state = State::Moved;
                Step::Replace
            }
            Step::Replace => {
                replace(world);
                if world.fault != Fault::ReceiptsBehind {
                    return Stepped::Moved;
                }
                world.is_midway = true;
                Step::Receipts
            }
        };
        Stepped::GoesOn
    }

    fn drain(&mut self, world: &mut World, mut process: Process) -> Step {
        self.deliveries += 1;
        process.at_hand.letters_are_read = true;
        if process.is_idle(world) || world.fault == Fault::SpoolNotEmptied {
            world.folder.rotate();
            return Step::Renew(process);
        }
        process.deliver(world);
        Step::Drain(process)
    }
}

/// The file of blocks is made: it knows of the spool and of the letters.
fn begin(world: &mut World, noted: Option<Vec<usize>>) {
    let (id, now) = (world.folder.id, world.now);
    let place = at_hand(&mut world.spools, id, now);
    world.spools[place].forgotten_below = world.folder.next_seq();
    world.old.batches.clear();
    let lettered: Vec<usize> = world.letters.all().map(|letter| letter.batch).collect();
    let received = lettered
        .iter()
        .map(|batch| world.batches[*batch].origin.received_at);
    let latest = received
        .max()
        .filter(|_| world.fault != Fault::BeforeOfTheBeginning);
    world.old.before = latest.max(Some(now));
    if world.fault != Fault::LettersNotNoted {
        for batch in noted.unwrap_or(lettered) {
            world.old.batches.entry(batch).or_default();
        }
    }
    let rows = world.rows_of_before.as_mut().unwrap();
    if rows.state == State::Marked {
        rows.state = State::Moving;
    }
    (rows.up_to, rows.moved) = (None, BTreeMap::new());
}

/// Moves some rows behind those that are moved, in one transaction.
fn next_block(world: &mut World) -> Step {
    let fault = world.fault;
    let rows = world.rows_of_before.as_mut().unwrap();
    let behind = rows.up_to.map_or(Bound::Unbounded, Bound::Excluded);
    let next = rows.ids.range((behind, Bound::Unbounded));
    let block: Vec<RowId> = next.take(BLOCK).copied().collect();
    let Some(last) = block.last().copied() else {
        return match fault {
            Fault::ReceiptsBehind => Step::End,
            _ => Step::Receipts,
        };
    };
    if fault != Fault::BeforeOfTheBeginning {
        let received = block.iter().filter_map(|id| rows.received.get(id));
        world.old.before = world.old.before.max(received.max().copied());
    }
    let mut have: BTreeMap<usize, Have> = BTreeMap::new();
    for id in block {
        *rows.moved.entry(id).or_default() += 1;
        have.entry(id.1).or_default().insert(id.2);
    }
    world.is_midway = true;
    world.met.moving.blocks += 1;
    if fault == Fault::PlaceApart {
        add(world, &have);
        return Step::Place(last);
    }
    world.rows_of_before.as_mut().unwrap().up_to = Some(last);
    if fault == Fault::PositionsApart {
        return Step::Have(have);
    }
    add(world, &have);
    Step::Blocks
}

fn add(world: &mut World, have: &BTreeMap<usize, Have>) {
    for (batch, have) in have {
        let old = world.old.batches.entry(*batch).or_default();
        old.have.union(have);
    }
}

fn receipts(world: &mut World) {
    let rows = world.rows_of_before.as_ref().unwrap();
    if world.fault == Fault::ReceiptsLeft {
        return;
    }
    for (batch, receipt) in &rows.receipts {
        let old = world.old.batches.entry(*batch).or_default();
        old.received_at = Some(*receipt);
    }
}

/// The rows go.
fn replace(world: &mut World) {
    let rows = world.rows_of_before.as_mut().unwrap();
    rows.state = State::Blocks;
    world.met.moving.moved += 1;
    // Rows knew each record, blocks know what rows held.
    for away in &mut world.away {
        let copies = away.folder.copies().map(|copy| copy.batch);
        let is_known = |batch: &usize| world.old.batches.contains_key(batch);
        away.unknown = copies.filter(|batch| !is_known(batch)).collect();
    }
    let rows = world.rows_of_before.as_mut().unwrap();
    let lost = rows.ids.iter().find(|id| !rows.moved.contains_key(*id));
    let doubled = rows.moved.iter().find(|(_, times)| **times > 1);
    let violation = match (lost, doubled) {
        (Some((_, batch, position)), _) => format!("row {position} of batch {batch} is lost"),
        (_, Some(((_, batch, position), _))) => {
            format!("row {position} of batch {batch} is doubled")
        }
        (None, None) => return,
    };
    world.violation.get_or_insert(violation);
}
