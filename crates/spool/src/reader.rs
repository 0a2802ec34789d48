//! Reads what waits from disk, and hands it out.

use super::Shared;
use super::damage::Damage;
use super::frame_cursor::Step;
use super::open_segment::{OpenSegment, at};
use super::portion::{ConsumeError, Portion, PortionBuilder};
use super::segment::OpenFault;
use super::segment_span::SegmentSpan;
use super::spooled::Spooled;

/// Reads frames until a portion is full or there is nothing more; empty when the place to read from
/// has changed meanwhile. A fault is told when nothing stands before it; it comes again.
pub(super) fn read_portion(
    shared: &Shared,
    reader: &mut Option<OpenSegment>,
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
    reader: &mut Option<OpenSegment>,
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
        Some(here) if (here.number, here.replaced) == (span.first_seq, replaced) => here,
        _ => open(shared, span.first_seq, replaced)?,
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

fn open(shared: &Shared, number: u64, replaced: u64) -> Result<OpenSegment, ConsumeError> {
    OpenSegment::open(shared, number, replaced).map_err(|fault| match fault {
        OpenFault::Io(error) => at(number, 0, &error),
        OpenFault::Head(_) | OpenFault::Unreadable => ConsumeError::Damaged(Damage {
            segment: number,
            offset: 0,
            what: "the segment's head is damaged",
        }),
    })
}

impl OpenSegment {
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
        match self.step(shared)? {
            Step::Frame(head, _) => self
                .keep(&head)
                .ok_or_else(|| damage(offset, "a frame does not hold what its head says")),
            Step::Seal(seal) if seal.first_seq == span.end_seq => {
                shared.state().skip_to(span.end_seq);
                Ok(())
            }
            Step::Bad | Step::Seal(_) => Err(damage(offset, "a frame is damaged")),
            Step::End => Err(damage(offset, "batches are missing behind it")),
        }
    }
}
