//! How the spool goes on after a start: with the newest segment, or with one that has to be written
//! before anything may be appended.
//!
//! After a stop that was not an orderly one that is the last frame: its sync may have failed, and then
//! its pages look clean in the cache and are not on the disk. Every frame before it was synced, or it
//! would not have been written. A start without room owes it, and so does every later start until it
//! was written. What stands in such a frame may be handed out meanwhile, but no hint and no marker of
//! an orderly stop may say that it is there, and nothing may come behind it.

use super::bounds::{AppendError, Bounds, check_disk};
use super::condition::Condition;
use super::disk::{self, Disk};
use super::frame::{self, FrameHead, SegmentHead};
use super::log::{Log, LogStart, SpoolOptions, not_begun};
use super::segment::{CreateFault, Segment};
use super::segment_span::SegmentSpan;
use super::survey::Survey;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The end of the spool at which it grows.
pub(super) enum Tail {
    /// Batches can be appended.
    Settled(Log),
    /// Something has to be written before.
    Owing(Unsettled),
}

/// What a log is made of once that is written which is owed.
pub(super) struct Unsettled {
    options: SpoolOptions,
    used: Arc<AtomicU64>,
    salts: Box<dyn FnMut() -> u64 + Send>,
    no_segment: Arc<Condition>,
    poisoned: Option<String>,
    owed: Owed,
}

/// What has to be written before anything may be appended.
pub(super) enum Owed {
    /// An empty segment that begins with this number.
    Segment(u64),
    /// The last frame anew, in a segment of its own.
    LastFrame {
        segment: Segment,
        head: FrameHead,
        offset: u64,
    },
}

/// Which segment is appended to.
pub(super) enum Continuation {
    /// The newest one.
    GoOn,
    /// Another one.
    Owes(Owed),
}

/// What follows from what a start has found.
pub(super) fn after(
    newest: Option<&Survey>,
    done_below: u64,
    clean: bool,
    earlier: bool,
) -> Continuation {
    let Some(newest) = newest else {
        return Continuation::Owes(Owed::Segment(done_below));
    };
    let next_seq = newest.end_seq.max(done_below);
    Continuation::Owes(match newest.last {
        // What is done was on disk.
        _ if newest.end_seq <= done_below => Owed::Segment(next_seq),
        // A version that knows the segment would read what is appended as damage.
        _ if clean && newest.segment.head.is_older() => Owed::Segment(next_seq),
        // The next start must know of what is appended.
        _ if clean && earlier && !newest.segment.head.for_earlier => Owed::Segment(next_seq),
        _ if clean => return Continuation::GoOn,
        Some((head, offset)) => Owed::LastFrame {
            segment: newest.segment.clone(),
            head,
            offset,
        },
        None => Owed::Segment(next_seq),
    })
}

impl Owed {
    /// The first number that is not known to be on disk.
    pub(super) fn first_seq(&self) -> u64 {
        match self {
            Self::Segment(next_seq) => *next_seq,
            Self::LastFrame { head, .. } => head.first_seq,
        }
    }

    fn next_seq(&self) -> u64 {
        match self {
            Self::Segment(next_seq) => *next_seq,
            Self::LastFrame { head, .. } => head.end_seq(),
        }
    }

    /// Bytes that it takes.
    fn bytes(&self) -> u64 {
        match self {
            Self::Segment(_) => 0,
            Self::LastFrame { head, .. } => head.frame_bytes(),
        }
    }

    /// Writes it. Two segments hold the last frame then; a segment ends where the next one begins,
    /// so it counts once.
    pub(super) fn write(
        &self,
        disk: &dyn Disk,
        salt: u64,
        earlier: bool,
    ) -> Result<LogStart, CreateFault> {
        let head = SegmentHead::new(self.first_seq(), salt).for_earlier(earlier);
        let (bytes, batches, records) = match self {
            Self::Segment(_) => (Vec::new(), 0, 0),
            Self::LastFrame {
                segment,
                head,
                offset,
            } => {
                let payload = payload(segment, head, *offset)?;
                let bytes = head.with_salt(&payload, salt);
                (bytes, head.batches, head.records)
            }
        };
        Ok(LogStart {
            segment: Segment::create(disk, head, &bytes)?,
            next_seq: self.next_seq(),
            batches,
            records,
        })
    }
}

