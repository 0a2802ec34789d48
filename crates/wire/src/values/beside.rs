//! A text that stands beside lines, and is an attribute of each record in them.

use super::Reader;
use crate::error::DecodeError;
use crate::members::{FreeNames, Members, Value, members_of};
use crate::unusual::Unusual;
use record::id::{BatchId, KeyDigest};
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// The object whose members are attributes themselves.
const ATTRIBUTES: &str = "attributes";

/// The text, and the attribute that it is.
#[derive(Debug, Clone)]
pub(crate) struct Beside<'t> {
    pub(crate) name: &'static str,
    pub(crate) text: Cow<'t, str>,
    /// As JSON.
    json: String,
}

impl<'t> Beside<'t> {
    pub(crate) fn new(name: &'static str, text: Cow<'t, str>) -> Self {
        let json = serde_json::Value::from(text.as_ref()).to_string();
        Self { name, text, json }
    }

    /// The attribute that the record in a value gets: under another name where the record has one of its own, so
    /// that both are kept.
    pub(super) fn of(&self, value: &str) -> Members<'_> {
        let may_have_it = value.contains(self.name) || value.contains('\\');
        let names = match may_have_it {
            true => names_in(value),
            false => HashSet::new(),
        };
        let name = match names.contains(self.name) {
            true => FreeNames::default()
                .of(self.name, |name| names.contains(name))
                .into(),
            false => Cow::Borrowed(self.name),
        };
        vec![(name, Value::Json(Cow::Borrowed(&self.json)))]
    }
}

/// The names of what may become attributes of the record in a value.
fn names_in(value: &str) -> HashSet<String> {
    let unusual = &mut Unusual::default();
    let mut names = HashSet::new();
    for (name, value) in members_of(value, unusual) {
        if name == ATTRIBUTES {
            let inner = members_of(value.json(), unusual).into_iter();
            names.extend(inner.map(|(name, _)| name.into_owned()));
        }
        names.insert(name.into_owned());
    }
    names
}

impl<'t> Reader<'t, '_> {
    /// What stands beside the lines that come.
    pub(crate) fn set_beside(&mut self, beside: Option<Beside<'t>>) {
        self.beside = beside;
    }

    /// Reads a line of the text, as a batch of its own if it has a key.
    pub(crate) fn single_line(
        &mut self,
        line: Range<usize>,
        key: Option<(KeyDigest, BatchId)>,
    ) -> Result<(), DecodeError> {
        self.is_first = false;
        let Some(key) = key else {
            return self.values(line, true);
        };
        let outer = self.batch.begin_own(key);
        let read = self.values(line, true);
        self.batch.end_own(outer);
        read
    }
}
