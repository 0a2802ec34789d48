//! From a folder to a spool: what is there, what was torn, and what is damaged.
//!
//! At most one frame was not synced when the process or the machine stopped. So a bad *last* frame
//! is a torn write that nobody was told about, and is cut off. Everything else that is bad is damage
//! to what was acknowledged: then nothing is touched until an operator asks for it.

use super::continuation::{self, Continuation, Owed, Tail};
use super::damage::{DAMAGE_MET, SpoolError};
use super::disk::{self, Disk};
use super::frame::{self, FrameHead};
use super::hint::{self, Hint};
use super::log::{LogStart, SpoolOptions};
use super::repair;
use super::segment::{self, CreateFault, Segment, UNFINISHED};
use super::segment_span::SegmentSpan;
use super::survey::{Survey, survey};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that says that the last stop was an orderly one.
pub(super) const CLEAN_STOP: &str = "clean";

/// A spool that was opened.
pub(super) struct Recovered {
    pub(super) tail: Tail,
    pub(super) used: Arc<AtomicU64>,
    /// Oldest first; the last is the one that is written to.
    pub(super) spans: Vec<SegmentSpan>,
    /// Everything below is in the store.
    pub(super) done_below: u64,
    /// Batches and records that wait.
    pub(super) waiting: (u64, u64),
    /// Bytes of a torn frame that were cut off.
    pub(super) torn_bytes: u64,
    /// The number behind the last batch of which an earlier version may have taken records; 0 when there is
    /// none.
    pub(super) earlier_end: u64,
}

/// Opens the spool in a folder, or makes an empty one.
pub(super) fn open(
    mut options: SpoolOptions,
    mut salts: Box<dyn FnMut() -> u64 + Send>,
    recover: bool,
) -> Result<Recovered, SpoolError> {
    let disk = Arc::clone(&options.disk);
    let names = disk.list()?;
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let (clean, damage_met) = (has(CLEAN_STOP), has(DAMAGE_MET));
    let hint = Hint::read(&*disk);
    let known_below = options.forgotten_below.max(1);
    let done_below = *hint.as_ref().unwrap_or(&0).max(&known_below);
    // Where damage to what was acknowledged was met, a bad end is not taken for a torn write.
    let (orderly, whole) = (clean || damage_met, damage_met || recover);
    let mut surveys = match survey(&*disk, &names, done_below, orderly, whole) {
        Err(SpoolError::Damaged(damages)) if recover => {
            repair::set_aside(&*disk, &names, &damages, &mut salts)?;
            survey(&*disk, &disk.list()?, done_below, orderly, true)?
        }
        surveys => surveys?,
    };
    remove_marks(&*disk, &names)?;
    if let Err(error) = hint {
        tracing::warn!(%error, "what the store has already cannot be read in the spool; it is found out again");
        // It could not be written either: a part of a block is read before it is written.
        drop(disk.remove(hint::NAME));
    }
    disk.sync_folder()?;
    let torn_bytes = surveys.last().map_or(0, |newest| newest.torn);
    let waiting = surveys.iter().fold((0, 0), |sum, survey| {
        (sum.0 + survey.waiting.0, sum.1 + survey.waiting.1)
    });
    let earlier = surveys
        .iter()
        .filter(|survey| survey.segment.head.may_hold_earlier());
    // The hint may be lost yet: what is done as well counts for as long as its segment is there.
    let earlier_end = earlier.map(|survey| survey.end_seq).max().unwrap_or(0);
    options.earlier |= earlier_end > done_below;
    remove_before_a_gap(&*disk, &mut surveys, done_below)?;
    let continuation = continuation::after(surveys.last(), done_below, clean, options.earlier);
    let used = Arc::<AtomicU64>::default();
    let tail = go_on(
        options,
        Arc::clone(&used),
        salts,
        &mut surveys,
        continuation,
    )?;
    let spans = remove_done(&*disk, surveys, tail.newest(), done_below)?;
    used.store(spans.iter().map(|span| span.bytes).sum(), Ordering::Relaxed);
    let done_below = done_below.max(spans.first().map_or(1, |span| span.first_seq));
    Ok(Recovered {
        tail,
        used,
        spans,
        done_below,
        waiting,
        torn_bytes,
        earlier_end,
    })
}

/// Removes what only the last life meant, and what is unfinished.
fn remove_marks(disk: &dyn Disk, names: &[String]) -> io::Result<()> {
    let marks = names
        .iter()
        .filter(|name| [CLEAN_STOP, DAMAGE_MET].contains(&name.as_str()));
    for name in marks {
        disk.remove(name)?;
    }
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        // The repair may have finished it.
        remove_if_there(disk, name)?;
    }
    Ok(())
}

