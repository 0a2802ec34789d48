//! The usual record, read in one pass: each value is written as BSON where it stands.
//!
//! What is out of the ordinary (a name that comes twice, two fields that may be the message, an integer
//! beyond 64 bits, anything that is wrong) is `None` here, and leaves the caller to read everything
//! again by way of [`fields`](super::fields), which alone decides what such a record becomes and what
//! is said about it. So this path must take nothing that the other would refuse, and write the same
//! bytes; property tests hold both against each other.

use super::fields::Role;
use super::member_names::{self, MemberNames, Object};
use super::scanner::{Number, Scanner};
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
    read_array(&mut Scanner::new(text), batch).is_some()
}

fn read_array(scanner: &mut Scanner<'_>, batch: &mut BatchBuilder) -> Option<()> {
    let mut scratch = Scratch::default();
    let mut more = scanner.open(b'[', b']')?;
    while more {
        scratch.record(scanner)?.take(&scratch, batch);
        if batch.is_too_large() {
            return None;
        }
        more = scanner.more(b']')?;
    }
    scanner.end()
}

/// Reads a record that is a text of its own, as [`array`] does.
pub(super) fn line<'a>(text: &'a str, scratch: &mut Scratch<'a>, batch: &mut BatchBuilder) -> bool {
    let mut scanner = Scanner::new(text);
    let read = scratch.record(&mut scanner);
    match read.and_then(|parts| scanner.end().map(|()| parts)) {
        Some(parts) => {
            parts.take(scratch, batch);
            true
        }
        None => false,
    }
}

/// Only the first of a role can be told without a look at the others.
fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

impl<'a> Scratch<'a> {
    /// Reads one record; its attributes are left here.
    fn record(&mut self, scanner: &mut Scanner<'a>) -> Option<Parts<'a>> {
        self.attributes.clear();
        self.names.restart();
        let (mut time, mut message, mut level, mut attributes) = (None, None, None, None);
        let mut more = scanner.open(b'{', b'}')?;
        while more {
            let (name, role) = self.names.next(scanner, member_names::RECORD)?;
            match role {
                Role::Time => put(&mut time, read_time(scanner)?)?,
                Role::Message => put(&mut message, filled(scanner)?)?,
                Role::Level => put(&mut level, filled(scanner)?)?,
                Role::Attributes => {
                    put(
                        &mut attributes,
                        self.members(scanner, member_names::ATTRIBUTES, 0)?,
                    )?;
                }
                Role::Attribute => self.member(scanner, &name, 0)?,
            }
            more = scanner.more(b'}')?;
        }
        Some(Parts {
            time,
            level,
            message: message?,
        })
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
            let (name, _) = self.names.next(scanner, object)?;
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

/// A text that is not empty.
fn filled<'a>(scanner: &mut Scanner<'a>) -> Option<Cow<'a, str>> {
    let text = scanner.string()?;
    (!text.is_empty()).then_some(text)
}

/// A time that is one, in text or as a whole number.
fn read_time(scanner: &mut Scanner<'_>) -> Option<Timestamp> {
    if scanner.next()? == b'"' {
        let text = scanner.string()?;
        // Senders write that they have no time as "", "-" or "0".
        let is_time = text.len() > 1;
        return is_time.then(|| Timestamp::parse(&text).ok())?;
    }
    match scanner.number()? {
        Number::Integer(number) if number > 0 => {
            Timestamp::parse_number(itoa::Buffer::new().format(number)).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
