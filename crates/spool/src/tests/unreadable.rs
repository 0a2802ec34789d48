//! A disk that cannot read some of its places: damage there, and nowhere else.

use super::fixture::{Fixture, Numbered, bounds};
use super::opened::{Opened, dumped, open};
use super::refusal::{ALL, drained, goes_on, opened, verified};
use super::simulated_disk::SimulatedDisk;
use crate::aligned::BLOCK_BYTES;
use crate::segment::name;
use crate::{BatchOutcome, ConsumeError, Portion, SpoolError};

const PORTION: Portion = Portion {
    documents: 1,
    bytes: 1,
};

fn shown(opened: &Opened) -> Option<String> {
    opened.spool.snapshot().problem
}

/// Of some blocks, for a place of which all of it can be read but one.
fn several_blocks(segments: bool, clean: bool) -> Fixture {
    let fixture = Fixture::new(60, segments, clean);
    assert!(fixture.contents[&name(1)].len() > 3 * BLOCK_BYTES);
    fixture
}

#[track_caller]
fn told_and_salvaged(fixture: &Fixture, segment: u64, block: usize) {
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    disk.lose_block(&name(segment), block * BLOCK_BYTES);
    let lost = block * BLOCK_BYTES..(block + 1) * BLOCK_BYTES;
    let mut intact: Numbered = fixture.batches.clone();
    for frame in &fixture.frames {
        let hit = frame.bytes.start < lost.end && lost.start < frame.bytes.end;
        // Without its head nothing in a segment can be checked.
        if frame.segment == segment && (hit || block == 0) {
            intact.retain(|(seq, _)| !frame.seqs.contains(seq));
        }
    }
    let before = disk.contents();
    verified(&disk, 1);
    let readable: Numbered = dumped(&disk)
        .iter()
        .map(|(seq, one)| (*seq, one.id))
        .collect();
    assert_eq!(readable, intact);
    if let Err(error) = opened(&disk, false) {
        let SpoolError::Damaged(damages) = error else {
            panic!("{error}");
        };
        let places: Vec<_> = damages
            .iter()
            .map(|one| (one.segment, one.offset))
            .collect();
        assert_eq!(places, [(segment, lost.start as u64)], "{damages:?}");
        assert!(damages[0].to_string().contains("cannot read"));
        assert_eq!(disk.contents(), before);
    } else {
        // A sealed segment is not read by a start.
        assert!(fixture.segments().last() != Some(&segment));
    }
    let mut recovered = opened(&disk, true).unwrap();
    assert_eq!(drained(&mut recovered).as_ref(), Ok(&intact));
    let mut aside = before[&name(segment)].clone();
    let end = lost.end.min(aside.len());
    aside[lost.start..end].fill(0);
    let kept = &disk.contents()[&name(segment).replace(".seg", ".damaged")];
    assert!(*kept == aside, "what can be read was not set aside");
    goes_on(&disk, recovered, &intact);
}

#[test]
fn a_place_that_cannot_be_read_is_named_and_everything_else_is_given_back() {
    for (segments, clean) in [(false, false), (false, true), (true, false), (true, true)] {
        let fixture = several_blocks(segments, clean);
        for segment in fixture.segments() {
            let blocks = fixture.contents[&name(segment)].len().div_ceil(BLOCK_BYTES);
            for block in 0..blocks {
                told_and_salvaged(&fixture, segment, block);
            }
        }
    }
}

