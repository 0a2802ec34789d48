//! The fields of one record, which may have come in several objects: what each is for, and that none takes
//! another's name.

use crate::members::{FreeNames, Members, Value};
use crate::names::{Role, role_of};
use crate::string::text_of;
use crate::unusual::Unusual;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a field is for where its name alone does not say it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing {
    /// It has the role, and counts before all fields that have it by their names.
    First(Role),
    /// It has the role, and counts behind them.
    Last(Role),
}

impl Standing {
    fn role(self) -> (Role, u8) {
        match self {
            Self::First(role) => (role, 0),
            Self::Last(role) => (role, u8::MAX),
        }
    }
}

/// The fields of a record.
#[derive(Debug, Default)]
pub(crate) struct Gathered<'a> {
    /// Each has the role that its name says, or that of its standing.
    fields: Members<'a>,
    /// By their places, in order.
    standings: Vec<(usize, Standing)>,
    /// Attributes, whatever their names say.
    others: Members<'a>,
}

impl<'a> Gathered<'a> {
    /// Those of one object, each of which is what its name says.
    pub(crate) fn of(fields: Members<'a>) -> Self {
        Self {
            fields,
            ..Self::default()
        }
    }

    /// Adds a field that is what its name says. A name must not come twice, but with a standing.
    pub(crate) fn field(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        self.fields.push((name, value));
    }

    /// Adds a field with a standing. Of two that are alike, the one that was added first counts first; where
    /// its name is taken and it is kept as an attribute, it gets another one.
    pub(crate) fn standing(&mut self, standing: Standing, name: Cow<'a, str>, value: Value<'a>) {
        self.standings.push((self.fields.len(), standing));
        self.fields.push((name, value));
    }

    /// Adds an attribute, whatever its name says. Where the name is taken, it gets another one, unless it
    /// says the same.
    pub(crate) fn other(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        self.others.push((name, value));
    }

    /// Adds several of these.
    pub(crate) fn others(&mut self, others: Members<'a>) {
        self.others.extend(others);
    }

    pub(super) fn fields(&self) -> &Members<'a> {
        &self.fields
    }

    pub(super) fn has_standings(&self) -> bool {
        !self.standings.is_empty()
    }

    /// The role of the field at a place, and its place in the order in which such fields count.
    #[inline]
    pub(super) fn role_of(&self, place: usize, name: &str) -> (Role, u8) {
        match self.standings.binary_search_by_key(&place, |(at, _)| *at) {
            Ok(found) => self
                .standings
                .get(found)
                .map_or_else(|| role_of(name), |(_, standing)| standing.role()),
            Err(_) => role_of(name),
        }
    }

    /// Adds the other attributes to those that came of the fields.
    pub(super) fn add_others<'b>(&'b self, attributes: &mut Members<'b>) {
        if self.others.is_empty() {
            return;
        }
        let (mut places, mut free) = (HashMap::<String, usize>::new(), FreeNames::default());
        for (place, (name, _)) in attributes.iter().enumerate() {
            places.insert(name.to_string(), place);
        }
        for (name, value) in &self.others {
            let taken = places.get(name.as_ref()).copied();
            let twin = taken.and_then(|place| attributes.get(place));
            if twin.is_some_and(|(_, twin)| is_same(twin, value)) {
                continue;
            }
            let name = match taken {
                None => Cow::Borrowed(name.as_ref()),
                Some(_) => Cow::Owned(free.of(name, |name| places.contains_key(name))),
            };
            places.insert(name.to_string(), attributes.len());
            attributes.push((name, value.borrowed()));
        }
    }
}

fn is_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Json(one), Value::Json(other)) | (Value::Text(one), Value::Text(other)) => {
            one == other
        }
        (Value::Json(json), Value::Text(text)) | (Value::Text(text), Value::Json(json)) => {
            json.starts_with('"') && text_of(json, &mut Unusual::default()) == *text
        }
        _ => false,
    }
}
