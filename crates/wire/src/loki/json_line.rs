//! A line of a push as JSON: an array, an object as it was written once, or anything else.

use super::stream::{Line, push_all_free, push_free};
use crate::members::{Members, Value, keep_last, members_of};
use crate::names::Unit;
use crate::raw::elements_in;
use crate::scanner::Scanner;
use crate::string::text_of;
use crate::times;
use crate::unusual::Unusual;
use logs::Timestamp;
use std::borrow::Cow;

/// The attribute of what stands behind a line's metadata.
const MORE: &str = "_more";
/// Members of metadata that is usual, at most.
const MOST_USUAL: usize = 256;
/// Digits of nanoseconds from 2001 on.
const NANOS_DIGITS: usize = 19;

/// A line in the form that nearly all have, an array of texts and of metadata that is text, read in one pass;
/// anything else is `None`, and is read again by [`of_array`], which says the same of this form.
pub(super) fn usual<'a>(scanner: &mut Scanner<'a>) -> Option<Line<'a>> {
    scanner.take(b'[')?;
    let digits = scanner.string()?;
    let time = nanos(&digits)?;
    scanner.take(b',')?;
    let text = scanner.string()?;
    let mut line = Line::new(Some(time), text, Unusual::default());
    if !scanner.more(b']')? {
        return Some(line);
    }
    let mut more = scanner.open(b'{', b'}')?;
    while more {
        let name = scanner.name()?;
        let value = (scanner.next()? == b'"').then(|| scanner.string())??;
        let is_usual = line.metadata.len() < MOST_USUAL && !name.contains('\0');
        is_usual.then(|| line.metadata.push((name, Value::Text(value))))?;
        more = scanner.more(b'}')?;
    }
    keep_last(&mut line.metadata);
    (!scanner.more(b']')?).then_some(line)
}

/// A line as an array of its time, its text and its metadata; none of an empty one. And how long the array
/// is, with which the text begins.
pub(super) fn of_array(array: &str) -> (Option<Line<'_>>, usize) {
    let mut parts = elements_in(array);
    let mut unusual = Unusual::default();
    let mut line = match (parts.next(), parts.next()) {
        (Some((_, time)), Some((_, text))) => {
            let text = text_in(text, &mut unusual);
            dated(time, text, unusual)
        }
        (Some((_, text)), None) => of_text(text),
        _ => return (None, parts.end()),
    };
    let mut rest = parts.next();
    if let Some((_, metadata)) = rest
        && (metadata.starts_with('{') || metadata == "null")
    {
        line.metadata
            .extend(members_of(metadata, &mut line.unusual));
        rest = parts.next();
    }
    if let Some((start, _)) = rest {
        parts.by_ref().for_each(drop);
        let rest = array.get(start..parts.end() - 1).unwrap_or_default();
        let rest = Cow::Owned(format!("[{rest}]"));
        push_free(&mut line.metadata, MORE, Value::Json(rest));
    }
    (Some(line), parts.end())
}

/// A line that is a value by itself, without a time.
pub(super) fn of_text(value: &str) -> Line<'_> {
    let mut unusual = Unusual::default();
    let text = text_in(value, &mut unusual);
    Line::new(None, text, unusual)
}

/// A line's text: that of a string, nothing for `null`, else its JSON text.
fn text_in<'a>(value: &'a str, unusual: &mut Unusual) -> Cow<'a, str> {
    match value.as_bytes().first() {
        Some(b'"') => text_of(value, unusual),
        Some(b'n') => Cow::Borrowed(""),
        _ => Cow::Borrowed(value),
    }
}

/// A line with its time; one that is none becomes an attribute.
fn dated<'a>(time: &'a str, text: Cow<'a, str>, unusual: Unusual) -> Line<'a> {
    let mut line = Line::new(None, text, unusual);
    let digits = time
        .strip_prefix('"')
        .and_then(|time| time.strip_suffix('"'));
    match digits.and_then(nanos) {
        Some(read) => line.time = Some(read),
        None if times::is_none(time) => {}
        None => match times::read(time, Unit::BySize) {
            Ok(read) => line.time = Some(read),
            Err(reason) => line.keep_unread(Value::Json(Cow::Borrowed(time)), time, reason),
        },
    }
    line
}

/// The time in the form that nearly all have; the general way says the same of it, in more time.
fn nanos(digits: &str) -> Option<Timestamp> {
    let is_usual = digits.len() == NANOS_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_usual.then(|| digits.parse().ok().map(Timestamp::from_nanos))?
}

/// A line as an object of its time and its text; of one without a text, its JSON text is the line.
pub(super) fn of_object(object: &str) -> Line<'_> {
    let mut unusual = Unusual::default();
    let mut members = members_of(object, &mut unusual);
    let place = |members: &Members<'_>, names: &[&str]| {
        let is_named = |name: &str| names.contains(&name);
        members.iter().position(|(name, _)| is_named(name))
    };
    let Some(text) = place(&members, &["line"]) else {
        return Line::new(None, Cow::Borrowed(object), unusual);
    };
    let (_, text) = members.remove(text);
    let text = match text {
        Value::Json(Cow::Borrowed(text)) => text_in(text, &mut unusual),
        _ => Cow::Borrowed(""),
    };
    let time = place(&members, &["ts", "timestamp"]).map(|time| members.remove(time).1);
    let mut line = match time {
        Some(Value::Json(Cow::Borrowed(time))) => dated(time, text, unusual),
        _ => Line::new(None, text, unusual),
    };
    let names = ["structuredMetadata", "structured_metadata"];
    if let Some(found) = place(&members, &names)
        && let Some((_, Value::Json(Cow::Borrowed(object)))) = members.get(found)
        && object.starts_with('{')
    {
        let object = *object;
        members.remove(found);
        line.metadata.extend(members_of(object, &mut line.unusual));
    }
    push_all_free(&mut line.metadata, members);
    line
}
