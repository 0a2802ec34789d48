//! The members of an object as they are kept: names as text, the last value of each, within their bound.

use crate::raw::members_in;
use crate::string::name_of;
use crate::unusual::Unusual;
use record::fault::MAX_MEMBERS;
use record::notice::Notice;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// From here on, doubled names are looked for with a map.
const FEW: usize = 16;
/// The member that holds what is beyond the bound.
const MORE: &str = "_more";

/// A value of a member.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// JSON text that stands for a value.
    Json(Cow<'a, str>),
    /// A text as it is, of formats that do not quote it.
    Text(Cow<'a, str>),
    /// The members beyond the bound, whose JSON text is kept as text.
    Rest(&'a str),
}

impl Value<'_> {
    /// Its JSON text; nothing of what is kept as text.
    pub(super) fn json(&self) -> &str {
        match self {
            Self::Json(text) => text,
            Self::Text(_) | Self::Rest(_) => "",
        }
    }

    /// The same, without a text of its own.
    pub(super) fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Json(text) => Value::Json(Cow::Borrowed(text)),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Rest(rest) => Value::Rest(rest),
        }
    }
}

/// The members of an object, in the order sent.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The members in an object's text.
pub(super) fn members_of<'a>(object: &'a str, unusual: &mut Unusual) -> Members<'a> {
    let mut members = Members::new();
    for member in members_in(object) {
        if members.len() == MAX_MEMBERS {
            let rest = rest_of(object, member.start, unusual);
            keep_last(&mut members);
            let names = members.iter().map(|(name, _)| name.as_ref());
            let alike: HashSet<&str> = names.filter(|name| name.starts_with(MORE)).collect();
            let name = FreeNames::default().of(MORE, |name| alike.contains(name));
            members.push((name.into(), Value::Rest(rest)));
            return members;
        }
        let name = name_of(member.name, unusual);
        members.push((name, Value::Json(Cow::Borrowed(member.value))));
    }
    keep_last(&mut members);
    members
}

/// The same members, without texts of their own.
pub(super) fn borrowed<'a>(members: &'a Members<'_>) -> Members<'a> {
    let members = members.iter();
    members
        .map(|(name, value)| (Cow::Borrowed(name.as_ref()), value.borrowed()))
        .collect()
}

/// What stands in the text of an object or array from a place on, without its end.
pub(super) fn rest_of<'a>(text: &'a str, start: usize, unusual: &mut Unusual) -> &'a str {
    unusual.tell(Notice::TooManyMembers);
    text.get(start..text.len() - 1).unwrap_or_default()
}

/// Makes names that are not taken, for as many members as there are. The number only grows: so no list of
/// names makes more work than it has names.
#[derive(Debug, Default)]
pub(super) struct FreeNames {
    number: usize,
}

impl FreeNames {
    /// The name, or where it is taken one that is made of it: with `_` behind it, then with `_2`, `_3`, ….
    pub(super) fn of(&mut self, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
        if !is_taken(name) {
            return name.to_owned();
        }
        let mut other = format!("{name}_");
        while is_taken(&other) {
            self.number = self.number.max(1) + 1;
            other = format!("{name}_{}", self.number);
        }
        other
    }
}

/// Of members with one name, keeps the last value, at the place of the first.
pub(super) fn keep_last(members: &mut Members<'_>) {
    if members.len() <= FEW {
        let mut position = 1;
        while position < members.len() {
            let (before, rest) = members.split_at_mut(position);
            let twin = rest.first_mut().and_then(|(name, value)| {
                let first = before.iter_mut().find(|(other, _)| other == name)?;
                std::mem::swap(&mut first.1, value);
                Some(())
            });
            match twin {
                Some(()) => drop(members.remove(position)),
                None => position += 1,
            }
        }
        return;
    }
    let mut places: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept = Members::with_capacity(members.len());
    for (name, value) in members.drain(..) {
        if let Some(first) = places.get(&name).and_then(|place| kept.get_mut(*place)) {
            first.1 = value;
        } else {
            places.insert(name.clone(), kept.len());
            kept.push((name, value));
        }
    }
    *members = kept;
}
