//! Thousands of short histories of a spool on a disk that fails, each from one seed: several lives
//! of the process, and after each start the question whether everything acknowledged is there.
//!
//! `SPOOL_SEEDS=from..to` runs other seeds than the usual ones.

use super::life::Life;
use super::machine::{Faults, Sabotage};
use super::model::Model;
use super::random::Random;
use super::simulated_disk::{End, SimulatedDisk};
use super::tally::Tally;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

const SEEDS: Range<u64> = 0..20_000;
const THREADS: usize = 2;
const VARIABLE: &str = "SPOOL_SEEDS";

/// One history; an error is a broken promise.
pub(super) fn history(seed: u64, sabotage: Sabotage) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let disk = SimulatedDisk::new(seed, sabotage);
    let (mut model, mut tally) = (Model::default(), Tally::default());
    let lives = random.between(2, 6);
    let upgraded = random.once_in(2);
    for number in 1..=lives {
        let last = number == lives;
        let life = Life::new(&disk, &mut random, &mut model, &mut tally);
        life.live(last)?;
        let end = match random.once_in(2) {
            true => End::PowerCut,
            false => End::Kill,
        };
        disk.end(end);
        if upgraded && number == 1 {
            disk.set_faults(Faults::default());
            model.upgrade(&disk);
        }
    }
    let life = Life::new(&disk, &mut random, &mut model, &mut tally);
    life.finish()?;
    Ok(tally)
}

/// The first seed in which a promise is broken, and what all the others came to.
fn run(seeds: Range<u64>, sabotage: Sabotage) -> Result<Tally, (u64, String)> {
    let broken = AtomicU64::new(u64::MAX);
    let one = |seed| {
        let told = catch_unwind(AssertUnwindSafe(|| history(seed, sabotage)));
        told.unwrap_or_else(|_| Err("it panicked".to_owned()))
    };
    let work = |thread: usize| {
        let mut sum = Tally::default();
        for seed in seeds.clone().skip(thread).step_by(THREADS) {
            if broken.load(Ordering::Relaxed) < seed {
                break;
            }
            match one(seed) {
                Ok(tally) => sum.add(tally),
                Err(_) => {
                    broken.fetch_min(seed, Ordering::Relaxed);
                }
            }
        }
        sum
    };
    let mut sum = Tally::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || work(thread)))
            .collect();
        for thread in threads {
            sum.add(thread.join().unwrap());
        }
    });
    match broken.into_inner() {
        u64::MAX => Ok(sum),
        seed => Err((
            seed,
            one(seed).err().unwrap_or_else(|| "not again".to_owned()),
        )),
    }
}

fn seeds() -> Option<Range<u64>> {
    let text = std::env::var(VARIABLE).ok()?;
    let (from, to) = text.split_once("..").expect("from..to");
    Some(from.parse().unwrap()..to.parse().unwrap())
}

#[test]
fn what_was_acknowledged_is_there_after_every_crash_power_cut_and_disk_fault() {
    let asked_for = seeds();
    let seeds = asked_for.clone().unwrap_or(SEEDS);
    match run(seeds.clone(), Sabotage::Nothing) {
        Ok(mut tally) => {
            eprintln!("seeds {seeds:?}: {tally:?}");
            if asked_for.is_none() {
                tally.assert_everything_happened();
            }
        }
        Err((seed, why)) => panic!(
            "seed {seed}: {why}\nagain: {VARIABLE}={seed}..{} cargo test -p spool --lib tests::simulation -- --nocapture",
            seed + 1
        ),
    }
}

/// How many seeds it takes until the tests notice.
#[track_caller]
fn notices(sabotage: Sabotage, within: u64) {
    let told = run(0..within, sabotage);
    let (seed, why) = told.expect_err("nobody noticed");
    eprintln!("{sabotage:?} is noticed with seed {seed}: {why}");
}

#[test]
fn the_simulation_notices_when_nothing_is_synced() {
    notices(Sabotage::NoSync, 200);
}

#[test]
fn the_simulation_notices_when_a_batch_is_acknowledged_before_the_sync() {
    notices(Sabotage::LateSync, 200);
}

#[test]
fn the_simulation_notices_when_the_folder_is_not_synced() {
    notices(Sabotage::NoFolderSync, 200);
}

#[test]
fn the_simulation_notices_when_something_is_written_behind_a_torn_frame() {
    notices(Sabotage::AppendBehind, 2000);
}
