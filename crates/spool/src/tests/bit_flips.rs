//! Every single bit of a small spool flipped, one at a time: what was acknowledged is never altered
//! or left out in silence, and whatever is intact can be had.

use super::fixture::{Fixture, Frame, Numbered};
use super::refusal::{drained, goes_on, opened, refused_and_recovered, verified};
use super::simulated_disk::SimulatedDisk;
use std::ops::Range;

const HEAD: Range<usize> = 0..64;

#[test]
fn a_flipped_bit_before_the_last_frame_is_refused_and_one_in_the_last_frame_is_a_torn_write() {
    let fixture = Fixture::new(5, false, false);
    for bit in fixture.bits(1) {
        let disk = fixture.flipped(1, bit);
        let last = fixture.frames.last().unwrap();
        match fixture.frame_at(1, bit / 8) {
            None => refused_and_recovered(&disk, 1, 0, &fixture.batches),
            Some(frame) if frame.bytes != last.bytes => {
                let intact = fixture.without(&frame.seqs);
                refused_and_recovered(&disk, 1, frame.bytes.start, &intact);
            }
            // It looks like a write that nobody was told about, and nothing can tell them apart.
            Some(frame) => {
                verified(&disk, 0);
                let mut cut = opened(&disk, false).unwrap();
                assert_eq!(cut.spool.snapshot().torn_bytes, frame.bytes.len() as u64);
                let intact = fixture.without(&frame.seqs);
                assert_eq!(drained(&mut cut).as_ref(), Ok(&intact));
                goes_on(&disk, cut, &intact);
            }
        }
    }
}

#[test]
fn after_an_orderly_stop_any_flipped_bit_is_refused() {
    let fixture = Fixture::new(5, false, true);
    for bit in fixture.bits(1) {
        let disk = fixture.flipped(1, bit);
        let (offset, seqs) = match fixture.frame_at(1, bit / 8) {
            Some(frame) => (frame.bytes.start, frame.seqs.clone()),
            None => (0, 0..0),
        };
        refused_and_recovered(&disk, 1, offset, &fixture.without(&seqs));
    }
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_stops_draining_there_and_then_the_next_start() {
    for clean in [false, true] {
        let fixture = Fixture::new(5, true, clean);
        let segments = fixture.segments();
        assert_eq!(segments.len(), 2);
        for bit in fixture.bits(segments[0]) {
            let disk = fixture.flipped(segments[0], bit);
            match fixture.frame_at(segments[0], bit / 8) {
                None => {
                    assert!(HEAD.contains(&(bit / 8)));
                    refused_and_recovered(&disk, segments[0], 0, &fixture.batches);
                }
                // The seal only spares the start from reading.
                Some(seal) if seal.seqs.is_empty() => {
                    verified(&disk, 0);
                    let mut opened = opened(&disk, false).unwrap();
                    assert_eq!(drained(&mut opened).as_ref(), Ok(&fixture.batches));
                    goes_on(&disk, opened, &fixture.batches);
                }
                Some(frame) => {
                    verified(&disk, 1);
                    met_while_draining(&disk, frame, &fixture);
                }
            }
        }
    }
}

fn met_while_draining(disk: &SimulatedDisk, frame: &Frame, fixture: &Fixture) {
    let mut started = opened(disk, false).unwrap();
    let before = fixture.batches.iter().copied();
    let before: Numbered = before.filter(|(seq, _)| *seq < frame.seqs.start).collect();
    let (taken, damage) = drained(&mut started).unwrap_err();
    assert_eq!(taken, before);
    assert_eq!(damage.segment, frame.segment);
    assert_eq!(damage.offset, frame.bytes.start as u64);
    let (again, _) = drained(&mut started).unwrap_err();
    assert!(again.is_empty());
    assert!(started.spool.snapshot().problem.is_some());
    assert!(disk.contents().contains_key("damage-met"));
    // Batches are still taken.
    drop(started);
    let intact = fixture.without(&frame.seqs);
    refused_and_recovered(disk, frame.segment, frame.bytes.start, &intact);
}
