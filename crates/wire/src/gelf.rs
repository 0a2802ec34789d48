//! GELF over HTTP (format: GELF 1.1, "GELF Payload Specification"): one object, and leniently several, or an
//! array of them.
//!
//! `short_message`, `timestamp` and `level` are what they are anywhere; additional fields (`_name`) are
//! attributes whatever their names say, without the underscore unless another field has that name.

use crate::error::DecodeError;
use crate::fields::{Gathered, Standing, gathered_record};
use crate::json::LINES;
use crate::members::{Members, Value, members_of};
use crate::names::{Form, Role};
use crate::raw::member_of;
use crate::string::text_of;
use crate::unusual::Unusual;
use crate::values::{Terms, read_with};
use record::batch::BatchBuilder;
use std::borrow::Cow;
use std::collections::HashSet;

/// A body whose first object is broken says nothing of the rest.
const TERMS: Terms = Terms {
    is_json: true,
    ..LINES
};
const SHORT: &str = "short_message";
const FULL: &str = "full_message";
/// What `version` says of the form, and not of the record.
const VERSIONS: [&str; 4] = ["\"1.1\"", "\"1.0\"", "1.1", "1.0"];

/// Reads a body and gives each of its records to the batch.
///
/// # Errors
/// Its first object or array is broken or cut off, or its records take more room than the batch has.
pub fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    // Over TCP it is what ends an object.
    let body = body.strip_suffix(b"\0").unwrap_or(body);
    read_with(body, TERMS, record, &Members::new(), batch)
}

fn record(object: &str, given: &Members<'_>, unusual: &mut Unusual, batch: &mut BatchBuilder) {
    let members = members_of(object, unusual);
    let bare = bare_names(&members);
    let mut gathered = Gathered::default();
    for ((name, value), bare) in members.into_iter().zip(bare) {
        match name.as_ref() {
            "version" if VERSIONS.contains(&value.json()) => {}
            SHORT => gathered.standing(Standing::First(Role::Message(Form::NoObject)), name, value),
            FULL if says_the_same(object, &value, unusual) => {}
            FULL => gathered.standing(Standing::Last(Role::Message(Form::NoObject)), name, value),
            _ => match (bare, &value) {
                (Some(bare), Value::Json(_)) => gathered.other(bare, value),
                _ if name.starts_with('_') && matches!(value, Value::Json(_)) => {
                    gathered.other(name, value);
                }
                _ => gathered.field(name, value),
            },
        }
    }
    gathered_record(&gathered, given, unusual, batch);
}

/// Of each field its name without the underscore, where it has one and no field has that name.
fn bare_names<'a>(members: &Members<'a>) -> Vec<Option<Cow<'a, str>>> {
    let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    let bare = |name: &Cow<'a, str>| {
        let bare = name.strip_prefix('_')?;
        let is_free = !bare.is_empty() && !names.contains(bare);
        is_free.then(|| match name {
            Cow::Borrowed(name) => Cow::Borrowed(name.get(1..).unwrap_or_default()),
            Cow::Owned(_) => Cow::Owned(bare.to_owned()),
        })
    };
    members.iter().map(|(name, _)| bare(name)).collect()
}

/// Whether the full message is the short one.
fn says_the_same(object: &str, full: &Value<'_>, unusual: &mut Unusual) -> bool {
    let (short, full) = (member_of(object, SHORT).unwrap_or_default(), full.json());
    let are_texts = short.starts_with('"') && full.starts_with('"');
    are_texts && (short == full || text_of(short, unusual) == text_of(full, unusual))
}