/// Removes all segments where the next one leaves a gap behind them, which would be damage: everything in them
/// is in the store.
fn remove_before_a_gap(
    disk: &dyn Disk,
    surveys: &mut Vec<Survey>,
    done_below: u64,
) -> io::Result<()> {
    if surveys
        .last()
        .is_some_and(|newest| newest.end_seq < done_below)
    {
        for done in std::mem::take(surveys) {
            remove_segment(disk, done.segment.head.first_seq)?;
        }
    }
    Ok(())
}

/// Removes the segments of which everything is in the store, but for the newest; the others.
fn remove_done(
    disk: &dyn Disk,
    mut surveys: Vec<Survey>,
    begun: Option<SegmentSpan>,
    done_below: u64,
) -> io::Result<Vec<SegmentSpan>> {
    let kept = usize::from(begun.is_none());
    while surveys.len() > kept && surveys.first().is_some_and(|old| old.end_seq <= done_below) {
        let old = surveys.remove(0).segment.head.first_seq;
        if begun.is_none_or(|begun| begun.first_seq != old) {
            remove_segment(disk, old)?;
        }
    }
    let mut spans: Vec<SegmentSpan> = surveys.iter().map(Survey::span).collect();
    if let Some(begun) = begun {
        spans.retain(|span| span.first_seq < begun.first_seq);
        spans.push(begun);
    }
    Ok(spans)
}

fn remove_if_there(disk: &dyn Disk, name: &str) -> io::Result<()> {
    match disk.remove(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes a segment durably, before another may be removed: those that are there are always the
/// newest ones, without a gap. It may have been removed before, and the folder not been synced.
pub(super) fn remove_segment(disk: &dyn Disk, first_seq: u64) -> io::Result<()> {
    remove_if_there(disk, &segment::name(first_seq))?;
    disk.sync_folder()
}

/// Opens the newest segment, or writes what is owed; without room that is put off.
fn go_on(
    options: SpoolOptions,
    used: Arc<AtomicU64>,
    mut salts: Box<dyn FnMut() -> u64 + Send>,
    surveys: &mut [Survey],
    continuation: Continuation,
) -> Result<Tail, SpoolError> {
    let disk = Arc::clone(&options.disk);
    let (newest, owed) = match (surveys.last_mut(), continuation) {
        (newest, Continuation::Owes(owed)) => (newest, owed),
        (Some(newest), Continuation::GoOn) => {
            let start = open_newest(&*disk, newest)?;
            return Ok(Tail::settled(options, used, salts, start));
        }
        (None, Continuation::GoOn) => return Err(io::Error::other("no segment is there").into()),
    };
    let start = match owed.write(&*disk, salts(), options.earlier) {
        Ok(start) => start,
        Err(CreateFault::NotMade(error)) => {
            return Ok(Tail::owing(options, used, salts, owed, &error));
        }
        Err(CreateFault::Unknown(error)) => return Err(error.into()),
    };
    if let (Some(newest), Owed::LastFrame { head, offset, .. }) = (newest, &owed)
        && newest.segment.head.first_seq != head.first_seq
    {
        seal_before(newest, head, *offset)?;
    }
    Ok(Tail::settled(options, used, salts, start))
}

fn open_newest(disk: &dyn Disk, newest: &Survey) -> Result<LogStart, SpoolError> {
    let segment = Segment::open(disk, newest.segment.head.first_seq);
    let (batches, records) = newest.total;
    Ok(LogStart {
        segment: segment.map_err(|_| io::Error::other("the newest segment is gone"))?,
        next_seq: newest.end_seq,
        batches,
        records,
    })
}

/// Cuts the last frame off where it stood before, and seals that segment.
fn seal_before(newest: &mut Survey, last: &FrameHead, offset: u64) -> io::Result<()> {
    let file = &*newest.segment.file;
    let (batches, records) = newest.total;
    let (batches, records) = (batches - last.batches, records - last.records);
    let seal = frame::encode_seal(newest.segment.head.salt, last.first_seq, batches, records);
    file.truncate(offset)?;
    match disk::write_all_at(file, &seal, offset).and_then(|()| file.sync()) {
        // Without a seal the next start reads the segment whole; nothing else depends on it.
        Err(error) if !disk::is_no_room(&error) => return Err(error),
        _ => {}
    }
    newest.end_seq = last.first_seq;
    newest.segment.length = file.length()?;
    Ok(())
}
