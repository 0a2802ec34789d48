//! Reads what waits from disk, and hands it out.

use super::damage::Damage;
use super::frame_cursor::{FrameCursor, Step};
use super::portion::{ConsumeError, Portion, PortionBuilder};
use super::segment::{self, OpenFault, Segment};
use super::segment_span::SegmentSpan;
use super::state::Spooled;
use super::{Shared, frame};
use std::collections::VecDeque;
use std::io;

/// Where in which segment it reads, and what it has read and not handed out.
pub(super) struct Reader {
    segment: u64,
    /// How often the newest segment had been replaced when it was opened.
    replaced: u64,
    cursor: FrameCursor,
    read: VecDeque<Spooled>,
}

/// Reads frames until a portion is full or there is nothing more; empty when the place to read from
/// has changed meanwhile. A fault is told when nothing stands before it; it comes again.
pub(super) fn read_portion(
    shared: &Shared,
    reader: &mut Option<Reader>,
    portion: Portion,
) -> Result<Vec<Spooled>, ConsumeError> {
    let mut builder = PortionBuilder::new(portion);
    loop {
        match read_more(shared, reader, &mut builder) {
            Ok(true) => {}
            Err(error) if builder.batches.is_empty() => return Err(error),
            Ok(false) | Err(_) => return Ok(builder.batches),
        }
    }
}

/// Reads one more frame and hands it out; whether to go on.
fn read_more(
    shared: &Shared,
    reader: &mut Option<Reader>,
    builder: &mut PortionBuilder,
) -> Result<bool, ConsumeError> {
    let (span, limit, replaced) = {
        let state = shared.state();
        let mut spans = state.spans.iter();
        let Some(span) = spans.find(|span| span.end_seq > state.cursor).copied() else {
            return Ok(false);
        };
        let newest = state.spans.back().map(|newest| newest.first_seq);
        let limit = match newest == Some(span.first_seq) {
            true => state.end,
            false => span.bytes,
        };
        (span, limit, state.replaced)
    };
    let here = match reader.take() {
        Some(here) if (here.segment, here.replaced) == (span.first_seq, replaced) => here,
        _ => Reader::open(shared, span.first_seq, replaced)?,
    };
    let here = reader.insert(here);
    here.cursor.extend(limit);
    if here.hand_out(shared, builder) {
        return Ok(false);
    }
    // Frames behind the end of a segment's span stand again in the next segment.
    if here.cursor.expected() < span.end_seq {
        here.read_frame(shared, span)?;
    }
    Ok(true)
}

impl Reader {
    fn open(shared: &Shared, first_seq: u64, replaced: u64) -> Result<Self, ConsumeError> {
        let segment = Segment::open(&*shared.disk, first_seq).map_err(|fault| match fault {
            OpenFault::Io(error) => at(first_seq, 0, &error),
            OpenFault::Head(_) | OpenFault::Unreadable => ConsumeError::Damaged(Damage {
                segment: first_seq,
                offset: 0,
                what: "the segment's head is damaged",
            }),
        })?;
        Ok(Self {
            segment: first_seq,
            replaced,
            cursor: segment.frames(),
            read: VecDeque::new(),
        })
    }

    /// Hands out what was read; whether the portion is full.
    fn hand_out(&mut self, shared: &Shared, builder: &mut PortionBuilder) -> bool {
        let mut state = shared.state();
        while let Some(next) = self.read.front() {
            if next.seq < state.cursor {
                self.read.pop_front();
                continue;
            }
            if !builder.has_room(&next.batch) {
                return true;
            }
            if next.seq > state.cursor {
                let seq = next.seq;
                state.skip_to(seq);
            }
            if let Some(spooled) = self.read.pop_front() {
                state.hand_out(spooled.seq, spooled.batch.received_at);
                builder.add(spooled);
            }
        }
        false
    }

    /// Reads one more frame.
    fn read_frame(&mut self, shared: &Shared, span: SegmentSpan) -> Result<(), ConsumeError> {
        let damage = |offset, what| {
            ConsumeError::Damaged(Damage {
                segment: span.first_seq,
                offset,
                what,
            })
        };
        let offset = self.cursor.offset();
        let step = self.cursor.step();
        match step.map_err(|error| at(span.first_seq, offset, &error))? {
            Step::Frame(head, _) => {
                let batches = frame::decode_batches(&head, self.cursor.payload())
                    .ok_or_else(|| damage(offset, "a frame does not hold what its head says"))?;
                let numbered = (head.first_seq..).zip(batches);
                self.read
                    .extend(numbered.map(|(seq, batch)| Spooled { seq, batch }));
                Ok(())
            }
            Step::Seal(seal) if seal.first_seq == span.end_seq => {
                shared.state().skip_to(span.end_seq);
                Ok(())
            }
            Step::Bad if shared.state().owed == Some(self.cursor.expected()) => {
                Err(lost_with_the_cache(shared).into())
            }
            Step::Bad | Step::Seal(_) => Err(damage(offset, "a frame is damaged")),
            Step::End => Err(damage(offset, "batches are missing behind it")),
        }
    }
}

/// That a segment cannot be read, and where.
pub(super) fn at(first_seq: u64, offset: u64, error: &io::Error) -> ConsumeError {
    let place = format!("{} at byte {offset}: {error}", segment::name(first_seq));
    ConsumeError::Io(io::Error::new(error.kind(), place))
}

/// The last frame of an earlier life stood in the cache alone, for its sync had failed: nobody was told
/// that it was taken. The next start finds a torn write.
pub(super) fn lost_with_the_cache(shared: &Shared) -> io::Error {
    let reason = "the last frame of an earlier stop was never on disk and has left the cache";
    shared.poison(reason);
    io::Error::other(reason)
}
