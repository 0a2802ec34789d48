//! The usual record, read in one pass: each value is written as BSON where it stands.
//!
//! What is out of the ordinary (a name that comes twice, two fields that may be the message, an integer
//! beyond 64 bits, anything that is wrong) is an error here, and leaves the caller to read everything
//! again by way of [`fields`](super::fields), which alone decides what such a record becomes and what
//! is said about it. So this path must take nothing that the other would refuse, and write the same
//! bytes; property tests hold both against each other.

use super::fields::{Role, role_of};
use super::value::{MAX_DEPTH, MAX_MEMBERS, Text};
use crate::batch::{BatchBuilder, MAX_DOCUMENT_BYTES};
use crate::bson_writer::BsonWriter;
use logs::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Names of one record that are looked through for doubles.
const MAX_NAMES: usize = 256;

/// What reading one record needs, used again from record to record.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    /// The attributes as BSON.
    attributes: Vec<u8>,
    /// The names of every object that is open, one object behind another.
    names: Vec<Cow<'a, str>>,
}

/// Reads one record.
struct RecordSeed<'s, 'a>(&'s mut Scratch<'a>);

/// What a record is beside its attributes.
struct Parts<'a> {
    time: Option<Timestamp>,
    level: Option<Cow<'a, str>>,
    message: Cow<'a, str>,
}

impl Parts<'_> {
    fn take(&self, scratch: &Scratch<'_>, batch: &mut BatchBuilder) {
        batch.record(self.time, self.level.as_deref(), &self.message, |writer| {
            writer.members(&scratch.attributes);
            Ok(())
        });
    }
}

/// Reads an array of records; `false` when any of them is unusual, or the batch has outgrown its bound.
pub(super) fn array(text: &str, batch: &mut BatchBuilder) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_seq(ArrayVisitor(batch));
    read.and_then(|()| deserializer.end()).is_ok()
}

/// Reads a record that is a text of its own, as [`array`] does.
pub(super) fn line<'a>(text: &'a str, scratch: &mut Scratch<'a>, batch: &mut BatchBuilder) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = RecordSeed(scratch).deserialize(&mut deserializer);
    match read.and_then(|parts| deserializer.end().map(|()| parts)) {
        Ok(parts) => {
            parts.take(scratch, batch);
            true
        }
        Err(_) => false,
    }
}

struct ArrayVisitor<'b>(&'b mut BatchBuilder);

impl<'a> Visitor<'a> for ArrayVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        let mut scratch = Scratch::default();
        loop {
            let Some(parts) = sequence.next_element_seed(RecordSeed(&mut scratch))? else {
                return Ok(());
            };
            parts.take(&scratch, self.0);
            if self.0.is_too_large() {
                return Err(unusual());
            }
        }
    }
}

fn unusual<E: Error>() -> E {
    E::custom("unusual")
}

impl<'a> DeserializeSeed<'a> for RecordSeed<'_, 'a> {
    type Value = Parts<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Parts<'a>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RecordSeed<'_, 'a> {
    type Value = Parts<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Parts<'a>, M::Error> {
        let scratch = self.0;
        scratch.attributes.clear();
        scratch.names.clear();
        let (mut time, mut message, mut level, mut attributes) = (None, None, None, None);
        while let Some(Text(name)) = map.next_key()? {
            match role_of(&name) {
                Role::Time => put(&mut time, map.next_value::<Time>()?.0)?,
                Role::Message => put(&mut message, map.next_value::<Text<'a>>()?.0)?,
                Role::Level => put(&mut level, map.next_value::<Text<'a>>()?.0)?,
                Role::Attributes => {
                    let members = MembersSeed(&mut *scratch);
                    put(&mut attributes, map.next_value_seed(members)?)?;
                }
                Role::Attribute => {
                    scratch.note(&name, 0)?;
                    map.next_value_seed(ValueSeed {
                        scratch: &mut *scratch,
                        name: &name,
                        depth: 0,
                    })?;
                    scratch.names.push(name);
                }
            }
        }
        let message: Cow<'a, str> = message.ok_or_else(unusual)?;
        let empty = |text: &Cow<'a, str>| text.is_empty();
        if empty(&message) || level.as_ref().is_some_and(empty) {
            return Err(unusual());
        }
        Ok(Parts {
            time,
            level,
            message,
        })
    }
}

/// Only the first of a role can be told without a look at the others.
fn put<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(unusual()),
    }
}