#[test]
fn what_cannot_be_read_while_it_runs_is_shown_until_it_can_be() {
    let fixture = several_blocks(false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut started = open(&disk, bounds(1 << 20), 5, false).unwrap();
    let mut taken = Numbered::new();
    disk.lose_block(&name(1), 2 * BLOCK_BYTES);
    let error = loop {
        match started.source.next_now(PORTION) {
            Ok(batches) => taken.extend(batches.iter().map(|one| (one.seq, one.batch.id))),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ConsumeError::Io(_)), "{error}");
    let shown = started.spool.snapshot().problem.unwrap();
    assert!(
        shown.contains(&name(1)) && shown.contains("at byte"),
        "{shown}"
    );
    started.source.next_now(PORTION).unwrap_err();
    assert!(
        !disk.contents().contains_key("damage-met"),
        "it may be read again"
    );
    disk.heal();
    taken.extend(drained(&mut started).unwrap());
    assert_eq!(taken, fixture.batches);
    assert_eq!(started.spool.snapshot().problem, None);
}

#[test]
fn a_hint_that_cannot_be_read_is_none() {
    let fixture = Fixture::new(5, true, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let started = opened(&disk, false).unwrap();
    started.spool.tidy().unwrap();
    disk.lose_block("done", 0);
    drop(started);
    verified(&disk, 0);
    let mut started = opened(&disk, false).unwrap();
    assert_eq!(drained(&mut started).as_ref(), Ok(&fixture.batches));
    for (seq, _) in &fixture.batches {
        started.spool.done(*seq, 1, BatchOutcome::default());
    }
    started.spool.tidy().unwrap();
    drop(started);
    let mut again = opened(&disk, false).unwrap();
    assert_eq!(
        drained(&mut again),
        Ok(Numbered::new()),
        "no hint was written"
    );
}

/// A spool of which all was handed out, and then a place cannot be read any more; the numbers from
/// there on.
fn handed_out_and_lost() -> (Fixture, SimulatedDisk, Opened, Vec<u64>) {
    let fixture = several_blocks(false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut started = open(&disk, bounds(1 << 20), 5, false).unwrap();
    drained(&mut started).unwrap();
    let lost = 2 * BLOCK_BYTES;
    disk.lose_block(&name(1), lost);
    let first = fixture.frames.iter().find(|frame| frame.bytes.end > lost);
    let first = first.unwrap().seqs.start;
    let numbers = fixture.batches.iter().map(|(seq, _)| *seq);
    let behind = numbers.filter(|seq| *seq >= first).collect();
    (fixture, disk, started, behind)
}

#[test]
fn what_stands_before_a_place_that_cannot_be_read_once_more_is_given() {
    let (fixture, disk, started, behind) = handed_out_and_lost();
    let mut lookup = started.spool.lookup();
    let numbers = || fixture.batches.iter().map(|(seq, _)| *seq);
    let (looked_for, found) = lookup.portion(numbers(), ALL).unwrap();
    let before: Vec<u64> = (1..behind[0]).collect();
    assert!(!before.is_empty());
    let found: Vec<u64> = found.iter().map(|one| one.seq).collect();
    assert_eq!((&looked_for, &found), (&before, &before));
    let error = lookup.portion(behind.clone(), ALL).unwrap_err();
    assert!(matches!(error, ConsumeError::Io(_)), "{error}");
    assert!(
        !disk.contents().contains_key("damage-met"),
        "it may be read again"
    );
}

#[test]
fn what_cannot_be_read_once_more_is_shown_until_it_can_be_whatever_else_is_read() {
    let (fixture, disk, started, behind) = handed_out_and_lost();
    let mut lookup = started.spool.lookup();
    lookup.portion(behind.clone(), ALL).unwrap_err();
    assert!(started.spool.lookup().batch(1).unwrap().is_some());
    let problem = shown(&started).unwrap();
    assert!(problem.contains(&name(1)), "{problem}");
    disk.heal();
    let numbers = fixture.batches.iter().map(|(seq, _)| *seq);
    let (_, found) = lookup.portion(numbers, ALL).unwrap();
    assert_eq!(found.len(), fixture.batches.len());
    assert_eq!(shown(&started), None);
}

#[test]
fn what_cannot_be_read_once_more_and_is_done_otherwise_is_no_problem_any_more() {
    let (_, _disk, started, behind) = handed_out_and_lost();
    let mut lookup = started.spool.lookup();
    lookup.batch(behind[0]).unwrap_err();
    assert!(shown(&started).is_some());
    started.spool.done(behind[0], 1, BatchOutcome::default());
    assert_eq!(shown(&started), None);
    assert!(lookup.batch(behind[0]).unwrap().is_none());
    assert_eq!(shown(&started), None);
}
