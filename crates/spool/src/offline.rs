//! `aggregator spool verify` and `dump`: reads a spool that no process has open, and changes nothing.

use super::damage::{self, Damage, SpoolError};
use super::disk::Disk;
use super::frame;
use super::frame_cursor::{FrameCursor, Step};
use super::hint::Hint;
use super::recovery;
use super::segment::{self, OpenFault, Segment};
use super::survey;
use record::batch::Batch;
use std::io;

/// What one segment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its file.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Intact frames.
    pub frames: u64,
    /// Batches in them.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
}

/// What a whole spool holds.
#[derive(Debug, Default)]
pub struct Report {
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
    /// Every batch below is in the store already, as far as is known.
    pub done_below: u64,
    /// Damage to acknowledged data; a start would refuse.
    pub damages: Vec<Damage>,
}

/// Looks at every byte.
///
/// # Errors
/// [`SpoolError`] when the folder cannot be read or a later version wrote it. Damage is no error.
pub fn verify(disk: &dyn Disk) -> Result<Report, SpoolError> {
    let names = disk.list()?;
    let markers = [recovery::CLEAN_STOP, damage::DAMAGE_MET];
    let orderly = names.iter().any(|name| markers.contains(&name.as_str()));
    let done_below = Hint::read(disk).unwrap_or(0).max(1);
    let damages = match survey::survey(disk, &names, done_below, orderly, true) {
        Ok(_) => Vec::new(),
        Err(SpoolError::Damaged(damages)) => damages,
        Err(error) => return Err(error),
    };
    let mut segments = Vec::new();
    each_segment(disk, &names, |segment, name| {
        let mut report = SegmentReport {
            name: name.to_owned(),
            bytes: segment.length,
            frames: 0,
            batches: 0,
            records: 0,
        };
        let mut cursor = segment.frames();
        while let Some(head) = next_intact(&mut cursor)? {
            report.frames += 1;
            report.batches += u64::from(head.batches);
            report.records += u64::from(head.records);
        }
        segments.push(report);
        Ok(())
    })?;
    Ok(Report {
        segments,
        done_below,
        damages,
    })
}

/// Hands over every batch that is intact, with its sequence number, oldest first.
///
/// # Errors
/// The first error of reading or of `each`.
pub fn dump(
    disk: &dyn Disk,
    mut each: impl FnMut(u64, &Batch) -> io::Result<()>,
) -> Result<(), SpoolError> {
    let mut next_seq = 0;
    each_segment(disk, &disk.list()?, |segment, _| {
        let mut cursor = segment.frames();
        while let Some(head) = next_intact(&mut cursor)? {
            let batches = frame::decode_batches(&head, cursor.payload()).unwrap_or_default();
            for (seq, batch) in (head.first_seq..).zip(&batches) {
                // A frame may stand in two segments for a moment.
                if seq >= next_seq {
                    each(seq, batch)?;
                    next_seq = seq + 1;
                }
            }
        }
        Ok(())
    })
}

/// Batches of which it is not known that the store has them. Beside a running service they are more than there are: it
/// notes what is done now and then.
///
/// # Errors
/// [`SpoolError`] when the folder cannot be read or a later version wrote it.
pub fn waiting(disk: &dyn Disk) -> Result<u64, SpoolError> {
    let done_below = Hint::read(disk).unwrap_or(0);
    let (mut waiting, mut next_seq) = (0, done_below);
    each_segment(disk, &disk.list()?, |segment, _| {
        let mut cursor = segment.frames();
        while let Some(head) = next_intact(&mut cursor)? {
            let end = head.first_seq.saturating_add(u64::from(head.batches));
            // A frame may stand in two segments for a moment.
            waiting += end.saturating_sub(head.first_seq.max(next_seq));
            next_seq = next_seq.max(end);
        }
        Ok(())
    })?;
    Ok(waiting)
}

fn each_segment(
    disk: &dyn Disk,
    names: &[String],
    mut each: impl FnMut(&Segment, &str) -> io::Result<()>,
) -> Result<(), SpoolError> {
    let numbers = segment::numbers(names);
    for number in numbers {
        match Segment::salvage(disk, number) {
            Ok(segment) => each(&segment, &segment::name(number))?,
            // A service that runs has removed it, as all of it is in the store.
            Err(OpenFault::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(OpenFault::Io(error)) => return Err(error.into()),
            // Told by `verify`; there is nothing to read here.
            Err(OpenFault::Head(_) | OpenFault::Unreadable) => {}
        }
    }
    Ok(())
}

fn next_intact(cursor: &mut FrameCursor) -> io::Result<Option<frame::FrameHead>> {
    loop {
        match cursor.step()? {
            Step::Frame(head, _) => return Ok(Some(head)),
            Step::Bad if cursor.skip_damage()? => {}
            Step::Bad | Step::Seal(_) | Step::End => return Ok(None),
        }
    }
}
