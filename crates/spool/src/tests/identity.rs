//! Which spool it is, and what the store says of it.

use super::fixture::{Contents, Fixture, LARGE, bounds};
use super::machine::{Faults, Sabotage};
use super::model::Model;
use super::opened::{Opened, open_behind};
use super::random::Random;
use super::simulated_disk::{End, SimulatedDisk};
use crate::disk::Disk as _;
use crate::identity::{self, SpoolId, identify_with};
use crate::{Portion, SpoolError};

const BELOW: u64 = 100;

fn id(disk: &SimulatedDisk, number: u8) -> std::io::Result<SpoolId> {
    let identity = identify_with(disk, || [number; 16])?;
    identity.keep(disk)?;
    Ok(identity.id)
}

#[test]
fn a_spool_whose_id_is_lost_says_where_it_begins_until_a_new_one_is_kept() {
    let fixture = Fixture::new(6, true, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    for _ in 0..2 {
        let identity = identify_with(&disk, || [1; 16]).unwrap();
        assert_eq!(identity.nameless_from, Some(fixture.batches[0].0));
    }
    assert_eq!(id(&disk, 2).unwrap(), [2; 16]);
    let identity = identify_with(&disk, || [3; 16]).unwrap();
    assert_eq!((identity.id, identity.nameless_from), ([2; 16], None));
    disk.flip(identity::NAME, 5);
    let identity = identify_with(&disk, || [4; 16]).unwrap();
    assert_eq!(identity.nameless_from, Some(fixture.batches[0].0));
    let empty = SimulatedDisk::with_contents(&Contents::new());
    let identity = identify_with(&empty, || [5; 16]).unwrap();
    assert_eq!((identity.id, identity.nameless_from), ([5; 16], None));
}

#[test]
fn a_spool_keeps_its_id_wherever_the_process_or_the_machine_stops() {
    for end in [End::Kill, End::PowerCut] {
        for stop in 0..8 {
            let disk = SimulatedDisk::new(stop, Sabotage::Nothing);
            disk.stop_after(Some(stop));
            let first = id(&disk, 1).ok().filter(|_| !disk.has_stopped());
            disk.end(end);
            let second = id(&disk, 2).unwrap();
            assert!(first.is_none_or(|first| first == second), "{stop} {end:?}");
            disk.end(end);
            assert_eq!(id(&disk, 3).unwrap(), second, "{stop} {end:?}");
        }
    }
}

#[test]
fn a_full_disk_is_no_reason_not_to_start_and_a_damaged_id_is_made_anew() {
    let disk = SimulatedDisk::with_contents(&Contents::new());
    disk.set_faults(Faults::full_disk());
    assert_eq!(id(&disk, 1).unwrap(), [1; 16]);
    disk.set_faults(Faults::default());
    assert_eq!(id(&disk, 2).unwrap(), [2; 16]);
    for bit in 0..20 * 8 {
        let flipped = SimulatedDisk::with_contents(&disk.contents());
        flipped.flip(identity::NAME, bit);
        assert_eq!(id(&flipped, 3).unwrap(), [3; 16], "{bit}");
        assert_eq!(id(&flipped, 4).unwrap(), [3; 16], "{bit}");
    }
    disk.create(identity::NAME).unwrap();
    assert_eq!(id(&disk, 5).unwrap(), [5; 16]);
}

fn start(disk: &SimulatedDisk, forgotten_below: u64, salts: u64) -> Result<Opened, SpoolError> {
    open_behind(disk, bounds(LARGE), salts, forgotten_below)
}

fn handed_out(opened: &mut Opened) -> Vec<u64> {
    let all = Portion {
        documents: usize::MAX,
        bytes: usize::MAX,
    };
    let batches = opened.source.next_now(all).unwrap();
    batches.iter().map(|spooled| spooled.seq).collect()
}

fn append(opened: &mut Opened, model: &mut Model) -> Result<u64, crate::AppendError> {
    let (_, batches) = model.send(1, &mut Random::new(3));
    opened.append(batches).remove(0)
}

#[test]
fn what_the_store_may_have_forgotten_is_not_handed_out_again() {
    for clean in [false, true] {
        let fixture = Fixture::new(6, true, clean);
        let last = fixture.batches.last().unwrap().0;
        for below in 1..=last + 1 {
            let disk = SimulatedDisk::with_contents(&fixture.contents);
            let mut opened = start(&disk, below, 50).unwrap();
            let expected: Vec<u64> = (below..=last).collect();
            assert_eq!(handed_out(&mut opened), expected, "{below}");
            assert!(opened.spool.oldest_seq() <= below && opened.spool.done_below() == below);
        }
    }
}

#[test]
fn new_batches_come_behind_it_wherever_the_process_or_the_machine_stops() {
    let mut stops = 0;
    for (clean, end) in [
        (false, End::Kill),
        (true, End::Kill),
        (false, End::PowerCut),
        (true, End::PowerCut),
    ] {
        let fixture = Fixture::new(6, true, clean);
        for stop in 0.. {
            let disk = SimulatedDisk::with_contents(&fixture.contents);
            let mut model = Model::default();
            disk.stop_after(Some(stop));
            let taken = start(&disk, BELOW, 50)
                .ok()
                .and_then(|mut opened| append(&mut opened, &mut model).ok())
                .filter(|_| !disk.has_stopped());
            let has_stopped = disk.has_stopped();
            disk.end(end);
            let mut opened = start(&disk, BELOW, 60)
                .unwrap_or_else(|error| panic!("{clean} {end:?} {stop}: {error}"));
            let found = handed_out(&mut opened);
            if let Some(taken) = taken {
                assert_eq!(
                    (taken, &found[..]),
                    (BELOW, &[BELOW][..]),
                    "{clean} {end:?} {stop}"
                );
            }
            let next = append(&mut opened, &mut model).unwrap();
            assert_eq!(next, BELOW + found.len() as u64, "{clean} {end:?} {stop}");
            opened.spool.tidy().unwrap();
            drop(opened);
            disk.end(end);
            let mut opened = start(&disk, BELOW, 70).unwrap();
            assert_eq!(handed_out(&mut opened).last(), Some(&next));
            assert!(opened.spool.oldest_seq() >= BELOW);
            if !has_stopped {
                break;
            }
            stops += 1;
        }
    }
    assert!(stops > 20, "{stops}");
}

#[test]
fn a_full_disk_does_not_hold_back_a_spool_that_was_restored() {
    let fixture = Fixture::new(6, true, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    disk.set_faults(Faults::full_disk());
    let mut opened = start(&disk, BELOW, 50).unwrap();
    let mut model = Model::default();
    assert!(handed_out(&mut opened).is_empty() && append(&mut opened, &mut model).is_err());
    assert_eq!(opened.spool.oldest_seq(), BELOW);
    disk.set_faults(Faults::default());
    assert_eq!(append(&mut opened, &mut model).unwrap(), BELOW);
}
