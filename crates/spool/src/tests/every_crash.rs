//! A whole life of the process, from the first start to an orderly stop, broken off at every single
//! operation on the disk; and the life after that, too.

use super::life::Life;
use super::machine::Sabotage;
use super::model::Model;
use super::random::Random;
use super::simulated_disk::{End, SimulatedDisk};
use super::tally::Tally;

/// What a life is lived on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Sound,
    Full,
    /// A sync fails there at last.
    Failing,
}

/// Lives, of which one ends with so many operations done; how many each takes.
fn history(
    seed: u64,
    lives: &[Disk],
    stop: Option<(usize, u64)>,
    end: End,
) -> Result<Vec<u64>, String> {
    let mut random = Random::new(seed);
    let disk = SimulatedDisk::new(seed, Sabotage::Nothing);
    let (mut model, mut tally) = (Model::default(), Tally::default());
    let mut operations = Vec::new();
    for (number, on) in lives.iter().enumerate() {
        let before = disk.operations();
        let operation = stop.filter(|(which, _)| *which == number);
        disk.stop_after(operation.map(|(_, operation)| operation));
        let life = Life::new(&disk, &mut random, &mut model, &mut tally);
        match on {
            Disk::Sound => life.live_plainly()?,
            Disk::Full => life.live_on_a_full_disk()?,
            Disk::Failing => life.live_until_a_sync_fails()?,
        }
        operations.push(disk.operations() - before);
        disk.end(end);
    }
    Life::new(&disk, &mut random, &mut model, &mut tally).finish()?;
    Ok(operations)
}

/// Breaks off each of the lives at every single operation; how many histories that makes.
fn every_stop(seeds: u64, lives: &[Disk]) -> usize {
    let mut histories = 0;
    for seed in 0..seeds {
        for end in [End::Kill, End::PowerCut] {
            let operations = history(seed, lives, None, end).expect("without a stop");
            for (life, count) in operations.into_iter().enumerate() {
                for stop in (0..count).map(|operation| (life, operation)) {
                    let told = history(seed, lives, Some(stop), end);
                    assert!(told.is_ok(), "seed {seed}, {stop:?}, {end:?}: {told:?}");
                    histories += 1;
                }
            }
        }
    }
    histories
}

#[test]
fn what_was_acknowledged_is_there_wherever_the_process_or_the_machine_stops() {
    let histories = every_stop(10, &[Disk::Sound, Disk::Sound]);
    assert!(histories > 1000, "{histories}");
}

/// What stands last may be in the cache alone, and there is no room to write it anew, also at the start
/// after that.
#[test]
fn a_start_without_room_hands_out_what_is_there_and_loses_nothing_wherever_it_stops() {
    let lives = [Disk::Failing, Disk::Full, Disk::Full, Disk::Sound];
    let histories = every_stop(60, &lives);
    assert!(histories > 5000, "{histories}");
    let lives = [Disk::Full, Disk::Sound, Disk::Full, Disk::Sound];
    let histories = every_stop(10, &lives);
    assert!(histories > 1000, "{histories}");
}
