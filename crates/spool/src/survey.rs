//! A look over the segments: which batches each holds, how many of them wait, what is torn and what
//! is damaged. Nothing is changed.

use super::damage::{Damage, SpoolError};
use super::disk::Disk;
use super::frame::{self, FrameHead, HeadFault};
use super::frame_cursor::{FrameCursor, Step};
use super::segment::{self, OpenFault, Segment};
use super::segment_span::SegmentSpan;
use std::io;

const UNREADABLE: &str = "the disk cannot read this place";

/// What a look over one segment found.
pub(super) struct Survey {
    pub(super) segment: Segment,
    pub(super) end_seq: u64,
    /// Batches and records in all, if the segment was read or has a seal.
    pub(super) total: (u32, u32),
    /// Of these, those that are not known to be in the store.
    pub(super) waiting: (u64, u64),
    pub(super) last: Option<(FrameHead, u64)>,
    pub(super) torn: u64,
}

/// Looks over all segments, oldest first.
pub(super) fn survey(
    disk: &dyn Disk,
    names: &[String],
    done_below: u64,
    clean: bool,
    whole: bool,
) -> Result<Vec<Survey>, SpoolError> {
    let numbers = segment::numbers(names);
    let ends = numbers.iter().skip(1).copied().map(Some).chain([None]);
    let (mut surveys, mut damages) = (Vec::new(), Vec::new());
    for (number, end_seq) in numbers.iter().copied().zip(ends) {
        match survey_one(disk, number, end_seq, done_below, clean, whole) {
            Ok(survey) => surveys.push(survey),
            Err(Fault::Damage(damage)) => damages.push(damage),
            Err(Fault::Spool(error)) => return Err(error),
        }
    }
    match damages.is_empty() {
        true => Ok(surveys),
        false => Err(SpoolError::Damaged(damages)),
    }
}

enum Fault {
    Damage(Damage),
    Spool(SpoolError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Spool(SpoolError::Io(error))
    }
}

fn survey_one(
    disk: &dyn Disk,
    number: u64,
    next_segment: Option<u64>,
    done_below: u64,
    clean: bool,
    whole: bool,
) -> Result<Survey, Fault> {
    let damage = |offset, what| {
        Fault::Damage(Damage {
            segment: number,
            offset,
            what,
        })
    };
    let segment = Segment::salvage(disk, number).map_err(|fault| match fault {
        OpenFault::Io(error) => error.into(),
        OpenFault::Unreadable => damage(0, UNREADABLE),
        OpenFault::Head(HeadFault::Damaged) => damage(0, "the segment's head is damaged"),
        OpenFault::Head(HeadFault::Newer(version)) => Fault::Spool(SpoolError::Newer {
            name: segment::name(number),
            version,
        }),
    })?;
    if !segment.whole_head {
        return Err(damage(
            0,
            "one of the two copies of the segment's head is damaged",
        ));
    }
    let Some(end_seq) = next_segment else {
        return newest(segment, done_below, clean).map_err(|fault| match fault {
            Bad::At(offset, what) => damage(offset, what),
            Bad::Io(error) => error.into(),
        });
    };
    let inside = done_below > number && done_below < end_seq;
    let seal = segment.seal()?;
    if let Some(seal) = seal
        && seal.first_seq == end_seq
        && !inside
        && !whole
    {
        return Ok(Survey::from_seal(segment, seal, done_below));
    }
    let mut reading = Reading::new(segment.frames(), done_below);
    let step = reading.up_to(end_seq)?;
    let sealed_elsewhere = matches!(step, Step::Seal(seal) if seal.first_seq != end_seq);
    let complete = reading.cursor.expected() == end_seq
        || matches!(step, Step::Seal(seal) if seal.first_seq == end_seq);
    let lost = segment.lost_from(reading.cursor.offset());
    match (complete, step) {
        (true, _) if !sealed_elsewhere => Ok(reading.survey(segment, end_seq)),
        (_, Step::Bad) => Err(match lost {
            Some(place) => damage(place, UNREADABLE),
            None => damage(reading.cursor.offset(), "a frame is damaged"),
        }),
        _ => Err(damage(
            reading.cursor.offset(),
            "batches are missing behind it",
        )),
    }
}

