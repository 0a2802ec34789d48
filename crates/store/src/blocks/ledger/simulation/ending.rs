//! The end of a history: all is delivered, put back and forgotten, and counted.

use super::super::row::BatchKind;
use super::process::Process;
use super::world::{Batch, World};

/// More than any history needs, so that one which stands still is told.
const MOST_STEPS: usize = 20_000;
/// Longer than what is remembered for a time is.
const LONG_HOURS: i64 = 200 * 24;

/// Lets everything come to its end, and counts.
pub(super) fn end(world: &mut World, mut process: Process) -> Result<(), String> {
    world.has_room_for_letters = true;
    world.refuse_nothing();
    loop {
        drain(world, &mut process)?;
        if !world.bring_next() {
            break;
        }
        process = Process::start(world);
    }
    count(world)?;
    world.pass(LONG_HOURS);
    forget(world, &mut process)
}

fn drain(world: &mut World, process: &mut Process) -> Result<(), String> {
    process.at_hand.letters_are_read = true;
    for _ in 0..MOST_STEPS {
        let all_back = world.letters.all().next().is_none();
        if all_back && process.is_idle(world) {
            return world.violation.take().map_or(Ok(()), Err);
        }
        match world.random.below(8) {
            0 => process.put_back(world),
            1 => process.forget(world),
            2 => drop(world.folder.remove_finished(&mut process.at_hand.progress)),
            3 => world.folder.rotate(),
            _ => process.deliver(world),
        }
    }
    Err("it stands still".to_owned())
}

fn count(world: &World) -> Result<(), String> {
    for (number, batch) in world.batches.iter().enumerate() {
        let is_owed = batch.is_acknowledged && !batch.is_taken_away;
        let lost = batch.records.iter().position(|record| record.stored == 0);
        if let Some(lost) = lost.filter(|_| is_owed) {
            return Err(format!("record {lost} of batch {number} is lost"));
        }
    }
    Ok(())
}

/// What may go goes.
fn forget(world: &mut World, process: &mut Process) -> Result<(), String> {
    for _ in 0..3 * (world.rows.len() + 8) {
        world.folder.rotate();
        while world.folder.remove_finished(&mut process.at_hand.progress) {}
        process.forget(world);
    }
    let for_ever = |batch: &Batch| {
        let row = world.rows.get(&batch.key);
        row.is_none_or(|row| {
            let is_own = row.kind == BatchKind::OwnKey;
            let is_away = row.mark || row.elsewhere || row.spool != process.at_hand.spool.number;
            // Numbers of a past that a backup has ended.
            let is_ahead = row.seq >= process.at_hand.progress.done_below;
            is_ahead || world.memory.own_keys.is_none() && (is_own || is_away)
        })
    };
    match world.batches.iter().position(|batch| !for_ever(batch)) {
        Some(batch) => Err(format!("batch {batch} is never forgotten")),
        None => Ok(()),
    }
}
