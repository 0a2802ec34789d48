//! From a folder to a spool: what is there, what was torn, and what is damaged.
//!
//! At most one frame was not synced when the process or the machine stopped. So a bad *last* frame
//! is a torn write that nobody was told about, and is cut off. Everything else that is bad is damage
//! to what was acknowledged: then nothing is touched until an operator asks for it.

use super::damage::{DAMAGE_MET, SpoolError};
use super::disk::{self, Disk};
use super::frame::{self, FrameHead, SegmentHead};
use super::hint::Hint;
use super::log::{Log, LogStart, SpoolOptions};
use super::repair;
use super::segment::{self, Segment, UNFINISHED};
use super::segment_span::SegmentSpan;
use super::survey::{Survey, survey};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// A file that says that the last stop was an orderly one.
pub(super) const CLEAN_STOP: &str = "clean";

/// A spool that was opened.
pub(super) struct Recovered {
    pub(super) log: Log,
    pub(super) used: Arc<AtomicU64>,
    /// Oldest first; the last is the one that the log writes to.
    pub(super) spans: Vec<SegmentSpan>,
    /// Where the newest segment ends, in bytes.
    pub(super) end: u64,
    /// Everything below is in the store.
    pub(super) done_below: u64,
    /// Batches and records that wait.
    pub(super) waiting: (u64, u64),
    /// Bytes of a torn frame that were cut off.
    pub(super) torn_bytes: u64,
}

/// Opens the spool in a folder, or makes an empty one.
pub(super) fn open(
    options: SpoolOptions,
    mut salts: Box<dyn FnMut() -> u64 + Send>,
    recover: bool,
) -> Result<Recovered, SpoolError> {
    let disk = Arc::clone(&options.disk);
    let names = disk.list()?;
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let (clean, damage_met) = (has(CLEAN_STOP), has(DAMAGE_MET));
    let done_below = Hint::read(&*disk)?.max(1);
    // Where damage to what was acknowledged was met, a bad end is not taken for a torn write.
    let (orderly, whole) = (clean || damage_met, damage_met || recover);
    let mut surveys = match survey(&*disk, &names, done_below, orderly, whole) {
        Err(SpoolError::Damaged(damages)) if recover => {
            repair::set_aside(&*disk, &names, &damages, &mut salts)?;
            survey(&*disk, &disk.list()?, done_below, orderly, true)?
        }
        surveys => surveys?,
    };
    for name in [CLEAN_STOP, DAMAGE_MET]
        .into_iter()
        .filter(|name| has(name))
    {
        disk.remove(name)?;
    }
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        // The repair may have finished it.
        remove_if_there(&*disk, name)?;
    }
    disk.sync_folder()?;
    let torn_bytes = surveys.last().map_or(0, |newest| newest.torn);
    let start = continue_or_begin(&*disk, &mut surveys, done_below, clean, &mut salts)?;
    let waiting = surveys.iter().fold((0, 0), |sum, survey| {
        (sum.0 + survey.waiting.0, sum.1 + survey.waiting.1)
    });
    let finished = |survey: &Survey| survey.end_seq <= done_below;
    while surveys.first().is_some_and(finished) {
        let old = surveys.remove(0);
        if old.segment.head.first_seq != start.segment.head.first_seq {
            remove_segment(&*disk, old.segment.head.first_seq)?;
        }
    }
    let mut spans: Vec<SegmentSpan> = surveys.iter().map(Survey::span).collect();
    let newest = SegmentSpan {
        first_seq: start.segment.head.first_seq,
        end_seq: start.next_seq,
        bytes: start.segment.length,
    };
    spans.retain(|span| span.first_seq < newest.first_seq);
    spans.push(newest);
    let used = Arc::new(AtomicU64::new(spans.iter().map(|span| span.bytes).sum()));
    let end = start.segment.length;
    let done_below = done_below.max(spans.first().map_or(1, |span| span.first_seq));
    let log = Log::new(options, Arc::clone(&used), salts, start);
    Ok(Recovered {
        log,
        used,
        spans,
        end,
        done_below,
        waiting,
        torn_bytes,
    })
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

/// The segment that the log goes on with.
fn continue_or_begin(
    disk: &dyn Disk,
    surveys: &mut [Survey],
    done_below: u64,
    clean: bool,
    salts: &mut Box<dyn FnMut() -> u64 + Send>,
) -> Result<LogStart, SpoolError> {
    let Some(newest) = surveys.last_mut() else {
        return Ok(begin(disk, done_below, salts())?);
    };
    let next_seq = newest.end_seq.max(done_below);
    match newest.last {
        _ if newest.end_seq <= done_below => Ok(begin(disk, next_seq, salts())?),
        _ if clean => {
            let (batches, records) = newest.total;
            let segment = Segment::open(disk, newest.segment.head.first_seq);
            let segment = segment.map_err(|_| io::Error::other("the newest segment is gone"))?;
            Ok(LogStart {
                segment,
                next_seq,
                batches,
                records,
            })
        }
        Some((head, offset)) => rewrite_last(disk, newest, head, offset, salts()),
        None => Ok(begin(disk, next_seq, salts())?),
    }
}

fn begin(disk: &dyn Disk, next_seq: u64, salt: u64) -> io::Result<LogStart> {
    let head = SegmentHead::new(next_seq, salt);
    Ok(LogStart {
        segment: Segment::create(disk, head, &[])?,
        next_seq,
        batches: 0,
        records: 0,
    })
}

/// Writes the last frame again, into a segment of its own. Its sync may have failed, and then its
/// pages look clean in the cache and are not on the disk. Every frame before it was synced, or it
/// would not have been written. Two segments hold it for a moment; a segment ends where the next
/// one begins, so it counts once.
fn rewrite_last(
    disk: &dyn Disk,
    newest: &mut Survey,
    last: FrameHead,
    offset: u64,
    salt: u64,
) -> Result<LogStart, SpoolError> {
    let length = usize::try_from(last.payload_bytes).unwrap_or(usize::MAX);
    let mut payload = vec![0; length];
    let file = &*newest.segment.file;
    disk::read_full_at(file, &mut payload, offset + frame::FRAME_HEAD_BYTES as u64)?;
    if !last.is_intact(&payload, newest.segment.head.salt) {
        return Err(io::Error::other("the last frame reads differently each time").into());
    }
    let head = SegmentHead::new(last.first_seq, salt);
    let made = Segment::create(disk, head, &last.with_salt(&payload, salt));
    let segment = made.map_err(io::Error::from)?;
    if newest.segment.head.first_seq != last.first_seq {
        let (batches, records) = newest.total;
        let (batches, records) = (batches - last.batches, records - last.records);
        let seal = frame::encode_seal(newest.segment.head.salt, last.first_seq, batches, records);
        file.truncate(offset)?;
        match disk::write_all_at(file, &seal, offset).and_then(|()| file.sync()) {
            // Without a seal the next start reads the segment whole; nothing else depends on it.
            Err(error) if !disk::is_no_room(&error) => return Err(error.into()),
            _ => {}
        }
        newest.end_seq = last.first_seq;
        newest.segment.length = file.length()?;
    }
    Ok(LogStart {
        segment,
        next_seq: last.end_seq(),
        batches: last.batches,
        records: last.records,
    })
}
