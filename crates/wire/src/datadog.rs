//! Datadog's logs: objects with `message`, `status`, `ddtags` and others.
//!
//! `status` is the level where no other field is, and each tag of `ddtags` (`name:value,…`) is an attribute. A
//! `message` that is the text of a JSON object is read as the record itself: its own time and level count
//! before those that whoever sent it put beside it.

mod tags;

use crate::error::DecodeError;
use crate::fields::{Gathered, Standing, gathered_record};
use crate::frame::{blanks_end, value_end};
use crate::given::GivenAttributes;
use crate::json::UNTYPED;
use crate::levels::Scale;
use crate::members::{Members, Value, borrowed, members_of};
use crate::names::{Role, role_of};
use crate::string::text_of;
use crate::unusual::Unusual;
use crate::values::{Terms, read_with};
use record::batch::BatchBuilder;
use std::borrow::Cow;
use std::collections::HashSet;
use tags::Tags;

/// Nothing is refused: an agent drops what is.
const TERMS: Terms = Terms {
    opens_wrapper: false,
    ..UNTYPED
};
/// The member, or the parameter, that holds tags.
const TAGS: &str = "ddtags";
const STATUS: Standing = Standing::Last(Role::Level(Scale::Usual));
/// What a number under `status` may be to be a level: syslog's. Others are statuses of HTTP.
const SYSLOG: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// Reads a body and gives each of its records to the batch. What is `given` is of those that do not say it
/// themselves. A body that is an empty object is a sender's check, and no record.
///
/// # Errors
/// Its records take more room than the batch has.
pub fn decode(
    body: &[u8],
    given: &GivenAttributes,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    if is_check(body) {
        return Ok(());
    }
    let mut split = Members::new();
    for (name, value) in given.members() {
        match (name.as_ref(), value) {
            (TAGS, Value::Text(tags)) => split.extend(Tags::of(tags).into_members()),
            _ => split.push((Cow::Borrowed(name), value.borrowed())),
        }
    }
    read_with(body, TERMS, record, &split, batch)
}

fn is_check(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let inner = body
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    inner.is_some_and(|inner| inner.trim_ascii().is_empty())
}

fn record(object: &str, given: &Members<'_>, unusual: &mut Unusual, batch: &mut BatchBuilder) {
    let mut members = members_of(object, unusual);
    let message = members.iter().position(|(name, _)| name == "message");
    let text = message
        .and_then(|place| members.get(place))
        .filter(|(_, value)| value.json().starts_with('"'))
        .map(|(_, value)| text_of(value.json(), unusual).into_owned());
    let object = text.as_deref().and_then(object_in);
    let mut gathered = Gathered::default();
    if let (Some(object), Some(place)) = (object, message) {
        members.remove(place);
        for (name, value) in members_of(object, unusual) {
            gathered.field(name, value);
        }
    }
    let mut tags = Members::new();
    let mut missing = borrowed(given);
    without(&mut missing, &members);
    for (name, value) in members {
        match (name.as_ref(), role_of(&name).0) {
            (TAGS, _) if value.json().starts_with('"') => {
                tags = Tags::of(&text_of(value.json(), unusual)).into_members();
                without(&mut missing, &tags);
            }
            ("status", _) if is_level(value.json()) => gathered.standing(STATUS, name, value),
            (_, role @ (Role::Time(_) | Role::Level(_))) if object.is_some() => {
                gathered.standing(Standing::Last(role), name, value);
            }
            _ if object.is_some() => gathered.other(name, value),
            _ => gathered.field(name, value),
        }
    }
    let mut others = tags;
    others.extend(missing);
    gathered.others(others);
    gathered_record(&gathered, &Members::new(), unusual, batch);
}

/// Leaves out what has the name of one of the others.
fn without(members: &mut Members<'_>, others: &Members<'_>) {
    if members.is_empty() {
        return;
    }
    let names: HashSet<&str> = others.iter().map(|(name, _)| name.as_ref()).collect();
    members.retain(|(name, _)| !names.contains(name.as_ref()));
}

/// A text that is a JSON object and nothing else.
fn object_in(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    let start = blanks_end(text.as_bytes(), 0);
    let is_object = text.starts_with('{') && value_end(text, start) == Ok(text.len());
    is_object.then_some(text)
}

fn is_level(status: &str) -> bool {
    let digits = status.trim_matches('"');
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => SYSLOG.contains(&digits),
        false => status.starts_with('"'),
    }
}
