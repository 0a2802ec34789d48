//! A small spool without faults, whose every frame is known.

use super::model::Model;
use super::opened::open;
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use crate::bounds::Bounds;
use crate::disk::Disk;
use crate::frame_cursor::Step;
use crate::segment::{Segment, name, number};
use record::id::BatchId;
use std::collections::BTreeMap;
use std::ops::Range;

pub(super) type Contents = BTreeMap<String, Vec<u8>>;
pub(super) type Numbered = Vec<(u64, BatchId)>;

pub(super) const LARGE: u64 = 1 << 20;

pub(super) fn bounds(segment_bytes: u64) -> Bounds {
    Bounds {
        max_bytes: 16 * LARGE,
        min_free_disk: 0,
        segment_bytes,
    }
}

/// A spool, as it is when its process has stopped.
pub(super) struct Fixture {
    pub(super) contents: Contents,
    pub(super) batches: Numbered,
    pub(super) frames: Vec<Frame>,
}

/// Where a frame, or a seal, stands.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) segment: u64,
    pub(super) bytes: Range<usize>,
    pub(super) seqs: Range<u64>,
}

impl Fixture {
    /// So many frames, of which the last two are in a segment of their own if there are `segments`.
    pub(super) fn new(frames: usize, segments: bool, clean: bool) -> Self {
        let disk = SimulatedDisk::with_contents(&Contents::new());
        let (mut model, mut random) = (Model::default(), Random::new(7));
        let mut batches = Numbered::new();
        let mut life = |segment_bytes: u64, frames: usize| {
            let mut opened =
                open(&disk, bounds(segment_bytes), batches.len() as u64, false).unwrap();
            for _ in 0..frames {
                let (_, group) = model.send(2, &mut random);
                let ids: Vec<_> = group.iter().map(|batch| batch.id).collect();
                let seqs = opened.append(group).into_iter().map(Result::unwrap);
                batches.extend(seqs.zip(ids));
            }
            opened.spool.mark_clean().unwrap();
        };
        if segments {
            life(LARGE, frames - 2);
            // What is longer than one byte is followed by another segment.
            life(1, 1);
            life(LARGE, 1);
        } else {
            life(LARGE, frames);
        }
        if !clean {
            disk.remove("clean").unwrap();
        }
        let frames = Self::frames_of(&disk);
        Self {
            contents: disk.contents(),
            batches,
            frames,
        }
    }

    pub(super) fn flipped(&self, segment: u64, bit: usize) -> SimulatedDisk {
        let disk = SimulatedDisk::with_contents(&self.contents);
        disk.flip(&name(segment), bit);
        disk
    }

    pub(super) fn bits(&self, segment: u64) -> Range<usize> {
        0..self.contents[&name(segment)].len() * 8
    }

    pub(super) fn frame_at(&self, segment: u64, byte: usize) -> Option<&Frame> {
        let mut frames = self.frames.iter();
        frames.find(|frame| frame.segment == segment && frame.bytes.contains(&byte))
    }

    pub(super) fn without(&self, seqs: &Range<u64>) -> Numbered {
        let batches = self.batches.iter().copied();
        batches.filter(|(seq, _)| !seqs.contains(seq)).collect()
    }

    pub(super) fn segments(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.frames.iter().map(|frame| frame.segment).collect();
        numbers.dedup();
        numbers
    }

    /// Every frame and seal of a spool without damage, in order.
    pub(super) fn frames_of(disk: &SimulatedDisk) -> Vec<Frame> {
        let mut frames = Vec::new();
        for file in disk.contents().keys() {
            let Some(number) = number(file) else {
                continue;
            };
            let Ok(segment) = Segment::open(disk, number) else {
                panic!("{file}");
            };
            let mut cursor = segment.frames();
            loop {
                let start = usize::try_from(cursor.offset()).unwrap();
                let (bytes, seqs) = match cursor.step().unwrap() {
                    Step::Frame(head, _) => (head.frame_bytes(), head.first_seq..head.end_seq()),
                    Step::Seal(seal) => (seal.frame_bytes(), 0..0),
                    Step::End => break,
                    Step::Bad => panic!("{file} at {start}"),
                };
                let end = start + usize::try_from(bytes).unwrap();
                let seal = seqs.is_empty();
                frames.push(Frame {
                    segment: number,
                    bytes: start..end,
                    seqs,
                });
                if seal {
                    break;
                }
            }
        }
        frames
    }
}
