//! The fields of an object that may have a role, in the order in which they count.

use super::{Gathered, is_nothing};
use crate::levels::Scale;
use crate::names::{Form, NESTED_LEVEL, Role, Unit, role_of};
use crate::raw::member_of;

/// A field that may have a role.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a, T> {
    /// Its place in the order of names.
    pub(super) rank: u8,
    /// Its place in the object.
    pub(super) place: usize,
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    pub(super) kind: T,
    /// The object that it is a member of, when that is not the record itself.
    pub(super) within: Option<&'a str>,
}

/// The same without what its name says of its value.
struct Field<'a> {
    rank: u8,
    place: usize,
    name: &'a str,
    value: &'a str,
}

impl<'a> Field<'a> {
    /// As a member of the record itself.
    fn with<T>(self, kind: T) -> Candidate<'a, T> {
        Candidate {
            rank: self.rank,
            place: self.place,
            name: self.name,
            value: self.value,
            kind,
            within: None,
        }
    }
}

/// The fields with a role, those that count before others first.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    pub(super) times: Vec<Candidate<'a, Unit>>,
    pub(super) messages: Vec<Candidate<'a, Form>>,
    pub(super) levels: Vec<Candidate<'a, Scale>>,
    /// loguru's record, when it is one.
    pub(super) record: Option<(usize, &'a str)>,
}

impl<'a> Candidates<'a> {
    pub(super) fn of(gathered: &'a Gathered<'_>) -> Self {
        let mut found = Self::default();
        for (place, (name, value)) in gathered.fields().iter().enumerate() {
            let (role, rank) = gathered.role_of(place, name);
            let value = value.json();
            let field = Field {
                rank,
                place,
                name,
                value,
            };
            match role {
                Role::Time(kind) => found.times.push(field.with(kind)),
                Role::Message(kind) => {
                    if kind == Form::Log {
                        found.levels.extend(nested_level(place, value));
                    }
                    found.messages.push(field.with(kind));
                }
                Role::Level(kind) => found.levels.push(field.with(kind)),
                Role::Record if found.record.is_none() && is_record(value) => {
                    found.record = Some((place, value));
                }
                Role::Record | Role::Attributes | Role::Attribute => {}
            }
        }
        found.times.sort_by_key(|candidate| candidate.rank);
        found.messages.sort_by_key(|candidate| candidate.rank);
        found.levels.sort_by_key(|candidate| candidate.rank);
        found
    }
}

/// The member `level` of an object `log`.
fn nested_level(place: usize, value: &str) -> Option<Candidate<'_, Scale>> {
    let field = Field {
        rank: role_of(NESTED_LEVEL).1,
        place,
        name: NESTED_LEVEL,
        value: member_of(value, "level")?,
    };
    Some(Candidate {
        within: Some(value),
        ..field.with(Scale::Usual)
    })
}

/// Whether this is what loguru writes of a record.
fn is_record(value: &str) -> bool {
    let has = |name| member_of(value, name).is_some();
    let name = member_of(value, "level").and_then(|level| member_of(level, "name"));
    let name = name.filter(|name| name.starts_with('"') && !is_nothing(name));
    name.is_some() && has("message") && has("time")
}
