//! The usual record, read in one pass: each value is written as BSON where it stands.
//!
//! What is out of the ordinary (a name that comes twice, a level that a later field may beat, an integer
//! beyond 64 bits, anything of which there is something to tell) is `None` here, and leaves the caller to
//! read everything again by way of [`fields`](super::fields), which alone decides what such a record
//! becomes and what is said about it. So this path must take nothing that the other would refuse or tell
//! of, and write the same bytes; property tests hold both against each other.

use super::levels::{Scale, SentLevel, is_digits, level_of};
use super::member_names::{self, MemberNames, Object};
use super::names::{Role, Unit};
use super::scanner::{Number, Scanner};
use super::times;
use logs::Timestamp;
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_MEMBERS};
use std::borrow::Cow;

/// What reading one record needs, used again from record to record.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    /// The attributes as BSON.
    attributes: Vec<u8>,
    /// The names of its members.
    names: MemberNames<'a>,
}

/// What a record is beside its attributes.
#[derive(Default)]
struct Parts<'a> {
    time: Found<Timestamp>,
    level: Found<SentLevel<'a>>,
    message: Found<Cow<'a, str>>,
    has_attributes: bool,
    has_record: bool,
    /// Whether a field with a role is an attribute all the same.
    keeps: bool,
}

/// The first field of a role.
struct Found<T> {
    value: Option<T>,
    /// The place of the last field of the role in the order of names.
    rank: u8,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self {
            value: None,
            rank: 0,
        }
    }
}

impl<T> Found<T> {
    /// Whether the next field of the role, which has this place in the order of names, is the first one.
    /// `None` when it stands in front of one that was there before, or is there twice.
    fn is_first(&mut self, rank: u8) -> Option<bool> {
        let is_first = self.value.is_none();
        (is_first || rank > self.rank).then(|| {
            self.rank = rank;
            is_first
        })
    }
}

/// Reads the record at the place of a scanner, and gives it to the batch, with an attribute `beside` its own;
/// nothing of an unusual one.
pub(super) fn record<'a>(
    scanner: &mut Scanner<'a>,
    scratch: &mut Scratch<'a>,
    beside: Option<(&str, &str)>,
    batch: &mut BatchBuilder,
) -> Option<()> {
    let parts = scratch.record(scanner)?;
    if batch.is_strict() && matches!(parts.level.value, Some(SentLevel::Number(_))) {
        return None;
    }
    let level = parts.level.value.as_ref().map(SentLevel::text);
    let message = parts.message.value?;
    if let Some((name, text)) = beside {
        (!scratch.names.has_attribute(name)).then_some(())?;
        scratch.writer().string(name, text);
    }
    // One that is too large is refused here as it is there.
    let _taken = batch.record(parts.time.value, level, &message, |writer| {
        writer.members(&scratch.attributes);
        Ok(())
    });
    Some(())
}

impl<'a> Scratch<'a> {
    /// Reads one record; its attributes are left here.
    fn record(&mut self, scanner: &mut Scanner<'a>) -> Option<Parts<'a>> {
        self.attributes.clear();
        self.names.restart();
        let mut parts = Parts::default();
        let mut more = scanner.open(b'{', b'}')?;
        while more {
            let (name, role, rank) = self.names.next(scanner, member_names::RECORD)?;
            match role {
                Role::Attribute => self.member(scanner, &name, 0)?,
                Role::Time(unit) => match parts.time.is_first(rank)? {
                    true => parts.time.value = Some(read_time(scanner, unit)?),
                    false => self.later(scanner, &name, &mut parts)?,
                },
                Role::Message(_) => match parts.message.is_first(rank)? {
                    true => parts.message.value = Some(filled(scanner)?),
                    false => self.later(scanner, &name, &mut parts)?,
                },
                Role::Level(scale) => self.level(scanner, &name, (scale, rank), &mut parts)?,
                Role::Attributes => {
                    (!parts.has_attributes).then_some(())?;
                    parts.has_attributes = true;
                    self.members(scanner, member_names::ATTRIBUTES, 0)?;
                }
                Role::Record => {
                    let is_usual = !parts.has_record && scanner.next()? != b'{';
                    is_usual.then_some(())?;
                    (parts.has_record, parts.keeps) = (true, true);
                    self.member(scanner, &name, 0)?;
                }
            }
            more = scanner.more(b'}')?;
        }
        // Its name may be among the attributes.
        (!(parts.keeps && parts.has_attributes)).then_some(parts)
    }

    fn level(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        (scale, rank): (Scale, u8),
        parts: &mut Parts<'a>,
    ) -> Option<()> {
        let is_text = scanner.next()? == b'"';
        if !parts.level.is_first(rank)? {
            // A text beats a number.
            let is_beaten = is_text && matches!(parts.level.value, Some(SentLevel::Number(_)));
            (!is_beaten).then_some(())?;
            return self.later(scanner, name, parts);
        }
        if is_text {
            let text = filled(scanner)?;
            parts.level.value = (!is_digits(&text)).then_some(SentLevel::Text(text));
            return parts.level.value.is_some().then_some(());
        }
        let Number::Integer(number) = scanner.number()? else {
            return None;
        };
        parts.level.value = Some(SentLevel::Number(level_of(number, scale)?));
        parts.keeps = true;
        self.check_size()?;
        self.writer().integer(name, number);
        Some(())
    }

    /// A field of a role that another one has already: an attribute, unless it is empty.
    fn later(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        parts: &mut Parts<'a>,
    ) -> Option<()> {
        parts.keeps = true;
        self.check_size()?;
        match scanner.next()? {
            b'"' => {
                let text = scanner.string()?;
                (text.len() > 1).then(|| self.writer().string(name, &text))
            }
            b'1'..=b'9' => self.value(scanner, name, 0),
            _ => None,
        }
    }

    /// What is larger than a document may be is not written out: an array's elements grow as they are.
    fn check_size(&self) -> Option<()> {
        (self.attributes.len() <= MAX_DOCUMENT_BYTES).then_some(())
    }

    fn writer(&mut self) -> BsonWriter<'_> {
        BsonWriter::new(&mut self.attributes)
    }

