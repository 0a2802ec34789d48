//! What a start without room owes: written as soon as there is room, and nothing is left behind by
//! attempts.

use super::batch;
use super::fixture::{Contents, Fixture, Numbered, bounds};
use super::machine::Faults;
use super::model::Model;
use super::opened::{Opened, open};
use super::random::Random;
use super::refusal::{ALL, drained};
use super::simulated_disk::SimulatedDisk;
use crate::bounds::{AppendError, Bounds};
use crate::segment::{UNFINISHED, name};
use crate::{BatchOutcome, ConsumeError};

fn append_one(opened: &mut Opened) -> Result<u64, AppendError> {
    let (_, batches) = Model::default().send(1, &mut Random::new(3));
    opened.append(batches).remove(0)
}

fn owing(frames: usize) -> (SimulatedDisk, Opened) {
    let disk = SimulatedDisk::with_contents(&Fixture::new(frames, false, false).contents);
    disk.set_faults(Faults::full_disk());
    let opened = open(&disk, bounds(1 << 20), 5, false).unwrap();
    assert!(opened.tail.owes().is_some());
    (disk, opened)
}

#[test]
fn a_start_counts_exactly_what_waits_wherever_in_a_segment_the_store_had_come_to() {
    let fixture = Fixture::new(6, true, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut before = open(&disk, bounds(1 << 20), 5, false).unwrap();
    let mut batches = Vec::new();
    loop {
        let portion = before.source.next_now(ALL).unwrap();
        if portion.is_empty() {
            break;
        }
        batches.extend(
            portion
                .iter()
                .map(|one| (one.seq, one.batch.documents.len() as u64)),
        );
    }
    for place in 0..batches.len() {
        let copy = SimulatedDisk::with_contents(&disk.contents());
        let waiting = open(&copy, bounds(1 << 20), 6, false).unwrap().waiting();
        let left = &batches[place..];
        let records = left.iter().map(|(_, records)| records).sum();
        assert_eq!(
            (waiting.batches, waiting.records),
            (left.len() as u64, records)
        );
        before
            .spool
            .done(batches[place].0, 0, BatchOutcome::default());
        before.spool.tidy().unwrap();
    }
}

#[test]
fn what_is_owed_is_not_tried_while_the_disk_says_that_it_has_no_room() {
    let (disk, mut opened) = owing(5);
    disk.set_faults(Faults {
        nothing_free: true,
        ..Faults::default()
    });
    let before = disk.operations();
    let refused = append_one(&mut opened).unwrap_err();
    assert!(matches!(refused, AppendError::DiskFull(_)), "{refused}");
    assert_eq!(disk.operations(), before);
}

/// What would make room waits for the deferred batch, and that one for the last frame.
#[test]
fn what_is_owed_is_written_for_a_deferred_batch_also_below_what_is_to_stay_free() {
    let disk = SimulatedDisk::with_contents(&Fixture::new(5, false, false).contents);
    disk.set_faults(Faults::full_disk());
    let tight = Bounds {
        min_free_disk: 1 << 50,
        ..bounds(1 << 20)
    };
    let mut opened = open(&disk, tight, 5, false).unwrap();
    assert!(opened.tail.owes().is_some());
    disk.set_faults(Faults::default());
    let answers = opened.append(vec![batch(0), batch(1).deferred()]);
    assert!(
        matches!(answers[..], [Err(AppendError::DiskFull(_)), Ok(_)]),
        "{answers:?}"
    );
    assert_eq!(opened.tail.owes(), None);
}

#[test]
fn what_is_owed_is_counted_once_also_when_it_takes_the_place_of_its_segment() {
    for frames in [1, 5] {
        let (disk, mut opened) = owing(frames);
        assert_eq!(opened.spool.used(), disk.segment_bytes());
        disk.set_faults(Faults::default());
        append_one(&mut opened).unwrap();
        assert_eq!(opened.spool.used(), disk.segment_bytes(), "{frames}");
    }
}

#[test]
fn a_segment_that_cannot_be_made_leaves_nothing_behind() {
    let disk = SimulatedDisk::with_contents(&Contents::new());
    let mut opened = open(&disk, bounds(1), 5, false).unwrap();
    append_one(&mut opened).unwrap();
    disk.set_faults(Faults {
        sync_fails: 1,
        ..Faults::default()
    });
    let refused = append_one(&mut opened).unwrap_err();
    assert!(matches!(refused, AppendError::NoSegment(_)), "{refused}");
    let names = disk.contents();
    assert!(
        !names.keys().any(|name| name.ends_with(UNFINISHED)),
        "{:?}",
        names.keys()
    );
    disk.set_faults(Faults::default());
    append_one(&mut opened).unwrap();
}

#[test]
fn what_is_read_once_more_is_found_also_when_its_segment_was_replaced_meanwhile() {
    let (disk, mut opened) = owing(1);
    let waiting = drained(&mut opened).unwrap();
    let mut lookup = opened.spool.lookup();
    let first = waiting[0].0;
    assert_eq!(lookup.batch(first).unwrap().unwrap().seq, first);
    disk.set_faults(Faults::default());
    let seq = append_one(&mut opened).unwrap();
    assert_eq!(lookup.batch(seq).unwrap().unwrap().seq, seq);
}

/// Taken for damage, it would stop every start; nobody was told that its batches were taken.
#[test]
fn what_is_owed_and_has_left_the_cache_is_a_torn_write_to_the_next_start() {
    let fixture = Fixture::new(5, false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    disk.set_faults(Faults::full_disk());
    let mut owing = open(&disk, bounds(1 << 20), 5, false).unwrap();
    let last = fixture.frames.last().unwrap();
    assert_eq!(owing.tail.owes(), Some(last.seqs.start));
    disk.flip(&name(last.segment), last.bytes.start * 8);
    let mut taken = Numbered::new();
    let told = loop {
        match owing.source.next_now(ALL) {
            Ok(batches) => taken.extend(batches.iter().map(|one| (one.seq, one.batch.id))),
            Err(error) => break error,
        }
    };
    assert!(matches!(told, ConsumeError::Io(_)), "{told}");
    assert_eq!(taken, fixture.without(&last.seqs));
    assert!(owing.spool.snapshot().poisoned, "it goes on");
    drop(owing);
    disk.set_faults(Faults::default());
    let mut next = open(&disk, bounds(1 << 20), 6, false).unwrap();
    assert_eq!(drained(&mut next), Ok(taken));
}
