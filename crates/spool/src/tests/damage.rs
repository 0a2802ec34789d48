//! Damage of other kinds than a flipped bit, more than one at a time, and `--spool-recover` that is
//! broken off.

use super::fixture::{Fixture, Frame};
use super::model::Model;
use super::random::Random;
use super::refusal::{ALL, drained, goes_on, opened, refused_and_recovered};
use super::simulated_disk::{End, SimulatedDisk};
use crate::disk::Disk;
use crate::frame::{SEGMENT_HEAD_BYTES, SegmentHead, encode_seal};
use crate::segment::{name, number};
use crate::{BatchOutcome, ConsumeError, offline};
use record::batch::Batch;

#[test]
fn spool_recover_finds_damage_that_nobody_has_met_yet() {
    let fixture = Fixture::new(5, true, false);
    let frame = fixture.frames[1].clone();
    let disk = fixture.flipped(frame.segment, frame.bytes.start * 8);
    let mut recovered = opened(&disk, true).unwrap();
    let intact = fixture.without(&frame.seqs);
    assert_eq!(drained(&mut recovered).as_ref(), Ok(&intact));
    goes_on(&disk, recovered, &intact);
}

#[test]
fn of_what_was_lost_with_damage_nothing_is_found_again_and_all_of_what_is_behind_it() {
    let fixture = Fixture::new(6, false, false);
    let lost = fixture.frames[2].clone();
    let disk = fixture.flipped(lost.segment, lost.bytes.start * 8);
    let mut recovered = opened(&disk, true).unwrap();
    let intact = fixture.without(&lost.seqs);
    assert_eq!(drained(&mut recovered).as_ref(), Ok(&intact));
    let mut lookup = recovered.spool.lookup();
    for (seq, id) in &fixture.batches {
        let found = lookup.batch(*seq).unwrap().map(|found| found.batch.id);
        let is_there = !lost.seqs.contains(seq);
        assert_eq!(found, is_there.then_some(*id), "{seq}");
    }
}

#[test]
fn verify_tells_what_each_segment_holds() {
    let fixture = Fixture::new(6, true, true);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let report = offline::verify(&disk).unwrap();
    for (told, segment) in report.segments.iter().zip(fixture.segments()) {
        let frames = fixture
            .frames
            .iter()
            .filter(|frame| frame.segment == segment && !frame.seqs.is_empty());
        let batches: u64 = frames
            .clone()
            .map(|frame| frame.seqs.end - frame.seqs.start)
            .sum();
        let length = fixture.contents[&name(segment)].len() as u64;
        assert_eq!(told.name, name(segment));
        assert_eq!(
            (told.frames, told.batches),
            (frames.count() as u64, batches)
        );
        assert_eq!(told.bytes, length);
    }
    let mut records = 0;
    let count = |_, batch: &Batch| {
        records += batch.documents.len() as u64;
        Ok(())
    };
    offline::dump(&disk, count).unwrap();
    let told = report.segments.iter().map(|segment| segment.records);
    assert_eq!(told.sum::<u64>(), records);
    assert_eq!(report.segments.len(), fixture.segments().len());
    assert!(report.segments.len() > 1);
}

#[test]
fn spool_recover_works_when_the_newest_segment_has_a_torn_write_too() {
    let fixture = Fixture::new(5, true, false);
    let (first, last) = (fixture.frames[0].clone(), fixture.frames.last().unwrap());
    let disk = fixture.flipped(first.segment, first.bytes.start * 8);
    disk.flip(&name(last.segment), last.bytes.start * 8);
    let mut recovered = opened(&disk, true).unwrap();
    let mut intact = fixture.without(&first.seqs);
    intact.retain(|(seq, _)| !last.seqs.contains(seq));
    assert_eq!(drained(&mut recovered).as_ref(), Ok(&intact));
    goes_on(&disk, recovered, &intact);
}

#[test]
fn a_newest_segment_that_has_vanished_is_damage() {
    let fixture = Fixture::new(5, true, false);
    let segments = fixture.segments();
    let mut contents = fixture.contents.clone();
    contents.remove(&name(segments[1]));
    let disk = SimulatedDisk::with_contents(&contents);
    let seal = fixture
        .frames
        .iter()
        .find(|frame| frame.seqs.is_empty())
        .unwrap();
    let lost = segments[1]..u64::MAX;
    let intact = fixture.without(&lost);
    refused_and_recovered(&disk, segments[0], seal.bytes.start, &intact);
}

