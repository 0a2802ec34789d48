//! What an earlier version took is known for as long as any of it can be handed out again, wherever it stands.

use super::fixture::{Contents, Fixture, LARGE, bounds};
use super::machine::Faults;
use super::older_segment::make_older;
use super::opened::{Opened, open, open_for};
use super::refusal::ALL;
use super::simulated_disk::SimulatedDisk;
use super::*;
use crate::frame::FORMAT_VERSION;
use crate::segment::{Segment, name, numbers};
use std::fs;

/// The spool of a process of an earlier version that was killed: one segment with so many frames.
fn left_behind(frames: usize, version: u16) -> SimulatedDisk {
    let disk = SimulatedDisk::with_contents(&Fixture::new(frames, false, false).contents);
    make_older(&disk, 1, version);
    disk
}

fn versions(disk: &SimulatedDisk) -> Vec<u16> {
    let names: Vec<String> = disk.contents().into_keys().collect();
    let segments = numbers(&names).into_iter();
    let segments = segments.filter_map(|number| Segment::open(disk, number).ok());
    segments.map(|segment| segment.head.version).collect()
}

fn opened(disk: &SimulatedDisk, segment_bytes: u64) -> Opened {
    open(disk, bounds(segment_bytes), 5, false).unwrap()
}

/// Everything is handed out and done.
fn drain(opened: &mut Opened) {
    loop {
        let portion = opened.source.next_now(ALL).unwrap();
        if portion.is_empty() {
            break;
        }
        for one in portion {
            opened.spool.done(one.seq, 1, BatchOutcome::default());
        }
    }
    opened.spool.tidy().unwrap();
}

#[test]
fn it_is_known_also_when_its_last_frame_stands_in_a_segment_of_this_version() {
    for version in 1..FORMAT_VERSION {
        let disk = left_behind(1, version);
        for life in 0..3 {
            assert!(opened(&disk, LARGE).spool.holds_earlier(), "{life}");
            assert_eq!(versions(&disk), [FORMAT_VERSION]);
        }
    }
}

#[test]
fn it_is_known_until_the_segment_with_the_last_of_it_is_removed_and_not_longer() {
    let disk = left_behind(3, FORMAT_VERSION - 1);
    let mut life = opened(&disk, 1);
    drain(&mut life);
    // The hint may be lost, and then all of it is handed out again.
    assert!(life.spool.holds_earlier());
    disk.remove("done").unwrap();
    assert!(opened(&disk, 1).spool.holds_earlier());
    let mut life = opened(&disk, 1);
    drain(&mut life);
    life.append(vec![batch(0)]).remove(0).unwrap();
    life.spool.tidy().unwrap();
    assert!(!life.spool.holds_earlier());
    drain(&mut life);
    drop(life);
    assert!(!opened(&disk, 1).spool.holds_earlier());
}

#[test]
fn it_is_known_when_a_damaged_segment_is_put_together_again_and_while_a_full_disk_owes_a_segment() {
    let damaged = left_behind(3, FORMAT_VERSION - 1);
    damaged.flip(&name(1), 8 * 120);
    let life = open(&damaged, bounds(LARGE), 5, true).unwrap();
    assert!(life.spool.holds_earlier());
    drop(life);
    assert!(opened(&damaged, LARGE).spool.holds_earlier());

    let full = left_behind(3, FORMAT_VERSION - 1);
    full.set_faults(Faults::full_disk());
    let mut life = opened(&full, LARGE);
    assert!(life.tail.owes().is_some() && life.spool.holds_earlier());
    full.set_faults(Faults::default());
    life.append(vec![batch(0)]).remove(0).unwrap();
    assert!(life.tail.owes().is_none() && life.spool.holds_earlier());
    drop(life);
    assert!(opened(&full, LARGE).spool.holds_earlier());
}

#[test]
fn what_of_it_was_set_aside_is_known_when_it_is_put_back() {
    for clean in [false, true] {
        let disk = SimulatedDisk::with_contents(&Contents::new());
        let mut before = opened(&disk, LARGE);
        before.append(vec![batch(0)]).remove(0).unwrap();
        before.spool.mark_clean().unwrap();
        drop(before);
        let mut life = open_for(&disk, bounds(LARGE), 5, false, true).unwrap();
        assert!(!life.spool.holds_earlier());
        let put_back = vec![batch(1).of_earlier_version()];
        life.append(put_back).remove(0).unwrap();
        assert!(life.spool.holds_earlier());
        if clean {
            life.spool.mark_clean().unwrap();
        }
        drop(life);
        assert!(opened(&disk, LARGE).spool.holds_earlier(), "{clean}");
    }
}

#[test]
fn a_spool_that_this_version_began_holds_nothing_of_it() {
    let disk = SimulatedDisk::with_contents(&Fixture::new(6, true, false).contents);
    for _ in 0..2 {
        let mut life = opened(&disk, LARGE);
        life.append(vec![batch(0)]).remove(0).unwrap();
        assert!(!life.spool.holds_earlier());
    }
}

#[tokio::test]
async fn once_all_of_it_is_done_nothing_has_to_come_for_its_last_segment_to_go() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, committer, _) = super::open(place(folder.path()), false).unwrap();
    append(&spool, 0..1).await;
    assert!(
        tokio::task::spawn_blocking(|| committer.close())
            .await
            .unwrap()
    );
    drop(spool);
    let segment = folder.path().join(name(1));
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8..10].copy_from_slice(&2_u16.to_le_bytes());
    let sum = crc32c::crc32c(&bytes[..28]).to_le_bytes();
    bytes[28..32].copy_from_slice(&sum);
    bytes.copy_within(..32, 32);
    fs::write(&segment, bytes).unwrap();

    let (spool, _committer, mut source) = super::open(place(folder.path()), false).unwrap();
    assert!(spool.holds_earlier());
    assert_eq!(take(&mut source, 1).await, expected(0..1));
    spool.done(1, 1, BatchOutcome::default());
    while spool.holds_earlier() {
        spool.tidy().unwrap();
        tokio::task::yield_now().await;
    }
    assert!(!segment.exists());
}
