//! One JSON object of any sender to one record: which field is the time, the message, the level.
//!
//! The first name in the order of [`names`](super::names) whose value can be read counts; every field
//! that was not chosen becomes an attribute.

mod candidates;
mod chosen;
mod gathered;

pub(super) use gathered::{Gathered, Standing};

use crate::levels::SentLevel;
use crate::members::{FreeNames, Members, Value, keep_last, members_of};
use crate::names::Role;
use crate::times;
use crate::unusual::Unusual;
use crate::value;
use chosen::{Chosen, Fate};
use record::batch::BatchBuilder;
use record::fault::RecordFault;
use std::borrow::Cow;
use std::collections::HashSet;

/// The object whose members are attributes themselves.
const ATTRIBUTES: &str = "attributes";

/// Gives the record in an object's text to the batch, or the reason why it cannot be taken. `shared` are
/// attributes that it has beside its own.
pub(super) fn record(
    object: &str,
    shared: &Members<'_>,
    unusual: &mut Unusual,
    batch: &mut BatchBuilder,
) {
    let gathered = Gathered::of(members_of(object, unusual));
    gathered_record(&gathered, shared, unusual, batch);
}

/// The same of fields that may have come from several objects.
pub(super) fn gathered_record(
    gathered: &Gathered<'_>,
    shared: &Members<'_>,
    unusual: &mut Unusual,
    batch: &mut BatchBuilder,
) {
    if let Err(fault) = try_record(gathered, shared, unusual, batch) {
        batch.reject(fault);
    }
}

fn try_record(
    gathered: &Gathered<'_>,
    shared: &Members<'_>,
    unusual: &mut Unusual,
    batch: &mut BatchBuilder,
) -> Result<(), RecordFault> {
    let chosen = Chosen::of(gathered, unusual);
    if batch.is_strict() {
        chosen.check()?;
    }
    let mut attributes = attributes(gathered, &chosen, unusual);
    gathered.add_others(&mut attributes);
    share(&mut attributes, shared);
    let level = chosen.level.as_ref().map(SentLevel::text);
    let is_strict = batch.is_strict();
    let is_taken = batch.record(chosen.time, level, &chosen.message, |writer| {
        value::write_members(writer, &attributes, 0, unusual)?;
        match unusual.first() {
            Some(notice) if is_strict => Err(notice.clone().into()),
            _ => Ok(()),
        }
    });
    if is_taken {
        unusual.tell_all(batch);
    }
    Ok(())
}

/// What is left: fields that were not chosen, and the members of an `attributes` object, in the order
/// sent.
fn attributes<'a>(
    gathered: &'a Gathered<'_>,
    chosen: &'a Chosen<'_>,
    unusual: &mut Unusual,
) -> Members<'a> {
    let mut attributes = Members::new();
    // The places among the attributes of fields with a role, and of what is beyond the bound.
    let (mut kept, mut has_members) = (Vec::new(), false);
    let members = gathered.fields();
    for (place, (name, value)) in members.iter().enumerate() {
        let value = match chosen.fate_of(place) {
            Fate::Taken => continue,
            Fate::Left(left) => Value::Json(Cow::Borrowed(left)),
            Fate::Kept => value.borrowed(),
        };
        let role = gathered.role_of(place, name).0;
        if is_empty(role, value.json()) {
            continue;
        }
        if name == ATTRIBUTES && value.json().starts_with('{') {
            attributes.extend(members_of(of_json(members, place), unusual));
            if let Some((_, Value::Rest(_))) = attributes.last() {
                kept.push(attributes.len() - 1);
            }
            has_members = true;
            continue;
        }
        if role.is_of_one_field() || matches!(value, Value::Rest(_)) {
            kept.push(attributes.len());
        }
        attributes.push((Cow::Borrowed(name), value));
    }
    if !kept.is_empty() && (has_members || gathered.has_standings()) {
        rename(&mut attributes, &kept);
    }
    if has_members {
        keep_last(&mut attributes);
    }
    attributes
}

fn of_json<'a>(members: &'a Members<'_>, place: usize) -> &'a str {
    members.get(place).map_or("", |(_, value)| value.json())
}

/// A field with a role gives way where its name is taken by a member of `attributes`, and so does what is
/// beyond the bound of either object.
fn rename(attributes: &mut Members<'_>, kept: &[usize]) {
    let (mut of_others, mut free) = (HashSet::<String>::new(), FreeNames::default());
    for (place, (name, _)) in attributes.iter().enumerate() {
        if kept.binary_search(&place).is_err() {
            of_others.insert(name.to_string());
        }
    }
    for place in kept {
        if let Some((name, _)) = attributes.get_mut(*place)
            && of_others.contains(name.as_ref())
        {
            *name = free.of(name, |name| of_others.contains(name)).into();
        }
        if let Some((name, _)) = attributes.get(*place) {
            of_others.insert(name.to_string());
        }
    }
}

/// Gives a record the attributes that it shares with others, but for names that it has itself.
fn share<'a>(attributes: &mut Members<'a>, shared: &'a Members<'_>) {
    if shared.is_empty() {
        return;
    }
    let own: HashSet<&str> = attributes.iter().map(|(name, _)| name.as_ref()).collect();
    let new: Members<'a> = shared
        .iter()
        .filter(|(name, _)| !own.contains(name.as_ref()))
        .map(|(name, value)| (Cow::Borrowed(name.as_ref()), value.borrowed()))
        .collect();
    attributes.extend(new);
}

/// Whether a field of a role says no more than that there is nothing, and is not kept.
pub(super) fn is_empty(role: Role, value: &str) -> bool {
    match role {
        Role::Attributes => value == "null",
        Role::Time(_) => times::is_none(value),
        Role::Message(_) | Role::Level(_) => is_nothing(value),
        Role::Record | Role::Attribute => false,
    }
}

/// What senders put where they have no text.
fn is_nothing(value: &str) -> bool {
    matches!(value, "null" | "\"\"" | "\"-\"")
}
