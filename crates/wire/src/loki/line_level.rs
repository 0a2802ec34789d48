//! The level of a record of a push: among labels or metadata, or in the line itself.

use crate::frame::{blanks_end, string_end, value_end};
use crate::levels::{Scale, is_digits, level_of, whole_number};
use crate::members::{Members, Value};
use crate::names::{Form, NESTED_LEVEL, Role, role_of};
use crate::raw::member_of;
use crate::string::text_of;
use crate::unusual::Unusual;
use crate::value::kind_of;
use logs::Level;
use record::notice::{Notice, shortened};
use std::borrow::Cow;

/// A longer text in a line is no level, and would be stored twice.
const LONGEST_IN_LINE: usize = 64;

/// What may be a level.
struct Candidate<'a> {
    rank: u8,
    /// Its place among the members.
    place: usize,
    scale: Scale,
    /// Its text, or the JSON text of anything else.
    text: Cow<'a, str>,
    /// Whether it is a text, and no number in it.
    is_text: bool,
}

/// A level, and the place of the member that says nothing else.
type Found<'a> = (Cow<'a, str>, Option<usize>);

impl<'a> Candidate<'a> {
    /// Of a text that was sent as one.
    fn of_text(text: Cow<'a, str>, (scale, rank): (Scale, u8), place: usize) -> Self {
        Self {
            rank,
            place,
            scale,
            is_text: !is_digits(&text),
            text,
        }
    }

    /// Of a value's JSON text.
    fn of_json(json: &'a str, scale: (Scale, u8), place: usize) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => Self::of_text(text_of(json, &mut Unusual::default()), scale, place),
            _ => Self {
                is_text: false,
                ..Self::of_text(Cow::Borrowed(json), scale, place)
            },
        }
    }

    /// Whether it says that there is none.
    fn is_empty(&self) -> bool {
        matches!(self.text.as_ref(), "" | "-") || (!self.is_text && self.text == "null")
    }
}

/// What members say of the level.
pub(super) struct Said<'a> {
    pub(super) found: Option<Found<'a>>,
    /// What is to be told where nothing else gives a level.
    pub(super) unread: Option<Notice>,
}

/// The level among members, by the names of the native format and in their order: a text beats a number, for
/// which its level's name stands.
pub(super) fn among<'a>(members: &'a Members<'_>) -> Said<'a> {
    let mut candidates = Vec::new();
    for (place, (name, value)) in members.iter().enumerate() {
        let (Role::Level(scale), rank) = role_of(name) else {
            continue;
        };
        candidates.push(match value {
            Value::Text(text) => {
                Candidate::of_text(Cow::Borrowed(text.as_ref()), (scale, rank), place)
            }
            Value::Json(json) => Candidate::of_json(json, (scale, rank), place),
            Value::Rest(_) => continue,
        });
    }
    let first = candidates.iter().find(|found| !found.is_empty());
    let first = first.map(|found| found.place);
    let found = first_of(candidates);
    let unread = match (&found, first) {
        (None, Some(place)) => members.get(place).map(|(name, sent)| {
            let (value, found) = match sent {
                Value::Json(json) => (json.as_ref(), kind_of(json)),
                Value::Text(text) => (text.as_ref(), "text"),
                Value::Rest(rest) => (*rest, "text"),
            };
            Notice::Level {
                field: name.to_string(),
                value: shortened(value),
                found,
            }
        }),
        _ => None,
    };
    Said { found, unread }
}

/// The first text that counts, else the first number.
fn first_of(mut candidates: Vec<Candidate<'_>>) -> Option<Found<'_>> {
    candidates.retain(|candidate| !candidate.is_empty());
    candidates.sort_by_key(|candidate| candidate.rank);
    if let Some(text) = candidates.iter().position(|found| found.is_text) {
        let found = candidates.swap_remove(text);
        return Some((found.text, Some(found.place)));
    }
    candidates.iter().find_map(|found| {
        let level = level_of(whole_number(&found.text)?, found.scale)?;
        Some((Cow::Borrowed(level.name()), None))
    })
}

/// The level that a line names, if it is an object of JSON or has a field `level=` as logfmt does.
pub(super) fn in_line(line: &str) -> Option<Cow<'_, str>> {
    let start = blanks_end(line.as_bytes(), 0);
    let level = match line.as_bytes().get(start) {
        Some(b'{') => in_object(line, start),
        _ => None,
    };
    level.or_else(|| in_fields(line).map(Cow::Borrowed))
}

