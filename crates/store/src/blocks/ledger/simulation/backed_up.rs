//! Histories of a folder of which backups are made while it is in use.

use super::online::Operator;
use super::process::Process;
use super::world::World;
use super::{Fault, HISTORIES, STEPS, ending};

/// A history of a folder of which backups are made while it is in use, and put back; how many were, or what went wrong.
fn history_of_backups(seed: u64, fault: Fault) -> Result<u64, String> {
    let mut world = World::new(seed, fault);
    let (mut process, mut operator) = (Process::start(&mut world), Operator::new(seed));
    for _ in 0..STEPS {
        if world.crashes() {
            // A backup that is being made outlives a crash of the service.
            if !operator.is_at_work() && !operator.restore(&mut world) {
                world.while_down();
            }
            process = Process::start(&mut world);
        }
        process.step(&mut world);
        operator.step(&mut world, &process);
        if let Some(violation) = world.violation.take() {
            return Err(violation);
        }
    }
    operator.give_up(&mut world);
    ending::end(&mut world, process)?;
    Ok(operator.restored)
}

#[test]
fn a_backup_of_a_folder_in_use_has_all_that_was_acknowledged_before_it_and_nothing_twice() {
    let mut restored = 0;
    for seed in 0..HISTORIES {
        match history_of_backups(seed, Fault::None) {
            Ok(one) => restored += one,
            Err(violation) => panic!("seed {seed}: {violation}"),
        }
    }
    println!("{restored} were put back");
    assert!(restored > HISTORIES / 2, "{restored}");
}

#[test]
fn a_rule_of_backups_that_is_changed_on_purpose_is_found_out() {
    for (fault, expected) in [
        (Fault::StoreCopiedFirst, "lost"),
        (Fault::PutBackMeanwhile, "lost"),
        (Fault::ForgottenMeanwhile, "lost"),
        (Fault::HintCopied, "lost"),
    ] {
        let mut seeds = 0..3 * HISTORIES;
        let found = seeds.find_map(|seed| Some((seed, history_of_backups(seed, fault).err()?)));
        let (seed, what) = found.unwrap_or_else(|| panic!("{fault:?} is not found"));
        println!("{fault:?}: seed {seed}, {what}");
        assert!(what.contains(expected), "{fault:?}: {what}");
        assert_eq!(
            history_of_backups(seed, Fault::None).err(),
            None,
            "{fault:?}"
        );
    }
}
