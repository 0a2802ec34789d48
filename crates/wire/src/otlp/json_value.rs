//! Values of any type in JSON (`AnyValue`) into BSON.
//!
//! A value of another form than it should have is kept as the JSON that it is.

use super::json::{Json, Stop, unquoted};
use super::value_kind::Kind;
use crate::frame::value_end;
use crate::value::write_value;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_MEMBERS};
use record::notice::Notice;
use std::borrow::Cow;

/// A value in the form in which nearly all are sent.
pub(super) enum Usual<'t> {
    Text(Cow<'t, str>),
    Integer(i64),
    Boolean(bool),
}

/// What an object has under `values`.
enum List {
    /// A list, or something in its place, which stands here.
    At(usize),
    /// Nothing, and nothing else either.
    Empty,
    /// Nothing, but others.
    Others,
}

impl<'t> Json<'t> {
    /// A value that is usual, byte by byte. Nothing of any other, which is to be read from its start.
    #[inline]
    pub(super) fn usual(&mut self) -> Option<Usual<'t>> {
        let scanner = &mut self.scanner;
        let value = if !self.at_once {
            return None;
        } else if scanner.pass("{\"stringValue\":") {
            Usual::Text(scanner.string()?)
        } else if scanner.pass("{\"intValue\":") {
            Usual::Integer(scanner.integer()?)
        } else if scanner.pass("{\"boolValue\":true") {
            Usual::Boolean(true)
        } else if scanner.pass("{\"boolValue\":false") {
            Usual::Boolean(false)
        } else {
            return None;
        };
        scanner.pass("}").then_some(value)
    }

    /// Writes a value under a name.
    #[inline]
    pub(super) fn write(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        if self.next()? != b'{' {
            return self.write_raw(writer, name, depth);
        }
        let start = self.scanner.place();
        match self.usual() {
            Some(Usual::Text(text)) => {
                writer.string(name, &text);
                return Ok(());
            }
            Some(Usual::Integer(number)) => {
                writer.integer(name, number);
                return Ok(());
            }
            Some(Usual::Boolean(truth)) => {
                writer.boolean(name, truth);
                return Ok(());
            }
            None => self.go_to(start),
        }
        let mut more = self.open(b'{', b'}')?;
        let (mut is_written, mut has_others) = (false, false);
        while more {
            let kind = Kind::of(&self.name()?);
            // Of a field that comes with `null`, nothing was set.
            if is_written || self.next()? == b'n' {
                self.raw()?;
            } else if matches!(kind, Some(Kind::Array | Kind::Object)) && depth >= MAX_DEPTH {
                return self.write_deep(writer, name, start);
            } else if let Some(kind) = kind {
                self.write_kind(writer, (name, kind), depth)?;
                is_written = true;
            } else {
                self.raw()?;
                has_others = true;
            }
            more = self.more(b'}')?;
        }
        match (is_written, has_others) {
            (true, _) => {}
            (false, false) => writer.null(name),
            (false, true) => {
                self.go_to(start);
                self.write_raw(writer, name, depth)?;
            }
        }
        Ok(())
    }

    /// Writes the value of one kind.
    #[inline]
    fn write_kind(
        &mut self,
        writer: &mut BsonWriter<'_>,
        (name, kind): (&str, Kind),
        depth: usize,
    ) -> Result<(), Stop> {
        match (kind, self.next()?) {
            (Kind::Text, b'"') => {
                let text = self.string()?;
                writer.string(name, &text);
                Ok(())
            }
            (Kind::Number, _) => self.write_number(writer, name, depth),
            (Kind::Array, b'{') => self.write_array(writer, name, depth),
            (Kind::Object, b'{') => self.write_object(writer, name, depth),
            (Kind::Text | Kind::Boolean | Kind::Array | Kind::Object, _) => {
                self.write_raw(writer, name, depth)
            }
        }
    }

    /// Writes a number, or the digits of one in a text.
    fn write_number(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        let raw = self.raw()?;
        let digits = unquoted(raw);
        if let Ok(number) = digits.parse() {
            writer.integer(name, number);
            return Ok(());
        }
        let is_number = digits.len() < raw.len() && value_end(digits, 0) == Ok(digits.len());
        let starts_so = digits.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        let text = if is_number && starts_so { digits } else { raw };
        Ok(write_value(writer, name, text, depth, &mut self.unusual)?)
    }

    /// Writes JSON as it is.
    pub(super) fn write_raw(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        let raw = self.raw()?;
        Ok(write_value(writer, name, raw, depth, &mut self.unusual)?)
    }

    /// Writes the JSON text of the value that begins at a place.
    fn write_deep(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        start: usize,
    ) -> Result<(), Stop> {
        self.unusual.tell(Notice::TooDeep);
        self.go_to(start);
        let raw = self.raw()?;
        writer.string(name, raw);
        Ok(())
    }

    fn write_array(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        let Some(list) = self.list(writer, name, depth)? else {
            return Ok(());
        };
        let mark = writer.open_array(name);
        if let List::At(start) = list {
            let mut digits = itoa::Buffer::new();
            let is_list = self.next()? == b'[';
            let (mut position, mut more) = (0, !is_list || self.open(b'[', b']')?);
            while more {
                check_size(writer)?;
                if position == MAX_MEMBERS {
                    let rest = self.rest(start)?;
                    writer.string_of(digits.format(position), ["[", rest, "]"]);
                    break;
                }
                self.write(writer, digits.format(position), depth + 1)?;
                position += 1;
                more = is_list && self.more(b']')?;
            }
            self.rest_of_object()?;
        }
        writer.close(mark);
        Ok(())
    }

    fn write_object(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        let Some(list) = self.list(writer, name, depth)? else {
            return Ok(());
        };
        let mark = writer.open_document(name);
        if let List::At(_) = list {
            let mut names = self.spare.pop().unwrap_or_default();
            names.clear();
            self.write_members(writer, &mut names, &|_| false, depth + 1)?;
            self.spare.push(names);
            self.rest_of_object()?;
        }
        writer.close(mark);
        Ok(())
    }

    /// The list in an object; an object that has other members only is written as it is.
    fn list(
        &mut self,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<Option<List>, Stop> {
        let start = self.place();
        match self.values()? {
            List::Others => {
                self.go_to(start);
                self.write_raw(writer, name, depth)?;
                Ok(None)
            }
            list => Ok(Some(list)),
        }
    }

    /// Goes to the list `values` in an object. Where there is none, the object is passed over.
    fn values(&mut self) -> Result<List, Stop> {
        let mut more = self.open(b'{', b'}')?;
        let mut list = List::Empty;
        while more {
            let is_list = self.name()? == "values";
            let is_null = self.null()?;
            if is_list && !is_null {
                return Ok(List::At(self.place()));
            }
            if !is_null {
                self.raw()?;
                list = List::Others;
            }
            more = self.more(b'}')?;
        }
        Ok(list)
    }

    /// What stands in the list that begins at a place from here on; it is passed over.
    pub(super) fn rest(&mut self, start: usize) -> Result<&'t str, Stop> {
        self.unusual.tell(Notice::TooManyMembers);
        let from = self.place();
        self.go_to(start);
        let list = self.raw()?;
        let end = start + list.len() - 1;
        self.text().get(from..end).ok_or(Stop::Syntax)
    }
}

/// What is larger than is of use is not written out.
pub(super) fn check_size(writer: &BsonWriter<'_>) -> Result<(), Stop> {
    match writer.is_full() {
        true => Err(Stop::TooLarge),
        false => Ok(()),
    }
}