/// As far as the object goes: a line that was cut may name its level all the same.
fn in_object(line: &str, start: usize) -> Option<Cow<'_, str>> {
    let (bytes, mut place) = (line.as_bytes(), start + 1);
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    loop {
        place = blanks_end(bytes, place);
        if bytes.get(place) != Some(&b'"') {
            break;
        }
        let Ok(name_end) = string_end(bytes, place) else {
            break;
        };
        let colon = blanks_end(bytes, name_end);
        let value_start = blanks_end(bytes, colon + 1);
        let Ok(end) = value_end(line, value_start) else {
            break;
        };
        let (true, Some(name), Some(value)) = (
            bytes.get(colon) == Some(&b':'),
            line.get(place + 1..name_end - 1),
            line.get(value_start..end),
        ) else {
            break;
        };
        if let Some(candidate) = in_member(name, value) {
            candidates.push(candidate);
        }
        place = blanks_end(bytes, end);
        if bytes.get(place) != Some(&b',') {
            break;
        }
        place += 1;
    }
    first_of(candidates).map(|(text, _)| text)
}

fn in_member<'a>(name: &str, value: &'a str) -> Option<Candidate<'a>> {
    let (scale, rank, value) = match role_of(name) {
        (Role::Level(scale), rank) => (scale, rank, value),
        (Role::Message(Form::Log), _) => {
            let rank = role_of(NESTED_LEVEL).1;
            (Scale::Usual, rank, member_of(value, "level")?)
        }
        _ => return None,
    };
    (value.len() <= LONGEST_IN_LINE).then(|| Candidate::of_json(value, (scale, rank), 0))
}

/// In free text only a word that is known as a level is one; of several fields, the first by its name.
fn in_fields(line: &str) -> Option<&str> {
    let (mut found, mut from): (Option<(u8, &str)>, usize) = (None, 0);
    while let Some(sign) = memchr::memchr(b'=', line.as_bytes().get(from..)?) {
        let sign = from + sign;
        let key = line.get(from..sign)?.rsplit([' ', '\t']).next()?;
        let value = line.get(sign + 1..)?;
        let (text, length) = field_value(value);
        from = sign + 1 + length;
        if let (Role::Level(Scale::Usual), rank) = role_of(key)
            && Level::from_text(text).is_some()
            && found.is_none_or(|(first, _)| rank < first)
        {
            found = Some((rank, text));
        }
    }
    found.map(|(_, text)| text)
}

/// The value that begins here, without its quotes, and how long it is with them. Signs of equality in a
/// quoted one are its own.
fn field_value(value: &str) -> (&str, usize) {
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([' ', '\t', '=']).unwrap_or(value.len());
        return (value.get(..end).unwrap_or_default(), end);
    };
    let (bytes, mut place) = (quoted.as_bytes(), 0);
    while let Some(next) = bytes
        .get(place..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        place += next;
        match bytes.get(place) {
            Some(b'"') => return (quoted.get(..place).unwrap_or_default(), place + 2),
            _ => place += 2,
        }
    }
    // A quote that is not closed is a character like others.
    ("", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_in_a_line_as_json_and_as_logfmt_write_it() {
        for (line, expected) in [
            (r#"{"level":"info","msg":"x"}"#, Some("info")),
            (
                r#" { "msg" : "level=error", "LEVEL" : "AUDIT" } "#,
                Some("AUDIT"),
            ),
            (r#"{"level":30,"msg":"x"}"#, Some("INFO")),
            (r#"{"level":30,"severity":"notice"}"#, Some("notice")),
            (r#"{"severity":"b","level":"a"}"#, Some("a")),
            (r#"{"log":{"level":"warn","logger":"x"}}"#, Some("warn")),
            (r#"{"levelno":40}"#, Some("ERROR")),
            // Cut off behind its level, and within it.
            (r#"{"level":"warn","msg":"cut"#, Some("warn")),
            (r#"{"level":"wa"#, None),
            (r#"{"level":77}"#, None),
            (r#"{"level":"","lvl":"-"}"#, None),
            (r"{user} level=debug", Some("debug")),
            ("ts=1 level=info msg=x", Some("info")),
            ("lvl=\"WARN\" x", Some("WARN")),
            ("severity=debug level=error", Some("error")),
            (r#"msg="a \" level=error" level=info"#, Some("info")),
            (r#"msg="level=error"#, None),
            (r#"msg="open level=error"#, Some("error")),
            ("x level=", None),
            ("battery level=5 high", None),
            ("level=5 lvl=info", Some("info")),
            ("mylevel=error", None),
            ("level = error", None),
            ("GET /?a=1&level=error", None),
            ("", None),
            ("é=ü level=fatal", Some("fatal")),
        ] {
            assert_eq!(in_line(line).as_deref(), expected, "{line}");
        }
        let long = format!(r#"{{"level":"{}","lvl":"info"}}"#, "x".repeat(70));
        assert_eq!(in_line(&long).as_deref(), Some("info"));
    }
}
