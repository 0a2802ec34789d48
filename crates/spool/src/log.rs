//! The end of the spool that grows: one frame a commit, synced before it counts.

use super::accounts::Accounts;
use super::aligned::{AlignedBuffer, BLOCK_BYTES};
use super::bounds::{AppendError, Bounds, check_bound, check_disk};
use super::condition::Condition;
use super::disk::{self, DIRECT_MIN_BYTES, Disk, DiskFile};
use super::frame::{self, FRAME_HEAD_BYTES, FrameHead, SEGMENT_HEAD_BYTES, SegmentHead};
use super::identity::SpoolId;
use super::segment::{CreateFault, Segment};
use super::segment_span::SegmentSpan;
use logs::clock::Clock;
use record::batch::Batch;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A frame that is as large as this goes to the disk directly, and has filler.
pub(super) const FILLED_BYTES: usize = if cfg!(test) { 250 } else { DIRECT_MIN_BYTES };
/// Its end is a multiple of this. In tests it is small, as their frames are.
pub(super) const FILLED_TO: usize = if cfg!(test) { 64 } else { BLOCK_BYTES };

/// Where the frame of a commit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appended {
    pub(super) head: FrameHead,
    /// The number of its segment.
    pub(super) segment: u64,
    /// Where the segment ends now, in bytes.
    pub(super) segment_end: u64,
}

/// Where a spool is, how large it may become, and who counts its records.
#[derive(Clone)]
pub struct SpoolOptions {
    /// Its folder.
    pub disk: Arc<dyn Disk>,
    /// How large it may become.
    pub bounds: Bounds,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Who counts its records.
    pub accounts: Arc<dyn Accounts>,
    /// Which spool it is, as [`identify`](crate::identify) says.
    pub id: SpoolId,
    /// Below this number the store may have forgotten batches of this spool; 0 when it has not.
    pub forgotten_below: u64,
    /// Whether batches may come to it of which an earlier version took records; what it holds of them itself,
    /// it knows.
    pub earlier: bool,
}

/// The newest segment, at its end. One thread has it.
pub(super) struct Log {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    /// Bytes of all segments; those who remove one take its bytes off.
    used: Arc<AtomicU64>,
    salts: Box<dyn FnMut() -> u64 + Send>,
    earlier: bool,
    file: Arc<dyn DiskFile>,
    head: SegmentHead,
    next_seq: u64,
    /// Where the next frame goes: behind the last one that was synced.
    end: u64,
    batches: u32,
    records: u32,
    frame: AlignedBuffer,
    last_commit: Duration,
    poisoned: Option<String>,
    no_segment: Arc<Condition>,
}

/// What a [`Log`] goes on from.
pub(super) struct LogStart {
    pub(super) segment: Segment,
    pub(super) next_seq: u64,
    pub(super) batches: u32,
    pub(super) records: u32,
}

impl Log {
    pub(super) fn new(
        options: SpoolOptions,
        used: Arc<AtomicU64>,
        salts: Box<dyn FnMut() -> u64 + Send>,
        no_segment: Arc<Condition>,
        start: LogStart,
    ) -> Self {
        let mut bounds = options.bounds;
        bounds.segment_bytes = bounds.of_a_segment();
        Self {
            disk: options.disk,
            clock: options.clock,
            bounds,
            used,
            salts,
            earlier: options.earlier,
            file: start.segment.file,
            head: start.segment.head,
            next_seq: start.next_seq,
            end: start.segment.length,
            batches: start.batches,
            records: start.records,
            frame: AlignedBuffer::default(),
            last_commit: Duration::ZERO,
            poisoned: None,
            no_segment,
        }
    }

