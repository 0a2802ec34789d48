//! A spool, as far as the ledger sees it: copies of batches under numbers, in segments of which the finished
//! ones go, and a hint that may be old.

use super::super::spools::SpoolId;
use super::Fault;
use super::random::Random;
use logs::Timestamp;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// A batch in the spool, or the part of one that it is there for.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) batch: usize,
    pub(super) positions: Vec<u32>,
    pub(super) received_at: Timestamp,
    /// Of a letter that is put back by itself: its date.
    pub(super) alone: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Segment {
    first: u64,
    copies: Vec<Rc<Copy>>,
}

/// What is on the disk.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub(super) id: SpoolId,
    segments: VecDeque<Segment>,
    next_seq: u64,
    /// Those that were written since the last start: a crash leaves any of them.
    hints: Vec<u64>,
}

/// What a process knows of it.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) done_below: u64,
    done_ahead: BTreeSet<u64>,
    cursor: u64,
}

impl Folder {
    pub(super) fn new(number: u8) -> Self {
        let first = Segment {
            first: 1,
            copies: Vec::new(),
        };
        Self {
            id: [number; 16],
            segments: VecDeque::from([first]),
            next_seq: 1,
            hints: vec![0],
        }
    }

    /// As a backup has it: without the hint, which may tell of what was done since.
    pub(super) fn copy(&self) -> Self {
        Self {
            hints: vec![0],
            ..self.clone()
        }
    }

    pub(super) fn take_hints(&mut self, other: &Self) {
        self.hints.clone_from(&other.hints);
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    pub(super) fn oldest(&self) -> u64 {
        self.segments[0].first
    }

    pub(super) fn append(&mut self, copy: Copy) -> u64 {
        let newest = self.segments.back_mut().unwrap();
        newest.copies.push(Rc::new(copy));
        self.next_seq += 1;
        self.next_seq - 1
    }

    pub(super) fn rotate(&mut self) {
        if !self.segments.back().unwrap().copies.is_empty() {
            self.segments.push_back(Segment {
                first: self.next_seq,
                copies: Vec::new(),
            });
        }
    }

    pub(super) fn copies(&self) -> impl Iterator<Item = &Rc<Copy>> {
        self.segments.iter().flat_map(|segment| &segment.copies)
    }

    fn get(&self, seq: u64) -> Option<&Rc<Copy>> {
        let behind = self
            .segments
            .partition_point(|segment| segment.first <= seq);
        let segment = self.segments.get(behind.checked_sub(1)?)?;
        let place = usize::try_from(seq - segment.first).unwrap();
        segment.copies.get(place)
    }

    /// Opens it: nothing below the number that the store knows is delivered again, and new numbers begin
    /// above it.
    pub(super) fn open(
        &mut self,
        forgotten_below: u64,
        fault: Fault,
        random: &mut Random,
    ) -> Progress {
        let hint = random.of(&self.hints);
        let forgotten_below = match fault {
            Fault::ForgottenBelowNotAsked => 0,
            _ => forgotten_below,
        };
        let done_below = hint.max(forgotten_below).max(self.oldest());
        self.hints = vec![hint];
        if self.next_seq < done_below && fault != Fault::NumbersBelowForgotten {
            self.rotate();
            self.next_seq = done_below;
            self.segments.back_mut().unwrap().first = done_below;
        }
        let done_below = done_below.min(self.next_seq);
        let mut progress = Progress {
            done_below,
            done_ahead: BTreeSet::new(),
            cursor: done_below,
        };
        while self.remove_finished(&mut progress) {}
        progress
    }

    /// Removes the oldest segment if it is finished; whether it was.
    pub(super) fn remove_finished(&mut self, progress: &mut Progress) -> bool {
        let end = self.segments.get(1).map(|next| next.first);
        let is_finished = end.is_some_and(|end| end <= progress.done_below);
        if is_finished {
            self.segments.pop_front();
        }
        is_finished
    }

    pub(super) fn write_hint(&mut self, progress: &Progress) {
        self.hints.push(progress.done_below);
    }
}

impl Progress {
    /// The next copies to be delivered.
    pub(super) fn take(&mut self, folder: &Folder, most: usize) -> Vec<(u64, Rc<Copy>)> {
        let mut taken = Vec::new();
        while taken.len() < most && self.cursor < folder.next_seq {
            match folder.get(self.cursor) {
                Some(copy) => taken.push((self.cursor, Rc::clone(copy))),
                None => self.done(self.cursor),
            }
            self.cursor += 1;
        }
        taken
    }

    pub(super) fn done(&mut self, seq: u64) {
        self.done_ahead.insert(seq);
        while self.done_ahead.remove(&self.done_below) {
            self.done_below += 1;
        }
    }
}