fn payload(segment: &Segment, last: &FrameHead, offset: u64) -> Result<Vec<u8>, CreateFault> {
    let length = usize::try_from(last.payload_bytes).unwrap_or(usize::MAX);
    let mut payload = vec![0; length];
    let start = offset + frame::FRAME_HEAD_BYTES as u64;
    disk::read_full_at(&*segment.file, &mut payload, start).map_err(CreateFault::NotMade)?;
    match last.is_intact(&payload, segment.head.salt) {
        true => Ok(payload),
        false => Err(CreateFault::Unknown(io::Error::other(
            "the last frame reads differently each time",
        ))),
    }
}

impl Tail {
    pub(super) fn settled(
        options: SpoolOptions,
        used: Arc<AtomicU64>,
        salts: Box<dyn FnMut() -> u64 + Send>,
        start: LogStart,
    ) -> Self {
        let no_segment = Arc::new(Condition::new(NO_SEGMENT, &options.clock));
        Self::Settled(Log::new(options, used, salts, no_segment, start))
    }

    /// `error` is why it could not be written at the start.
    pub(super) fn owing(
        options: SpoolOptions,
        used: Arc<AtomicU64>,
        salts: Box<dyn FnMut() -> u64 + Send>,
        owed: Owed,
        error: &io::Error,
    ) -> Self {
        let no_segment = Arc::new(Condition::new(NO_SEGMENT, &options.clock));
        no_segment.is_there(error);
        Self::Owing(Unsettled {
            options,
            used,
            salts,
            no_segment,
            poisoned: None,
            owed,
        })
    }

    /// Writes what is owed, if anything is: the log, and its segment if that is a new one.
    ///
    /// # Errors
    /// [`AppendError`]; unless the spool is poisoned, it is owed as before.
    pub(super) fn settle(&mut self) -> Result<(&mut Log, Option<SegmentSpan>), AppendError> {
        let mut begun = None;
        if let Self::Owing(unsettled) = self {
            let start = unsettled.write()?;
            let salts = std::mem::replace(&mut unsettled.salts, Box::new(|| 0));
            let (options, used) = (unsettled.options.clone(), Arc::clone(&unsettled.used));
            let log = Log::new(
                options,
                used,
                salts,
                Arc::clone(&unsettled.no_segment),
                start,
            );
            begun = Some(log.newest());
            *self = Self::Settled(log);
        }
        let Self::Settled(log) = self else {
            return Err(AppendError::Closed);
        };
        Ok((log, begun))
    }

    /// The first number that is not known to be on disk, while something is owed.
    pub(super) fn owes(&self) -> Option<u64> {
        match self {
            Self::Settled(_) => None,
            Self::Owing(unsettled) => Some(unsettled.owed.first_seq()),
        }
    }

    /// The segment that is appended to, and where it ends.
    pub(super) fn newest(&self) -> Option<SegmentSpan> {
        match self {
            Self::Settled(log) => Some(log.newest()),
            Self::Owing(_) => None,
        }
    }

    pub(super) fn next_seq(&self) -> u64 {
        match self {
            Self::Settled(log) => log.next_seq(),
            Self::Owing(unsettled) => unsettled.owed.next_seq(),
        }
    }

    /// Whether no new segment can be made.
    pub(super) fn no_segment(&self) -> Arc<Condition> {
        match self {
            Self::Settled(log) => log.no_segment(),
            Self::Owing(unsettled) => Arc::clone(&unsettled.no_segment),
        }
    }
}

const NO_SEGMENT: &str = "the spool's next segment cannot be made";

impl Unsettled {
    fn write(&mut self) -> Result<LogStart, AppendError> {
        if let Some(reason) = &self.poisoned {
            return Err(AppendError::Poisoned(reason.clone()));
        }
        let disk = &*self.options.disk;
        // What is to stay free is there for this, too, as it is at the start: without it nothing goes on.
        let bounds = Bounds {
            min_free_disk: 0,
            ..self.options.bounds
        };
        check_disk(disk, &bounds, self.owed.bytes())?;
        let written = self.owed.write(disk, (self.salts)(), self.options.earlier);
        let start = written.map_err(|fault| {
            let error = not_begun(fault, &self.no_segment);
            if let AppendError::Poisoned(reason) = &error {
                self.poisoned = Some(reason.clone());
            }
            error
        })?;
        self.no_segment.is_over();
        self.used.fetch_add(start.segment.length, Ordering::Relaxed);
        Ok(start)
    }
}
