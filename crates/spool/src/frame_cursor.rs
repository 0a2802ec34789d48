//! The frames of a segment, read one behind another.

use super::aligned::{AlignedBuffer, BLOCK_BYTES};
use super::disk::{self, DiskFile};
use super::frame::{FRAME_HEAD_BYTES, FrameHead, SEGMENT_HEAD_BYTES, SegmentHead};
use std::io;
use std::sync::Arc;

/// How much is read at one time.
const READ_BYTES: usize = if cfg!(test) { 8 * 1024 } else { 1024 * 1024 };

/// What stands at a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// An intact frame, which begins at this byte.
    Frame(FrameHead, u64),
    /// The seal.
    Seal(FrameHead),
    /// Nothing more.
    End,
    /// Bytes that are no intact frame.
    Bad,
}

/// Goes over the frames of a segment.
pub(super) struct FrameCursor {
    file: Arc<dyn DiskFile>,
    head: SegmentHead,
    expected: u64,
    offset: u64,
    limit: u64,
    window: AlignedBuffer,
    window_start: u64,
    payload: std::ops::Range<usize>,
}

impl FrameCursor {
    /// At the first frame of a segment that is so long.
    pub(super) fn new(file: Arc<dyn DiskFile>, head: SegmentHead, length: u64) -> Self {
        Self {
            file,
            head,
            expected: head.first_seq,
            offset: SEGMENT_HEAD_BYTES as u64,
            limit: length,
            window: AlignedBuffer::default(),
            window_start: 0,
            payload: 0..0,
        }
    }

    /// Where it stands, in bytes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The sequence number that comes next.
    pub(super) fn expected(&self) -> u64 {
        self.expected
    }

    /// Lets it read on to a later end.
    pub(super) fn extend(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// The payload of the frame that the last step gave.
    pub(super) fn payload(&self) -> &[u8] {
        self.window.get(self.payload.clone()).unwrap_or_default()
    }

    /// Gives the memory of a large frame back: what was wanted of its payload is copied.
    pub(super) fn forget_large_payload(&mut self) {
        if self.window.is_large() {
            self.window = AlignedBuffer::default();
            self.payload = 0..0;
        }
    }

    /// Goes over one frame, or stays where it is.
    pub(super) fn step(&mut self) -> io::Result<Step> {
        if self.offset >= self.limit {
            return Ok(Step::End);
        }
        let start = self.offset;
        let Some(head) = self.intact_at(start)? else {
            return Ok(Step::Bad);
        };
        let in_order = match self.head.repaired {
            true => head.first_seq >= self.expected,
            false => head.first_seq == self.expected,
        };
        if !in_order {
            return Ok(Step::Bad);
        }
        if head.seal {
            return Ok(Step::Seal(head));
        }
        self.offset += head.frame_bytes();
        self.expected = head.end_seq();
        Ok(Step::Frame(head, start))
    }

    /// Goes to the next intact frame of a later number, past the bad bytes where it stands, and
    /// stays there when there is none.
    pub(super) fn skip_damage(&mut self) -> io::Result<bool> {
        for offset in self.offset..self.limit {
            if let Some(head) = self.intact_at(offset)?
                && head.first_seq >= self.expected
            {
                self.offset = offset;
                self.expected = head.first_seq;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The head of the frame at `offset`, if head and payload are intact.
    fn intact_at(&mut self, offset: u64) -> io::Result<Option<FrameHead>> {
        let Some(head) = self.head_at(offset)? else {
            return Ok(None);
        };
        if !self.fill(offset, head.frame_bytes())? {
            return Ok(None);
        }
        let from = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        let payload = from.saturating_add(FRAME_HEAD_BYTES);
        self.payload = payload..payload.saturating_add(head.payload_bytes as usize);
        let intact = head.is_intact(self.payload(), self.head.salt);
        Ok(intact.then_some(head))
    }

    fn head_at(&mut self, offset: u64) -> io::Result<Option<FrameHead>> {
        if !self.fill(offset, FRAME_HEAD_BYTES as u64)? {
            return Ok(None);
        }
        let from = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        let bytes = self.window.get(from..).unwrap_or_default();
        Ok(FrameHead::decode(bytes, self.head.salt))
    }

    /// Makes the window hold these bytes; `false` when they lie beyond the end.
    fn fill(&mut self, start: u64, length: u64) -> io::Result<bool> {
        let Some(end) = start.checked_add(length).filter(|end| *end <= self.limit) else {
            return Ok(false);
        };
        let window_end = self.window_start + self.window.len() as u64;
        if start >= self.window_start && end <= window_end {
            return Ok(true);
        }
        // Whole blocks are read, so that the disk can be asked directly.
        let block = BLOCK_BYTES as u64;
        let window_start = start - start % block;
        // Behind the block of the limit another frame is being written.
        let most = (self.limit - window_start).next_multiple_of(block);
        let wanted = (end - window_start).next_multiple_of(block);
        let wanted = wanted.max(READ_BYTES as u64).min(most);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        self.forget_large_payload();
        let space = self.window.space_for(window_start, wanted);
        let read = disk::read_full_at(&*self.file, space, window_start);
        self.window_start = window_start;
        // What lies beyond the limit may change yet, and after a failure nothing of the window is
        // what the file holds.
        let within = usize::try_from(self.limit - window_start).unwrap_or(usize::MAX);
        let filled = within.min(*read.as_ref().unwrap_or(&0));
        self.window.truncate(filled);
        read?;
        Ok(self.window_start + self.window.len() as u64 >= end)
    }
}
