//! JSON values into BSON: nothing rounded, nothing doubled, nothing too deep.
//!
//! Integers beyond 64 bits keep their digits: as a decimal up to 34 of them, beyond that as text
//! under a binary subtype of our own. Other numbers are 64-bit floating point, as in every JSON
//! library.

use super::error::reason_of;
use record::attributes::LONG_INTEGER;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_MEMBERS, RecordFault};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Digits that a decimal of BSON holds.
const DECIMAL_DIGITS: usize = 34;

/// From here on, doubled names are looked for with a map.
const FEW: usize = 16;

/// The members of a JSON object, in the order sent.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// What a value is, in words.
pub(super) fn kind_of(value: &RawValue) -> &'static str {
    kind_of_byte(value.get().as_bytes().first().copied())
}

/// What a value that begins with this byte is, in words.
pub(super) fn kind_of_byte(first: Option<u8>) -> &'static str {
    match first {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "something that is no JSON",
    }
}

/// The text in a JSON string, borrowed where nothing is escaped.
pub(super) fn text_of(value: &RawValue) -> Result<Cow<'_, str>, RecordFault> {
    match serde_json::from_str(value.get()) {
        Ok(Text(text)) => Ok(text),
        Err(error) => Err(RecordFault::BadText(reason_of(&error))),
    }
}

/// The members of a JSON object.
pub(super) fn members_of(value: &RawValue) -> Result<Members<'_>, RecordFault> {
    let mut members = Members::new();
    serde_json::Deserializer::from_str(value.get())
        .deserialize_map(MembersVisitor(&mut members))
        .map_err(|error| RecordFault::BadText(reason_of(&error)))?;
    check_count(members.len())?;
    keep_last(&mut members);
    Ok(members)
}

/// Whether so many members may stand in one object or array.
pub(super) fn check_count(count: usize) -> Result<(), RecordFault> {
    if count > MAX_MEMBERS {
        return Err(RecordFault::TooManyMembers);
    }
    Ok(())
}

/// Of members with one name, keeps the last value, at the place of the first.
pub(super) fn keep_last(members: &mut Members<'_>) {
    if members.len() <= FEW {
        let mut position = 1;
        while position < members.len() {
            let (before, rest) = members.split_at_mut(position);
            let twin = rest.first().and_then(|(name, value)| {
                let first = before.iter_mut().find(|(other, _)| other == name)?;
                first.1 = value;
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

/// Writes members into the open document of `writer`, which stands `depth` levels below the
/// attributes.
pub(super) fn write_members(
    writer: &mut BsonWriter<'_>,
    members: Members<'_>,
    depth: usize,
) -> Result<(), RecordFault> {
    for (name, value) in members {
        if name.contains('\0') {
            return Err(RecordFault::NulInName);
        }
        check_size(writer)?;
        write_value(writer, &name, value, depth)?;
    }
    Ok(())
}

/// What is larger than is of use is not written out: an array's elements grow as they are.
fn check_size(writer: &BsonWriter<'_>) -> Result<(), RecordFault> {
    match writer.is_full() {
        true => Err(RecordFault::TooLarge),
        false => Ok(()),
    }
}

fn write_value(
    writer: &mut BsonWriter<'_>,
    name: &str,
    value: &RawValue,
    depth: usize,
) -> Result<(), RecordFault> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => writer.string(name, &text_of(value)?),
        Some(b't') => writer.boolean(name, true),
        Some(b'f') => writer.boolean(name, false),
        Some(b'n') => writer.null(name),
        Some(b'{' | b'[') if depth >= MAX_DEPTH => return Err(RecordFault::TooDeep),
        Some(b'{') => {
            let mark = writer.open_document(name);
            write_members(writer, members_of(value)?, depth + 1)?;
            writer.close(mark);
        }
        Some(b'[') => {
            let mark = writer.open_array(name);
            for (position, element) in elements_of(value)?.into_iter().enumerate() {
                check_size(writer)?;
                write_value(writer, &position.to_string(), element, depth + 1)?;
            }
            writer.close(mark);
        }
        _ => write_number(writer, name, text)?,
    }
    Ok(())
}

fn write_number(writer: &mut BsonWriter<'_>, name: &str, text: &str) -> Result<(), RecordFault> {
    let is_integer = !text.contains(['.', 'e', 'E']) && text != "-0";
    if !is_integer {
        // Not through serde_json, whose fast reading of decimals may be off by the last bit.
        return match text.parse::<f64>() {
            Ok(number) if number.is_finite() => {
                writer.double(name, number);
                Ok(())
            }
            _ => Err(RecordFault::NumberTooLarge(text.chars().take(40).collect())),
        };
    }
    let digits = text.trim_start_matches('-').len();
    if let Ok(number) = text.parse::<i64>() {
        writer.integer(name, number);
    } else if digits <= DECIMAL_DIGITS
        && let Ok(number) = text.parse::<bson::Decimal128>()
    {
        writer.decimal(name, number);
    } else {
        writer.binary(name, LONG_INTEGER, text.as_bytes());
    }
    Ok(())
}

fn elements_of(value: &RawValue) -> Result<Vec<&RawValue>, RecordFault> {
    let elements = serde_json::Deserializer::from_str(value.get())
        .deserialize_seq(ElementsVisitor)
        .map_err(|error| RecordFault::BadText(reason_of(&error)))?;
    check_count(elements.len())?;
    Ok(elements)
}

/// Reads an object's members into a list that is used again from record to record. Of too many, one
/// more than may be is kept, as the sign for [`check_count`]; the others are passed over.
pub(super) struct MembersVisitor<'m, 'a>(pub(super) &'m mut Members<'a>);

impl<'a> Visitor<'a> for MembersVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while self.0.len() <= MAX_MEMBERS {
            let Some(Text(name)) = map.next_key()? else {
                return Ok(());
            };
            self.0.push((name, map.next_value()?));
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct ElementsVisitor;

impl<'a> Visitor<'a> for ElementsVisitor {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<Self::Value, S::Error> {
        let mut elements = Vec::new();
        while elements.len() <= MAX_MEMBERS {
            let Some(element) = sequence.next_element()? else {
                return Ok(elements);
            };
            elements.push(element);
        }
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(elements)
    }
}

/// A string, borrowed where nothing is escaped.
#[derive(serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);
