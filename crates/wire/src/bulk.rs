//! The body of Elasticsearch's `_bulk`: action lines, and the document lines behind them.
//!
//! A document line is read as a line of the native format; the index that its action, or else the address,
//! names is an attribute of its records. What happens to each action is kept for the answer.

mod action;
mod items;

pub use action::Kind;
pub use items::{BulkItems, ItemRuns, Refusal, Run};

use crate::error::DecodeError;
use crate::json::LINES;
use crate::text::text_of;
use crate::values::{Beside, Reader};
use action::Action;
use record::batch::BatchBuilder;
use record::id::own_key;
use std::borrow::Cow;
use std::ops::Range;

/// The attribute that is the name of the index.
const INDEX: &str = "_index";

/// The most documents with an id in one request: each is a batch of its own on its whole way.
const MAX_OWN: usize = 100_000;

/// Reads a body whose actions are for `index` unless they name another, and gives the records to the batch;
/// gives back what is answered of each action, in their order. A document with an id is a batch of its own,
/// known by its index and that id. The batch must not be a strict one.
///
/// # Errors
/// [`DecodeError`]: a line is no action, or there is too much of it; what the batch got until then must be
/// thrown away.
pub fn decode_bulk(
    body: &[u8],
    index: Option<&str>,
    batch: &mut BatchBuilder,
) -> Result<BulkItems, DecodeError> {
    let text = text_of(body);
    let mut bulk = Bulk {
        text: &text,
        lines: LinesOf::new(&text),
        reader: Reader::new(body, &text, LINES, batch),
        of_address: index.unwrap_or_default(),
        index: Cow::Borrowed(""),
        own: 0,
        items: BulkItems::default(),
    };
    bulk.read()?;
    let mut items = bulk.items;
    items.finish();
    batch.note_answer(items.memory_bytes());
    Ok(items)
}

/// A body that is read.
struct Bulk<'t, 'b> {
    text: &'t str,
    lines: LinesOf<'t>,
    reader: Reader<'t, 'b>,
    /// The index of actions that name none; empty when the address does not name one either.
    of_address: &'t str,
    /// That of the last action.
    index: Cow<'t, str>,
    /// Documents with an id so far.
    own: usize,
    items: BulkItems,
}

impl<'t> Bulk<'t, '_> {
    fn read(&mut self) -> Result<(), DecodeError> {
        let mut last: Option<(&str, Action<'_>)> = None;
        while let Some(line) = self.lines.next() {
            let text = self.text.get(line.clone()).unwrap_or_default();
            if is_blank(text) {
                continue;
            }
            let action = match &last {
                // Most actions are the same as the one before.
                Some((same, action)) if *same == text => action,
                _ => {
                    let action = Action::read(text);
                    let action = action.map_err(|reason| self.malformed(&line, reason))?;
                    self.turn_to(action.index.as_ref());
                    &last.insert((text, action)).1
                }
            };
            let refusal = self.behind(action)?;
            let id = action.id.as_deref();
            self.items.push(action.kind, &self.index, id, refusal);
        }
        Ok(())
    }

    /// What comes is for this index.
    fn turn_to(&mut self, index: Option<&Cow<'t, str>>) {
        let index = index.cloned().unwrap_or(Cow::Borrowed(self.of_address));
        if index == self.index {
            return;
        }
        let beside = (!index.is_empty()).then(|| Beside::new(INDEX, index.clone()));
        self.reader.set_beside(beside);
        self.index = index;
    }

    /// Reads what stands behind an action; why the action is refused, if it is.
    fn behind(&mut self, action: &Action<'_>) -> Result<Option<Refusal>, DecodeError> {
        match action.kind {
            Kind::Delete => return Ok(Some(Refusal::Unsupported)),
            Kind::Update => {
                self.lines.next();
                return Ok(Some(Refusal::Unsupported));
            }
            Kind::Index | Kind::Create => {}
        }
        let text = self.text;
        let is_there = |line: &Range<usize>| !is_blank(text.get(line.clone()).unwrap_or_default());
        let Some(document) = self.lines.next().filter(is_there) else {
            return Ok(Some(Refusal::NoDocument));
        };
        let key = action.id.as_deref().map(|id| own_key(&self.index, id));
        self.own += usize::from(key.is_some());
        if self.own > MAX_OWN {
            return Err(DecodeError::TooManyIds(MAX_OWN));
        }
        self.reader.single_line(document, key)?;
        Ok(None)
    }

    fn malformed(&self, line: &Range<usize>, reason: Cow<'static, str>) -> DecodeError {
        let before = self.text.as_bytes().get(..line.start).unwrap_or_default();
        DecodeError::Action {
            line: memchr::memchr_iter(b'\n', before).count() + 1,
            reason,
        }
    }
}

fn is_blank(line: &str) -> bool {
    line.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// Where the lines of a text stand, without their ends; what is behind the last end is one if it is not empty.
struct LinesOf<'t> {
    text: &'t [u8],
    place: usize,
}

impl<'t> LinesOf<'t> {
    fn new(text: &'t str) -> Self {
        let text = text.as_bytes();
        Self { text, place: 0 }
    }

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.place;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.place = start + length + 1;
        Some(start..start + length)
    }
}

#[cfg(test)]
mod tests;
