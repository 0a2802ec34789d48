//! Reads batches by their numbers, after they were handed out once.

use super::Shared;
use super::damage::Damage;
use super::frame_cursor::Step;
use super::open_segment::{OpenSegment, at};
use super::portion::{ConsumeError, Portion, PortionBuilder};
use super::segment::OpenFault;
use super::spooled::Spooled;
use std::sync::Arc;

/// Where it reads, so that numbers that rise are read in one go over each segment.
pub struct Lookup {
    shared: Arc<Shared>,
    place: Option<OpenSegment>,
}

impl Lookup {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            place: None,
        }
    }

    /// As many of these batches as a portion holds, and the numbers that were looked for: a number without
    /// a batch gives none. Blocks on the disk.
    ///
    /// # Errors
    /// [`ConsumeError`], when nothing was found before it; it may be called again.
    pub fn portion(
        &mut self,
        numbers: impl IntoIterator<Item = u64>,
        portion: Portion,
    ) -> Result<(Vec<u64>, Vec<Spooled>), ConsumeError> {
        let mut builder = PortionBuilder::new(portion);
        let mut looked_for = Vec::new();
        for seq in numbers {
            let found = match self.batch(seq) {
                // It comes again.
                Err(_) if !builder.batches.is_empty() => break,
                found => found?,
            };
            if let Some(spooled) = found {
                if !builder.has_room(&spooled.batch) {
                    // It is found again from here.
                    if let Some(place) = &mut self.place {
                        place.read.push_front(spooled);
                    }
                    break;
                }
                builder.add(spooled);
            }
            looked_for.push(seq);
        }
        Ok((looked_for, builder.batches))
    }

    /// The batch with this number; `None` when the spool holds none, or it is done and its segment may be
    /// gone. Blocks on the disk.
    ///
    /// # Errors
    /// [`ConsumeError`]; it may be called again. As long as it lasts the spool shows it.
    pub fn batch(&mut self, seq: u64) -> Result<Option<Spooled>, ConsumeError> {
        let found = self.find(seq);
        let mut state = self.shared.state();
        match &found {
            Ok(_) => state.is_readable(seq),
            Err(_) if !state.waits(seq) => return Ok(None),
            Err(ConsumeError::Io(error)) => state.is_unreadable(seq, error),
            Err(ConsumeError::Damaged(damage)) => {
                drop(state);
                self.shared.damaged.note(damage, &*self.shared.disk);
            }
            Err(ConsumeError::Panicked(_)) => {}
        }
        found
    }

    fn find(&mut self, seq: u64) -> Result<Option<Spooled>, ConsumeError> {
        let (span, replaced) = {
            let state = self.shared.state();
            let mut spans = state.spans.iter();
            let span = spans.find(|span| (span.first_seq..span.end_seq).contains(&seq));
            let Some(span) = span.copied() else {
                return Ok(None);
            };
            (span, state.replaced)
        };
        let wanted = (span.first_seq, replaced);
        let mut place = match self.place.take() {
            Some(place) if (place.number, place.replaced) == wanted && place.next() <= seq => place,
            _ => open(&self.shared, span.first_seq, replaced)?,
        };
        place.cursor.extend(span.bytes);
        let found = place.find(seq, &self.shared);
        self.place = found.is_ok().then_some(place);
        found
    }
}

fn open(shared: &Shared, number: u64, replaced: u64) -> Result<OpenSegment, ConsumeError> {
    OpenSegment::open(shared, number, replaced).map_err(|fault| match fault {
        OpenFault::Io(error) => at(number, 0, &error),
        OpenFault::Head(_) | OpenFault::Unreadable => damaged(number, 0),
    })
}

impl OpenSegment {
    /// The lowest number that can still be found from here.
    fn next(&self) -> u64 {
        let read = self.read.front().map(|spooled| spooled.seq);
        read.unwrap_or(self.cursor.expected())
    }

    fn find(&mut self, seq: u64, shared: &Shared) -> Result<Option<Spooled>, ConsumeError> {
        loop {
            while let Some(spooled) = self.read.pop_front() {
                if spooled.seq == seq {
                    return Ok(Some(spooled));
                }
                if spooled.seq > seq {
                    self.read.push_front(spooled);
                    return Ok(None);
                }
            }
            let offset = self.cursor.offset();
            match self.step(shared)? {
                Step::Frame(head, _) if head.end_seq() <= seq => {}
                Step::Frame(head, _) => {
                    let kept = self.keep(&head);
                    kept.ok_or_else(|| damaged(self.number, offset))?;
                }
                Step::Seal(_) => return Ok(None),
                Step::Bad | Step::End => return Err(damaged(self.number, offset)),
            }
        }
    }
}

fn damaged(segment: u64, offset: u64) -> ConsumeError {
    ConsumeError::Damaged(Damage {
        segment,
        offset,
        what: "a batch that waits cannot be read again",
    })
}
