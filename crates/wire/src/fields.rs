//! One JSON object of any sender to one record: which field is the time, the message, the level.
//!
//! Names and their order are those of `WIRE_FORMATS`, section 2: the first one that is not empty
//! counts, and every field that was not chosen becomes an attribute.

use super::value::{self, Members, kind_of, text_of};
use logs::Timestamp;
use record::batch::BatchBuilder;
use record::fault::RecordFault;
use serde_json::value::RawValue;
use std::borrow::Cow;

const TIME: &[&str] = &["timestamp", "@timestamp", "time", "_time", "ts", "date"];
const MESSAGE: &[&str] = &["message", "_msg", "msg", "log", "body", "short_message"];
const LEVEL: &[&str] = &["level", "severity", "log.level", "severity_text", "lvl"];
/// The object whose members are attributes themselves.
const ATTRIBUTES: &str = "attributes";

/// What a field is for, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Message,
    Level,
    Attributes,
    Attribute,
}

/// The role that goes with a name.
pub(super) fn role_of(name: &str) -> Role {
    let roles = [
        (TIME, Role::Time),
        (MESSAGE, Role::Message),
        (LEVEL, Role::Level),
        (&[ATTRIBUTES], Role::Attributes),
    ];
    let known = roles.into_iter().find(|(names, _)| names.contains(&name));
    known.map_or(Role::Attribute, |(_, role)| role)
}

/// A field that was found under one of several names.
struct Found<'a> {
    name: &'static str,
    value: &'a RawValue,
}

/// Gives the record in `fields` to the batch, or the reason why it cannot be taken.
pub(super) fn record(fields: &mut Members<'_>, batch: &mut BatchBuilder) {
    if let Err(fault) = value::check_count(fields.len()) {
        batch.reject(fault);
        return;
    }
    value::keep_last(fields);
    match Parts::find(fields) {
        Ok(parts) => {
            batch.record(
                parts.time,
                parts.level.as_deref(),
                &parts.message,
                |writer| value::write_members(writer, attributes(fields, &parts)?, 0),
            );
        }
        Err(fault) => batch.reject(fault),
    }
}

struct Parts<'a> {
    time: Option<Timestamp>,
    level: Option<Cow<'a, str>>,
    message: Cow<'a, str>,
    /// The names that these came from.
    taken: [Option<&'static str>; 3],
}

impl<'a> Parts<'a> {
    fn find(fields: &Members<'a>) -> Result<Self, RecordFault> {
        let time = first(fields, TIME, is_no_time);
        let level = first(fields, LEVEL, is_empty);
        let message = first(fields, MESSAGE, is_empty)
            .or_else(|| first(fields, MESSAGE, |value| value.get() == "null"));
        let taken = [&time, &level, &message].map(|found| found.as_ref().map(|found| found.name));
        Ok(Self {
            time: time.map(|found| read_time(&found)).transpose()?,
            level: level.map(|found| read_text(&found)).transpose()?,
            message: read_text(&message.ok_or(RecordFault::MissingMessage)?)?,
            taken,
        })
    }
}

/// The first of `names` whose value is not `empty`.
fn first<'a>(
    fields: &Members<'a>,
    names: &'static [&'static str],
    empty: fn(&RawValue) -> bool,
) -> Option<Found<'a>> {
    names.iter().find_map(|name| {
        let (_, value) = fields.iter().find(|(field, _)| field == name)?;
        (!empty(value)).then_some(Found { name, value })
    })
}

fn is_empty(value: &RawValue) -> bool {
    matches!(value.get(), "null" | "\"\"")
}

/// Zero and a dash are what senders put where they know no time.
fn is_no_time(value: &RawValue) -> bool {
    is_empty(value) || matches!(value.get(), "0" | "\"0\"" | "\"-\"" | "0.0")
}

fn read_text<'a>(found: &Found<'a>) -> Result<Cow<'a, str>, RecordFault> {
    if !found.value.get().starts_with('"') {
        return Err(RecordFault::NotText {
            field: found.name,
            found: kind_of(found.value),
        });
    }
    text_of(found.value)
}

fn read_time(found: &Found<'_>) -> Result<Timestamp, RecordFault> {
    let text = found.value.get();
    let time = match text.as_bytes().first() {
        Some(b'"') => Timestamp::parse(&text_of(found.value)?),
        Some(b'-' | b'0'..=b'9') => Timestamp::parse_number(text),
        _ => Err(logs::TimeError::Form),
    };
    time.map_err(|reason| RecordFault::BadTime {
        field: found.name,
        reason,
    })
}

/// What is left: unknown fields, and the members of an `attributes` object, in the order sent.
fn attributes<'a>(fields: &Members<'a>, parts: &Parts<'_>) -> Result<Members<'a>, RecordFault> {
    let mut attributes = Members::new();
    for (name, value) in fields {
        if parts.taken.contains(&Some(name)) || is_unused(name, value) {
            continue;
        }
        if name == ATTRIBUTES && value.get().starts_with('{') {
            attributes.extend(value::members_of(value)?);
        } else {
            attributes.push((name.clone(), value));
        }
    }
    value::keep_last(&mut attributes);
    Ok(attributes)
}

/// Empty fields that say no more than that there is nothing.
fn is_unused(name: &str, value: &RawValue) -> bool {
    match role_of(name) {
        Role::Attributes => value.get() == "null",
        Role::Time => is_no_time(value),
        Role::Message | Role::Level => is_empty(value),
        Role::Attribute => false,
    }
}
