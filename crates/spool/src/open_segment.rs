//! A segment while its batches are read, and what was read of it and not given yet.

use super::Shared;
use super::frame::{self, FrameHead};
use super::frame_cursor::{FrameCursor, Step};
use super::portion::ConsumeError;
use super::segment::{self, OpenFault, Segment};
use super::spooled::Spooled;
use std::collections::VecDeque;
use std::io;

/// Where in which segment is read.
pub(super) struct OpenSegment {
    pub(super) number: u64,
    /// How often the newest segment had been replaced when this one was opened.
    pub(super) replaced: u64,
    pub(super) cursor: FrameCursor,
    pub(super) read: VecDeque<Spooled>,
}

impl OpenSegment {
    pub(super) fn open(shared: &Shared, number: u64, replaced: u64) -> Result<Self, OpenFault> {
        Ok(Self {
            number,
            replaced,
            cursor: Segment::open(&*shared.disk, number)?.frames(),
            read: VecDeque::new(),
        })
    }

    /// Goes over one frame; a fault of the disk says where.
    pub(super) fn step(&mut self, shared: &Shared) -> Result<Step, ConsumeError> {
        let offset = self.cursor.offset();
        let step = self.cursor.step();
        match step.map_err(|error| at(self.number, offset, &error))? {
            Step::Bad if shared.state().owed == Some(self.cursor.expected()) => {
                Err(lost_with_the_cache(shared).into())
            }
            step => Ok(step),
        }
    }

    /// Keeps the batches of the frame that the last step gave; `None` when they are not what its head says.
    pub(super) fn keep(&mut self, head: &FrameHead) -> Option<()> {
        let batches = frame::decode_batches(head, self.cursor.payload())?;
        self.cursor.forget_large_payload();
        let numbered = (head.first_seq..).zip(batches);
        self.read
            .extend(numbered.map(|(seq, batch)| Spooled { seq, batch }));
        Some(())
    }
}

/// That a segment cannot be read, and where.
pub(super) fn at(number: u64, offset: u64, error: &io::Error) -> ConsumeError {
    let place = format!("{} at byte {offset}: {error}", segment::name(number));
    ConsumeError::Io(io::Error::new(error.kind(), place))
}

/// The last frame of an earlier life stood in the cache alone, for its sync had failed: nobody was told
/// that it was taken. The next start finds a torn write.
fn lost_with_the_cache(shared: &Shared) -> io::Error {
    let reason = "the last frame of an earlier stop was never on disk and has left the cache";
    shared.poison(reason);
    io::Error::other(reason)
}