#[test]
fn spool_recover_keeps_a_frame_once_that_stands_in_two_segments() {
    let fixture = Fixture::new(4, false, false);
    let length = fixture.contents[&name(1)].len();
    let in_two_segments = (0..).find_map(|operations| {
        let disk = SimulatedDisk::with_contents(&fixture.contents);
        disk.stop_after(Some(operations));
        drop(opened(&disk, false));
        disk.end(End::Kill);
        let contents = disk.contents();
        let segments = contents.keys().filter(|file| number(file).is_some());
        let both = segments.count() == 2 && contents[&name(1)].len() == length;
        both.then_some(disk)
    });
    let (disk, damaged) = (in_two_segments.unwrap(), &fixture.frames[2]);
    disk.flip(&name(1), damaged.bytes.start * 8);
    let intact = fixture.without(&damaged.seqs);
    refused_and_recovered(&disk, 1, damaged.bytes.start, &intact);
}

/// Batches that are done are gone with their segment, and the hint says more than what is left.
#[test]
fn numbers_of_batches_that_were_done_are_not_given_out_again_when_their_segment_is_damaged() {
    let fixture = Fixture::new(3, false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut all_done = opened(&disk, false).unwrap();
    drained(&mut all_done).unwrap();
    for (seq, _) in &fixture.batches {
        all_done.spool.done(*seq, 1, BatchOutcome::default());
    }
    all_done.spool.tidy().unwrap();
    drop(all_done);
    let last = fixture.batches.last().unwrap().0;
    let newest = disk.contents().keys().filter_map(|file| number(file)).max();
    let length = disk.contents()[&name(newest.unwrap())].len();
    disk.flip(&name(newest.unwrap()), length * 8 - 1);

    let mut opened_again = opened(&disk, false).unwrap();
    assert!(opened_again.spool.snapshot().torn_bytes > 0);
    let (_, batches) = Model::default().send(1, &mut Random::new(9));
    let id = batches[0].id;
    assert_eq!(opened_again.append(batches), [Ok(last + 1)]);
    drop(opened_again);
    assert_eq!(
        drained(&mut opened(&disk, false).unwrap()),
        Ok(vec![(last + 1, id)])
    );
}

#[test]
fn a_frame_that_has_vanished_from_the_midst_is_damage_and_those_behind_it_are_kept() {
    let fixture = Fixture::new(5, false, false);
    for frame in &fixture.frames[..4] {
        let mut contents = fixture.contents.clone();
        contents
            .get_mut(&name(1))
            .unwrap()
            .drain(frame.bytes.clone());
        let disk = SimulatedDisk::with_contents(&contents);
        let intact = fixture.without(&frame.seqs);
        refused_and_recovered(&disk, 1, frame.bytes.start, &intact);
    }
}

/// The start looked at the seal at the end alone.
#[test]
fn batches_between_a_seal_in_the_midst_of_a_segment_and_its_end_are_missed_and_not_passed_over() {
    let fixture = Fixture::new(6, true, false);
    let frame = fixture.frames[2].clone();
    let mut contents = fixture.contents.clone();
    let bytes = contents.get_mut(&name(frame.segment)).unwrap();
    let salt = SegmentHead::decode(&bytes[..SEGMENT_HEAD_BYTES])
        .unwrap()
        .0
        .salt;
    let seal = encode_seal(salt, frame.seqs.start, 0, 0);
    let place = frame.bytes.start..frame.bytes.start + seal.len();
    bytes[place].copy_from_slice(&seal);
    let disk = SimulatedDisk::with_contents(&contents);
    let mut running = opened(&disk, false).unwrap();
    let (taken, damage) = drained(&mut running).unwrap_err();
    assert_eq!(taken, fixture.without(&(frame.seqs.start..u64::MAX)));
    let met = (damage.segment, damage.offset);
    assert_eq!(met, (frame.segment, frame.bytes.start as u64));
}

#[test]
fn spool_recover_can_be_broken_off_anywhere_and_done_again() {
    let mut broken_off = 0;
    for (segments, clean) in [(false, false), (false, true), (true, false)] {
        let fixture = Fixture::new(4, segments, clean);
        let torn = fixture.frames.last().unwrap().bytes.clone();
        let mut frames = fixture.frames.iter();
        while let Some(frame) = frames.find(|frame| !frame.seqs.is_empty()) {
            if frame.bytes == torn && !clean {
                continue;
            }
            for end in [End::Kill, End::PowerCut] {
                let mut operation = 0;
                while recover_broken_off(&fixture, frame, operation, end) {
                    operation += 1;
                }
                broken_off += operation;
            }
        }
    }
    assert!(broken_off > 200, "{broken_off}");
}

/// Whether there were so many operations.
fn recover_broken_off(fixture: &Fixture, frame: &Frame, operation: u64, end: End) -> bool {
    let disk = fixture.flipped(frame.segment, frame.bytes.start * 8);
    let original = disk.contents()[&name(frame.segment)].clone();
    disk.stop_after(Some(operation));
    drop(opened(&disk, true));
    let stopped = disk.has_stopped();
    disk.end(end);
    let intact = fixture.without(&frame.seqs);
    let mut recovered = opened(&disk, true).unwrap();
    assert_eq!(drained(&mut recovered).as_ref(), Ok(&intact));
    assert!(set_aside(&disk).contains(&original));
    goes_on(&disk, recovered, &intact);
    stopped
}

/// What was set aside, by its name.
fn set_aside(disk: &SimulatedDisk) -> Vec<Vec<u8>> {
    let files = disk.contents().into_iter();
    let aside = files.filter(|(file, _)| file.ends_with(".damaged"));
    aside.map(|(_, bytes)| bytes).collect()
}

#[test]
fn what_was_set_aside_is_never_overwritten_by_later_damage_to_the_same_segment() {
    let fixture = Fixture::new(5, true, false);
    let mut disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut expected = Vec::new();
    for _ in 0..3 {
        let frame = Fixture::frames_of(&disk).remove(0);
        disk.flip(&name(frame.segment), frame.bytes.end * 8 - 1);
        expected.push(disk.contents()[&name(frame.segment)].clone());
        drop(opened(&disk, true).unwrap());
        let mut aside = set_aside(&disk);
        aside.sort();
        let mut wanted = expected.clone();
        wanted.sort();
        assert_eq!(aside, wanted);
        disk = SimulatedDisk::with_contents(&disk.contents());
    }
}

/// At a start it would be a torn write that nobody was told about; here it is known not to be one.
#[test]
fn damage_met_in_the_last_frame_is_refused_by_the_next_start() {
    let fixture = Fixture::new(3, false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut started = opened(&disk, false).unwrap();
    let newest = started.tail.newest().unwrap();
    let frame = Fixture::frames_of(&disk).pop().unwrap();
    assert_eq!(frame.segment, newest.first_seq);
    disk.flip(&name(frame.segment), frame.bytes.end * 8 - 1);
    let intact = fixture.without(&frame.seqs);
    let (taken, damage) = drained(&mut started).unwrap_err();
    assert_eq!((taken, damage.segment), (intact.clone(), frame.segment));
    drop(started);
    refused_and_recovered(&disk, frame.segment, frame.bytes.start, &intact);
}

#[test]
fn damage_met_in_what_is_read_once_more_is_shown_and_refused_by_the_next_start() {
    let fixture = Fixture::new(3, false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut started = opened(&disk, false).unwrap();
    drained(&mut started).unwrap();
    let frame = Fixture::frames_of(&disk).pop().unwrap();
    disk.flip(&name(frame.segment), frame.bytes.end * 8 - 1);
    let intact = fixture.without(&frame.seqs);
    let mut lookup = started.spool.lookup();
    let numbers = || fixture.batches.iter().map(|(seq, _)| *seq);
    let (looked_for, found) = lookup.portion(numbers(), ALL).unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.seq, one.batch.id)).collect();
    assert_eq!((found, looked_for.len()), (intact.clone(), intact.len()));
    let left = numbers().skip(looked_for.len());
    let error = lookup.portion(left, ALL).unwrap_err();
    assert!(matches!(error, ConsumeError::Damaged(_)), "{error}");
    let problem = started.spool.snapshot().problem.unwrap();
    assert!(problem.contains(&name(frame.segment)), "{problem}");
    drop((lookup, started));
    refused_and_recovered(&disk, frame.segment, frame.bytes.start, &intact);
}

#[test]
fn a_batch_that_has_vanished_after_it_was_handed_out_is_damage_and_not_passed_over() {
    let fixture = Fixture::new(3, false, false);
    let disk = SimulatedDisk::with_contents(&fixture.contents);
    let mut started = opened(&disk, false).unwrap();
    drained(&mut started).unwrap();
    let frame = Fixture::frames_of(&disk).pop().unwrap();
    let file = disk.open(&name(frame.segment)).unwrap();
    file.truncate(frame.bytes.start as u64).unwrap();
    let error = started.spool.lookup().batch(frame.seqs.start).unwrap_err();
    assert!(matches!(error, ConsumeError::Damaged(_)), "{error}");
    assert!(started.spool.snapshot().problem.is_some());
}
