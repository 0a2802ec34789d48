//! Splunk's HTTP event collector: events in their envelopes, and raw lines.
//!
//! An envelope is `{"time", "host", "source", "sourcetype", "index", "event", "fields"}`; what of it is no
//! event is attributes, and so are the members of `fields`. An event that is an object is a record as
//! anywhere. An object without an event is a record itself.

use crate::error::DecodeError;
use crate::fields::{Gathered, Standing, gathered_record};
use crate::given::GivenAttributes;
use crate::json::{LINES, PLAIN};
use crate::levels::Scale;
use crate::members::{Members, Value, borrowed, members_of};
use crate::names::{Form, Role, Unit, role_of};
use crate::unusual::Unusual;
use crate::values::{Terms, read_with};
use record::batch::BatchBuilder;
use std::borrow::Cow;

/// A body whose first event is broken says nothing of the rest.
const EVENTS: Terms = Terms {
    is_json: true,
    ..LINES
};
const TIME: Standing = Standing::First(Role::Time(Unit::BySize));
const MESSAGE: Standing = Standing::First(Role::Message(Form::Any));
const FALLBACK: Standing = Standing::Last(Role::Message(Form::NoObject));
/// What Docker's driver calls the line of a program.
const LINE: &str = "line";
/// Where OpenTelemetry's Collector puts the level, among `fields`.
const SEVERITIES: [(&str, Scale); 2] = [
    ("otel.log.severity.text", Scale::Usual),
    ("otel.log.severity.number", Scale::OpenTelemetry),
];

/// Reads a body of events, with or without line ends between them, and gives each to the batch. What is
/// `given` is of those whose envelopes do not say it themselves.
///
/// # Errors
/// Its first object or array is broken or cut off, or its records take more room than the batch has.
pub fn decode_events(
    body: &[u8],
    given: &GivenAttributes,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    read_with(body, EVENTS, enveloped, given.members(), batch)
}

/// Reads a body of lines, each of which is a message, or a record where it is an object.
///
/// # Errors
/// Its records take more room than the batch has.
pub fn decode_raw(
    body: &[u8],
    given: &GivenAttributes,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    read_with(body, PLAIN, bare, given.members(), batch)
}

/// A record that has no envelope.
fn bare(object: &str, given: &Members<'_>, unusual: &mut Unusual, batch: &mut BatchBuilder) {
    let mut gathered = Gathered::of(members_of(object, unusual));
    gathered.others(borrowed(given));
    gathered_record(&gathered, &Members::new(), unusual, batch);
}

fn enveloped(object: &str, given: &Members<'_>, unusual: &mut Unusual, batch: &mut BatchBuilder) {
    let mut envelope = members_of(object, unusual);
    let mut missing = borrowed(given);
    missing.retain(|(name, _)| !envelope.iter().any(|(other, _)| other == name));
    let mut gathered = Gathered::default();
    let Some((name, event)) = take(&mut envelope, "event") else {
        let fields = take(&mut envelope, "fields");
        gathered = Gathered::of(envelope);
        add_fields(&mut gathered, fields, unusual);
        gathered.others(missing);
        return gathered_record(&gathered, &Members::new(), unusual, batch);
    };
    if let Some((name, time)) = take(&mut envelope, "time") {
        gathered.standing(TIME, name, time);
    }
    match event {
        Value::Json(Cow::Borrowed(event)) if event.starts_with('{') => {
            add_event(&mut gathered, event, unusual);
        }
        event => gathered.standing(MESSAGE, name, event),
    }
    let fields = take(&mut envelope, "fields");
    gathered.others(envelope);
    gathered.others(missing);
    add_fields(&mut gathered, fields, unusual);
    gathered_record(&gathered, &Members::new(), unusual, batch);
}

fn take<'a>(members: &mut Members<'a>, name: &str) -> Option<(Cow<'a, str>, Value<'a>)> {
    let place = members.iter().position(|(other, _)| other == name)?;
    Some(members.remove(place))
}

/// The members of an event. Docker's driver puts the line of a program beside what it knows of it: as text,
/// or as the object that it is.
fn add_event<'a>(gathered: &mut Gathered<'a>, event: &'a str, unusual: &mut Unusual) {
    let mut members = members_of(event, unusual);
    let has_message = members
        .iter()
        .any(|(name, _)| matches!(role_of(name).0, Role::Message(_)));
    match take(&mut members, LINE) {
        Some((_, Value::Json(Cow::Borrowed(line)))) if line.starts_with('{') && !has_message => {
            for (name, value) in members_of(line, unusual) {
                gathered.field(name, value);
            }
            return gathered.others(members);
        }
        Some((name, line)) if line.json().starts_with('"') => {
            gathered.standing(FALLBACK, name, line);
        }
        Some((name, line)) => gathered.field(name, line),
        None => {}
    }
    for (name, value) in members {
        gathered.field(name, value);
    }
}

/// The members of `fields`, or what stands in its place.
fn add_fields<'a>(
    gathered: &mut Gathered<'a>,
    fields: Option<(Cow<'a, str>, Value<'a>)>,
    unusual: &mut Unusual,
) {
    match fields {
        Some((_, Value::Json(Cow::Borrowed(fields)))) if fields.starts_with('{') => {
            for (name, value) in members_of(fields, unusual) {
                match SEVERITIES.iter().find(|(severity, _)| *severity == name) {
                    Some((_, scale)) => {
                        let level = Standing::Last(Role::Level(*scale));
                        gathered.standing(level, name, value);
                    }
                    None => gathered.other(name, value),
                }
            }
        }
        Some((name, value)) => gathered.other(name, value),
        None => {}
    }
}
