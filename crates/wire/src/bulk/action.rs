//! An action line: `{"create":{"_index":"logs","_id":"1"}}`.

use super::INDEX;
use crate::frame::{blanks_end, value_end};
use crate::raw::members_in;
use crate::string::text_of;
use crate::unusual::Unusual;
use crate::value::kind_of;
use std::borrow::Cow;

/// What an action asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A document.
    Index,
    /// The same.
    Create,
    /// A change of a document.
    Update,
    /// Its removal.
    Delete,
}

/// All of them, in the order of their numbers.
pub(super) const KINDS: [Kind; 4] = [Kind::Index, Kind::Create, Kind::Update, Kind::Delete];

impl Kind {
    /// As it stands in a request and in its answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// What an action line says.
#[derive(Debug)]
pub(super) struct Action<'t> {
    pub(super) kind: Kind,
    /// The index that it names; an empty name is none.
    pub(super) index: Option<Cow<'t, str>>,
    /// The id that it gives its document; an empty one is none.
    pub(super) id: Option<Cow<'t, str>>,
}

impl<'t> Action<'t> {
    /// Reads a line; else, why it is none.
    pub(super) fn read(line: &'t str) -> Result<Self, Cow<'static, str>> {
        let start = blanks_end(line.as_bytes(), 0);
        let end = value_end(line, start).map_err(|_| "it is no JSON object")?;
        let object = line.get(start..end).unwrap_or_default();
        if !object.starts_with('{') || blanks_end(line.as_bytes(), end) < line.len() {
            return Err("it is no JSON object".into());
        }
        let mut members = members_in(object);
        let expected = "expected one of create, index, update and delete";
        let (Some(action), None) = (members.next(), members.next()) else {
            return Err(expected.into());
        };
        // What is odd in an action is nobody's record.
        let unusual = &mut Unusual::default();
        let name = text_of(action.name, unusual);
        let Some(kind) = KINDS.into_iter().find(|kind| kind.name() == name) else {
            return Err(expected.into());
        };
        if !action.value.starts_with('{') {
            let found = kind_of(action.value);
            return Err(format!("expected an object behind {}, not {found}", kind.name()).into());
        }
        let mut read = Self {
            kind,
            index: None,
            id: None,
        };
        for member in members_in(action.value) {
            match text_of(member.name, unusual).as_ref() {
                INDEX => read.index = text(member.value, INDEX)?,
                "_id" => read.id = text(member.value, "_id")?,
                _ => {}
            }
        }
        Ok(read)
    }
}

/// The text of a simple value; none of an empty one.
fn text<'t>(value: &'t str, name: &str) -> Result<Option<Cow<'t, str>>, Cow<'static, str>> {
    match value.as_bytes().first() {
        Some(b'{' | b'[') => {
            let found = kind_of(value);
            Err(format!("expected a simple value for {name}, not {found}").into())
        }
        Some(b'"') => {
            let text = text_of(value, &mut Unusual::default());
            Ok((!text.is_empty()).then_some(text))
        }
        Some(b'n') => Ok(None),
        _ => Ok(Some(Cow::Borrowed(value))),
    }
}
