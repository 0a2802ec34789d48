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
use std::borrow::Cow;
use std::ops::Range;

/// The attribute that is the name of the index.
const INDEX: &str = "_index";

/// Reads a body whose actions are for `index` unless they name another, and gives the records to the batch;
/// gives back what is answered of each action, in their order. Nothing of it may be in a strict batch.
///
/// # Errors
/// [`DecodeError`]: a line is no action, or the batch is too large; what the batch got until then must be
/// thrown away.
pub fn decode_bulk(
    body: &[u8],
    index: Option<&str>,
    batch: &mut BatchBuilder,
) -> Result<BulkItems, DecodeError> {
    let text = text_of(body);
    let of_address = index.map(|index| Beside::new(INDEX, index.into()));
    let mut reader = Reader::new(body, &text, LINES, batch);
    let (mut items, mut lines) = (BulkItems::default(), LinesOf::new(&text));
    let mut last: Option<(&str, Action<'_>)> = None;
    while let Some(line) = lines.next() {
        let line_text = text.get(line.clone()).unwrap_or_default();
        if is_blank(line_text) {
            continue;
        }
        // Most actions are the same as the one before.
        let action = match last.take() {
            Some((same, action)) if same == line_text => action,
            _ => {
                let action =
                    Action::read(line_text).map_err(|reason| malformed(&text, &line, reason))?;
                reader.set_beside(action.index.clone().or_else(|| of_address.clone()));
                action
            }
        };
        let refusal = match action.kind {
            Kind::Delete => Some(Refusal::Unsupported),
            Kind::Update => {
                lines.next();
                Some(Refusal::Unsupported)
            }
            Kind::Index | Kind::Create => {
                let document = lines
                    .next()
                    .filter(|document| !is_blank(text.get(document.clone()).unwrap_or_default()));
                match document {
                    None => Some(Refusal::NoDocument),
                    Some(document) => {
                        reader.single_line(document)?;
                        None
                    }
                }
            }
        };
        let index = action.index.as_ref().or(of_address.as_ref());
        let index = index.map_or("", |index| &index.text);
        items.push(action.kind, index, action.id.as_deref(), refusal);
        last = Some((line_text, action));
    }
    items.finish();
    batch.note_answer(items.memory_bytes());
    Ok(items)
}

fn malformed(text: &str, line: &Range<usize>, reason: Cow<'static, str>) -> DecodeError {
    let before = text.as_bytes().get(..line.start).unwrap_or_default();
    DecodeError::Action {
        line: memchr::memchr_iter(b'\n', before).count() + 1,
        reason,
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