impl<'a> Scratch<'a> {
    /// What is larger than a document may be is not written out: an array's elements grow as they are.
    fn check_size<E: Error>(&self) -> Result<(), E> {
        match self.attributes.len() <= MAX_DOCUMENT_BYTES {
            true => Ok(()),
            false => Err(unusual()),
        }
    }

    /// Looks whether a name is new in the object whose names begin at `first`, and can be stored.
    fn note<E: Error>(&self, name: &str, first: usize) -> Result<(), E> {
        self.check_size()?;
        let names = self.names.get(first..).unwrap_or_default();
        let twice = names.iter().any(|other| other == name);
        if twice || names.len() >= MAX_NAMES || name.contains('\0') {
            return Err(unusual());
        }
        Ok(())
    }

    fn writer(&mut self) -> BsonWriter<'_> {
        BsonWriter::new(&mut self.attributes)
    }

    /// Writes the members of an object whose names begin at `first`.
    fn members<M: MapAccess<'a>>(
        &mut self,
        mut map: M,
        first: usize,
        depth: usize,
    ) -> Result<(), M::Error> {
        while let Some(Text(name)) = map.next_key()? {
            self.note(&name, first)?;
            map.next_value_seed(ValueSeed {
                scratch: &mut *self,
                name: &name,
                depth,
            })?;
            self.names.push(name);
        }
        Ok(())
    }
}

/// The members of `attributes`, which stand beside the record's own fields.
struct MembersSeed<'s, 'a>(&'s mut Scratch<'a>);

impl<'a> DeserializeSeed<'a> for MembersSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for MembersSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<(), M::Error> {
        self.0.members(map, 0, 0)
    }
}

/// Writes a value under a name.
struct ValueSeed<'s, 'n, 'a> {
    scratch: &'s mut Scratch<'a>,
    name: &'n str,
    depth: usize,
}

impl<'a> DeserializeSeed<'a> for ValueSeed<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueSeed<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.scratch.writer().string(self.name, text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.scratch.writer().boolean(self.name, truth);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scratch.writer().null(self.name);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.scratch.writer().integer(self.name, number);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(number).map_err(|_| unusual::<E>())?)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // It may be an integer beyond 64 bits, whose digits are to be kept.
        if number.fract() == 0.0 {
            return Err(unusual());
        }
        self.scratch.writer().double(self.name, number);
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<(), M::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(unusual());
        }
        let mark = self.scratch.writer().open_document(self.name);
        let first = self.scratch.names.len();
        self.scratch.members(map, first, self.depth + 1)?;
        self.scratch.names.truncate(first);
        self.scratch.writer().close(mark);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(unusual());
        }
        let mark = self.scratch.writer().open_array(self.name);
        let mut digits = itoa::Buffer::new();
        for position in 0..=MAX_MEMBERS {
            self.scratch.check_size()?;
            let element = ValueSeed {
                scratch: &mut *self.scratch,
                name: digits.format(position),
                depth: self.depth + 1,
            };
            if sequence.next_element_seed(element)?.is_none() {
                self.scratch.writer().close(mark);
                return Ok(());
            }
        }
        Err(unusual())
    }
}

/// A time that is one, in text or as a whole number.
struct Time(Timestamp);

impl<'a> serde::Deserialize<'a> for Time {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        // Senders write that they have no time as "", "-" or "0".
        if text.len() < 2 {
            return Err(unusual());
        }
        Timestamp::parse(text).map(Time).map_err(|_| unusual())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Time, E> {
        if number == 0 {
            return Err(unusual());
        }
        let text = itoa::Buffer::new().format(number).to_owned();
        Timestamp::parse_number(&text)
            .map(Time)
            .map_err(|_| unusual())
    }
}

#[cfg(test)]
mod tests;
