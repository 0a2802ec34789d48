//! Values on their way out as JSON text: what many of them have in common is made ready once.

use super::{Form, Values};
use crate::leaf::push_quoted;
use crate::texts::Texts;
use record::json_text::has_special;
use std::ops::Range;

/// Bytes of a dictionary whose values are made ready: of a larger one few may be asked for.
const MOST_READY: usize = 64 * 1024;
/// Texts of which at least one of so many is asked for are looked through all at once.
const MANY: usize = 4;

/// The values of a column, about to be written.
#[derive(Debug)]
pub(crate) struct JsonValues<'a> {
    values: &'a Values,
    ready: Ready<'a>,
}

#[derive(Debug)]
enum Ready<'a> {
    /// The JSON text of each different value, and which one each value is.
    Dictionary {
        text: String,
        different: Vec<Range<usize>>,
        places: &'a [u8],
    },
    Integers(&'a [i64]),
    /// Texts in which nothing has to be escaped.
    Plain(&'a Texts),
    /// Each is looked at by itself.
    Each,
}

impl<'a> JsonValues<'a> {
    /// Makes values ready of which about so many will be written.
    pub(crate) fn new(values: &'a Values, asked: usize) -> Self {
        let ready = match &values.0 {
            Form::Dictionary { different, places } if different.texts.memory() <= MOST_READY => {
                let mut text = String::new();
                let write = |number| {
                    let start = text.len();
                    different.get(number).push_json(&mut text);
                    start..text.len()
                };
                let different = (0..different.forms.len()).map(write).collect();
                Ready::Dictionary {
                    text,
                    different,
                    places,
                }
            }
            Form::Integers(integers) => Ready::Integers(integers),
            Form::Texts(texts) if asked.saturating_mul(MANY) >= texts.len() => {
                let all = texts.run(0..texts.len()).as_bytes();
                match has_special(all) {
                    true => Ready::Each,
                    false => Ready::Plain(texts),
                }
            }
            Form::Dictionary { .. } | Form::Texts(_) | Form::Mixed(_) => Ready::Each,
        };
        Self { values, ready }
    }

    /// Appends the value at a place among them; an empty text where there is none.
    #[inline]
    pub(crate) fn push(&self, place: usize, out: &mut String) {
        match &self.ready {
            Ready::Dictionary {
                text,
                different,
                places,
            } => {
                let number = places.get(place).copied().map(usize::from);
                let range = number.and_then(|number| different.get(number)).cloned();
                let json = range.and_then(|range| text.get(range));
                out.push_str(json.unwrap_or(r#""""#));
            }
            Ready::Integers(integers) => match integers.get(place) {
                Some(integer) => out.push_str(itoa::Buffer::new().format(*integer)),
                None => push_quoted("", out),
            },
            Ready::Plain(texts) => push_quoted(texts.get(place), out),
            Ready::Each => self.values.get(place).push_json(out),
        }
    }
}
