//! A whole life of the process, from the first start to an orderly stop, broken off at every single
//! operation on the disk; and the life after that, too.

use super::life::Life;
use super::machine::Sabotage;
use super::model::Model;
use super::random::Random;
use super::simulated_disk::{End, SimulatedDisk};
use super::tally::Tally;

/// Two lives, of which one ends with so many operations done; how many they take in all.
fn history(seed: u64, stop: Option<(usize, u64)>, end: End) -> Result<Vec<u64>, String> {
    let mut random = Random::new(seed);
    let disk = SimulatedDisk::new(seed, Sabotage::Nothing);
    let (mut model, mut tally) = (Model::default(), Tally::default());
    let mut operations = Vec::new();
    for life in 0..2 {
        let before = disk.operations();
        let operation = stop.filter(|(which, _)| *which == life);
        disk.stop_after(operation.map(|(_, operation)| operation));
        Life::new(&disk, &mut random, &mut model, &mut tally).live_plainly()?;
        operations.push(disk.operations() - before);
        disk.end(end);
    }
    Life::new(&disk, &mut random, &mut model, &mut tally).finish()?;
    Ok(operations)
}

#[test]
fn what_was_acknowledged_is_there_wherever_the_process_or_the_machine_stops() {
    let mut histories = 0;
    for seed in 0..10 {
        let operations = history(seed, None, End::Kill).unwrap();
        for (life, count) in operations.into_iter().enumerate() {
            for stop in (0..count).map(|operation| (life, operation)) {
                for end in [End::Kill, End::PowerCut] {
                    let told = history(seed, Some(stop), end);
                    assert!(told.is_ok(), "seed {seed}, {stop:?}, {end:?}: {told:?}");
                    histories += 1;
                }
            }
        }
    }
    assert!(histories > 1000, "{histories}");
}