    /// Makes batches durable, all of them or none. They get the next sequence numbers.
    pub(super) fn append<'a>(
        &mut self,
        batches: impl Iterator<Item = &'a Batch> + Clone,
    ) -> Result<Appended, AppendError> {
        if let Some(reason) = &self.poisoned {
            return Err(AppendError::Poisoned(reason.clone()));
        }
        if self.end >= self.bounds.segment_bytes && self.batches > 0 {
            self.rotate()?;
        }
        let payload: usize = batches.clone().map(frame::batch_bytes).sum();
        let empty = 2 * SEGMENT_HEAD_BYTES as u64;
        let alone = payload + FRAME_HEAD_BYTES;
        let alone = alone + filler(SEGMENT_HEAD_BYTES as u64, alone);
        let filler = filler(self.end, payload + FRAME_HEAD_BYTES);
        let bytes = (payload + FRAME_HEAD_BYTES + filler) as u64;
        if !batches.clone().all(Batch::is_deferred) {
            if alone as u64 + empty > self.bounds.max_bytes {
                return Err(AppendError::TooLarge(payload));
            }
            self.check_bound(bytes)?;
            self.check_disk(bytes)?;
        }
        let mut frame = std::mem::take(&mut self.frame);
        let place = frame.empty_for(self.end, payload + FRAME_HEAD_BYTES + filler);
        let encoded = frame::encode_frame(place, self.head.salt, self.next_seq, batches, filler);
        let written = encoded
            .map_err(AppendError::TooLarge)
            .and_then(|head| self.write(&frame).map(|()| head));
        if !frame.is_large() {
            self.frame = frame;
        }
        let head = written?;
        self.used.fetch_add(head.frame_bytes(), Ordering::Relaxed);
        self.end += head.frame_bytes();
        self.next_seq = head.end_seq();
        self.batches += head.batches;
        self.records = self.records.saturating_add(head.records);
        Ok(Appended {
            head,
            segment: self.head.first_seq,
            segment_end: self.end,
        })
    }

    fn check_bound(&self, bytes: u64) -> Result<(), AppendError> {
        check_bound(&self.bounds, self.used.load(Ordering::Relaxed), bytes)
    }

    fn check_disk(&self, bytes: u64) -> Result<(), AppendError> {
        check_disk(&*self.disk, &self.bounds, bytes)
    }

    /// Writes one frame behind the last and syncs it.
    fn write(&mut self, frame: &[u8]) -> Result<(), AppendError> {
        // The disk does a large write while it is being written, and a small one when it is synced.
        let began = self.clock.elapsed();
        if let Err(error) = disk::write_all_at(&*self.file, frame, self.end) {
            return Err(self.take_back(&error));
        }
        let synced = self.sync();
        self.last_commit = self.clock.elapsed().saturating_sub(began);
        synced
    }

    /// A failed sync leaves pages that look clean and are not on the disk; syncing them again would
    /// succeed without writing them. So nothing more is written to this file in this process.
    fn sync(&mut self) -> Result<(), AppendError> {
        self.file
            .sync()
            .map_err(|error| self.poison(format!("fsync failed: {error}")))
    }

    /// After a write that failed: the part that was written must go before anything else comes, and
    /// durably, because nothing else may come before an orderly stop.
    fn take_back(&mut self, error: &io::Error) -> AppendError {
        if let Err(error) = self.file.truncate(self.end) {
            return self.poison(format!("a torn frame cannot be cut off: {error}"));
        }
        if !disk::is_no_room(error) {
            return self.poison(format!("a write failed: {error}"));
        }
        match self.sync() {
            Ok(()) => AppendError::DiskFull(error.to_string()),
            Err(poisoned) => poisoned,
        }
    }

    fn poison(&mut self, reason: String) -> AppendError {
        self.poisoned = Some(reason.clone());
        AppendError::Poisoned(reason)
    }

    /// Begins a new segment, and seals the old one so that a start need not read it whole. A spool
    /// that is full does it, too: only then can the old one be removed.
    fn rotate(&mut self) -> Result<(), AppendError> {
        let head = SegmentHead::new(self.next_seq, (self.salts)()).for_earlier(self.earlier);
        let made = Segment::create(&*self.disk, head, &[]);
        let segment = made.map_err(|fault| match not_begun(fault, &self.no_segment) {
            AppendError::Poisoned(reason) => self.poison(reason),
            error => error,
        })?;
        self.no_segment.is_over();
        let seal = frame::encode_seal(self.head.salt, self.next_seq, self.batches, self.records);
        let sealed = self.write(&seal);
        self.used.fetch_add(segment.length, Ordering::Relaxed);
        self.file = segment.file;
        self.head = head;
        self.end = segment.length;
        (self.batches, self.records) = (0, 0);
        match sealed {
            // The seal's few bytes count nowhere: its segment's span is known without them. Without
            // a seal the next start reads the segment whole; nothing else depends on it.
            Ok(()) | Err(AppendError::DiskFull(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Begins a new segment although the newest is not full: a hundred bytes, which make it possible
    /// to remove that one.
    pub(super) fn begin_another(&mut self) -> Result<SegmentSpan, AppendError> {
        if let Some(reason) = &self.poisoned {
            return Err(AppendError::Poisoned(reason.clone()));
        }
        if self.batches > 0 {
            self.rotate()?;
        }
        Ok(self.newest())
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The newest segment and where it ends.
    pub(super) fn newest(&self) -> SegmentSpan {
        SegmentSpan {
            first_seq: self.head.first_seq,
            end_seq: self.next_seq,
            bytes: self.end,
        }
    }

    /// Whether no new segment can be made.
    pub(super) fn no_segment(&self) -> Arc<Condition> {
        Arc::clone(&self.no_segment)
    }

    /// How long the last write and its sync took.
    pub(super) fn last_commit(&self) -> Duration {
        self.last_commit
    }
}

/// Why there is no new segment. While nothing has changed, it is tried again with the next batch.
pub(super) fn not_begun(fault: CreateFault, no_segment: &Condition) -> AppendError {
    match fault {
        CreateFault::NotMade(error) => {
            no_segment.is_there(&error);
            match disk::is_no_room(&error) {
                true => AppendError::DiskFull(error.to_string()),
                false => AppendError::NoSegment(error.to_string()),
            }
        }
        CreateFault::Unknown(error) => {
            AppendError::Poisoned(format!("a new segment cannot be made: {error}"))
        }
    }
}

/// The zeros at the end of a frame that begins at `end` and has so many bytes without them. The frame
/// behind a large one begins with a block of the disk, and so goes there in one piece; a small one would
/// only take up more room.
fn filler(end: u64, bytes: usize) -> usize {
    if bytes < FILLED_BYTES {
        return 0;
    }
    let end = usize::try_from(end % FILLED_TO as u64).unwrap_or(0) + bytes;
    end.next_multiple_of(FILLED_TO) - end
}