enum Bad {
    At(u64, &'static str),
    Io(io::Error),
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The segment that was written last: only here can a frame be torn.
fn newest(segment: Segment, done_below: u64, clean: bool) -> Result<Survey, Bad> {
    let mut reading = Reading::new(segment.frames(), done_below);
    let step = reading.up_to(u64::MAX)?;
    let end_seq = reading.cursor.expected();
    let end = reading.cursor.offset();
    // A segment is sealed when the next one is there for good, and is removed before that one.
    if matches!(step, Step::Seal(_)) {
        return Err(Bad::At(end, "the segment that follows is missing"));
    }
    let mut torn = 0;
    if step == Step::Bad {
        torn = segment.length - end;
        // A torn write can be read.
        if let Some(place) = segment.lost_from(end) {
            return Err(Bad::At(place, UNREADABLE));
        }
        if clean {
            return Err(Bad::At(
                end,
                "a frame is damaged, and it is no torn write: the last stop was an orderly one, or damage was met",
            ));
        }
        if reading.cursor.skip_damage()? {
            return Err(Bad::At(
                end,
                "a frame is damaged, and intact ones follow it",
            ));
        }
        if let Some(place) = segment.lost_from(end) {
            return Err(Bad::At(place, UNREADABLE));
        }
    }
    let mut survey = reading.survey(segment, end_seq);
    survey.torn = torn;
    Ok(survey)
}

/// Goes over a segment's frames and counts.
struct Reading {
    cursor: FrameCursor,
    done_below: u64,
    total: (u32, u32),
    waiting: (u64, u64),
    last: Option<(FrameHead, u64)>,
}

impl Reading {
    fn new(cursor: FrameCursor, done_below: u64) -> Self {
        Self {
            cursor,
            done_below,
            total: (0, 0),
            waiting: (0, 0),
            last: None,
        }
    }

    /// Reads the frames whose batches come before `end_seq`; what stands there, or behind them.
    fn up_to(&mut self, end_seq: u64) -> io::Result<Step> {
        while self.cursor.expected() < end_seq {
            match self.cursor.step()? {
                Step::Frame(head, offset) => self.count(head, offset),
                other => return Ok(other),
            }
        }
        Ok(Step::End)
    }

    fn count(&mut self, head: FrameHead, offset: u64) {
        self.last = Some((head, offset));
        self.total.0 = self.total.0.saturating_add(head.batches);
        self.total.1 = self.total.1.saturating_add(head.records);
        if head.first_seq >= self.done_below {
            self.waiting.0 += u64::from(head.batches);
            self.waiting.1 += u64::from(head.records);
        } else if head.end_seq() > self.done_below {
            let batches = frame::decode_batches(&head, self.cursor.payload()).unwrap_or_default();
            let done = usize::try_from(self.done_below - head.first_seq).unwrap_or(usize::MAX);
            for batch in batches.iter().skip(done) {
                self.waiting.0 += 1;
                self.waiting.1 += batch.documents.len() as u64;
            }
        }
    }

    fn survey(self, segment: Segment, end_seq: u64) -> Survey {
        Survey {
            segment,
            end_seq,
            total: self.total,
            waiting: self.waiting,
            last: self.last,
            torn: 0,
        }
    }
}

impl Survey {
    fn from_seal(segment: Segment, seal: FrameHead, done_below: u64) -> Self {
        let waits = seal.first_seq > done_below;
        let waiting = (u64::from(seal.batches), u64::from(seal.records));
        Self {
            segment,
            end_seq: seal.first_seq,
            total: (seal.batches, seal.records),
            waiting: if waits { waiting } else { (0, 0) },
            last: None,
            torn: 0,
        }
    }

    pub(super) fn span(&self) -> SegmentSpan {
        SegmentSpan {
            first_seq: self.segment.head.first_seq,
            end_seq: self.end_seq,
            bytes: self.segment.length,
        }
    }
}