    /// Writes the members of an object.
    fn members(&mut self, scanner: &mut Scanner<'a>, object: Object, depth: usize) -> Option<()> {
        let mut more = scanner.open(b'{', b'}')?;
        while more {
            let (name, _, _) = self.names.next(scanner, object)?;
            self.member(scanner, &name, depth)?;
            more = scanner.more(b'}')?;
        }
        Some(())
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str, depth: usize) -> Option<()> {
        self.check_size()?;
        self.value(scanner, name, depth)
    }

    /// Writes a value under a name.
    fn value(&mut self, scanner: &mut Scanner<'a>, name: &str, depth: usize) -> Option<()> {
        match scanner.next()? {
            b'"' => {
                let text = scanner.string()?;
                self.writer().string(name, &text);
            }
            b'{' => self.object(scanner, name, depth)?,
            b'[' => self.elements(scanner, name, depth)?,
            b't' => {
                scanner.word("true")?;
                self.writer().boolean(name, true);
            }
            b'f' => {
                scanner.word("false")?;
                self.writer().boolean(name, false);
            }
            b'n' => {
                scanner.word("null")?;
                self.writer().null(name);
            }
            _ => match scanner.number()? {
                Number::Integer(number) => self.writer().integer(name, number),
                Number::Double(number) => self.writer().double(name, number),
            },
        }
        Some(())
    }

    fn object(&mut self, scanner: &mut Scanner<'a>, name: &str, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mark = self.writer().open_document(name);
        let object = self.names.open();
        self.members(scanner, object, depth + 1)?;
        self.names.close(object);
        self.writer().close(mark);
        Some(())
    }

    fn elements(&mut self, scanner: &mut Scanner<'a>, name: &str, depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mark = self.writer().open_array(name);
        let mut digits = itoa::Buffer::new();
        let mut more = scanner.open(b'[', b']')?;
        let mut position = 0;
        while more {
            if position >= MAX_MEMBERS {
                return None;
            }
            self.check_size()?;
            self.value(scanner, digits.format(position), depth + 1)?;
            position += 1;
            more = scanner.more(b']')?;
        }
        self.writer().close(mark);
        Some(())
    }
}

/// A text that says something.
fn filled<'a>(scanner: &mut Scanner<'a>) -> Option<Cow<'a, str>> {
    let text = scanner.string()?;
    (!matches!(text.as_ref(), "" | "-")).then_some(text)
}

/// A time that is one, in text or as a number.
fn read_time(scanner: &mut Scanner<'_>, unit: Unit) -> Option<Timestamp> {
    if scanner.next()? == b'"' {
        let text = scanner.string()?;
        // Senders write that they have no time as "", "-" or "0".
        (text.len() > 1).then_some(())?;
        return match unit {
            Unit::BySize => Timestamp::parse_sent(&text).ok(),
            Unit::Microseconds => Timestamp::parse_sent_micros(&text).ok(),
        };
    }
    let start = scanner.place();
    scanner.number()?;
    times::number(scanner.since(start)?, unit).ok()
}

#[cfg(test)]
mod tests;
