//! Values of any type in JSON (`AnyValue`) into BSON.
//!
//! A value of another form than it should have is kept as the JSON that it is.

use super::body::{BODY, Body};
use super::json::{Json, Stop, unquoted};
use crate::frame::value_end;
use crate::value::write_value;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_MEMBERS};
use record::notice::Notice;
use std::borrow::Cow;

/// A value in the form in which nearly all are sent.
enum Usual<'t> {
    Text(Cow<'t, str>),
    Integer(i64),
    Boolean(bool),
}

impl<'t> Json<'t> {
    /// A value that is usual, byte by byte. Nothing of any other, which is to be read from its start.
    #[inline]
    fn usual(&mut self) -> Option<Usual<'t>> {
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
        let mut is_written = false;
        while more {
            let kind = self.name()?;
            // Of a field that comes with `null`, nothing was set.
            if is_written || self.next()? == b'n' {
                self.raw()?;
            } else if matches!(&*kind, "arrayValue" | "kvlistValue") && depth >= MAX_DEPTH {
                return self.write_deep(writer, name, start);
            } else {
                is_written = self.write_kind(writer, (name, &kind), depth)?;
            }
            more = self.more(b'}')?;
        }
        if !is_written {
            writer.null(name);
        }
        Ok(())
    }

    /// Writes the value of one kind; whether there is such a kind.
    #[inline]
    fn write_kind(
        &mut self,
        writer: &mut BsonWriter<'_>,
        (name, kind): (&str, &str),
        depth: usize,
    ) -> Result<bool, Stop> {
        match kind {
            "stringValue" | "bytesValue" if self.next()? == b'"' => {
                let text = self.string()?;
                writer.string(name, &text);
            }
            "intValue" | "doubleValue" => self.write_number(writer, name, depth)?,
            "arrayValue" if self.next()? == b'{' => self.write_array(writer, name, depth)?,
            "kvlistValue" if self.next()? == b'{' => self.write_object(writer, name, depth)?,
            "stringValue" | "bytesValue" | "boolValue" | "arrayValue" | "kvlistValue" => {
                self.write_raw(writer, name, depth)?;
            }
            _ => {
                self.raw()?;
                return Ok(false);
            }
        }
        Ok(true)
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
        let mark = writer.open_array(name);
        if let Some(start) = self.values()? {
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
        let mark = writer.open_document(name);
        if self.values()?.is_some() {
            let mut names = self.spare.pop().unwrap_or_default();
            names.clear();
            self.write_members(writer, &mut names, &|_| false, depth + 1)?;
            self.spare.push(names);
            self.rest_of_object()?;
        }
        writer.close(mark);
        Ok(())
    }

    /// Goes to the list `values` in an object that has nothing else; its place. `None` when there is none, and
    /// then the object is passed over.
    fn values(&mut self) -> Result<Option<usize>, Stop> {
        let mut more = self.open(b'{', b'}')?;
        while more {
            let is_list = self.name()? == "values";
            if is_list && !self.null()? {
                return Ok(Some(self.place()));
            }
            if !is_list {
                self.raw()?;
            }
            more = self.more(b'}')?;
        }
        Ok(None)
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

    /// A body: a text is the message as it is, and so is what is larger than a record may be.
    pub(super) fn body(&mut self) -> Result<Body<'t>, Stop> {
        if self.next()? == b'"' {
            return self.string().map(Body::text);
        }
        let start = self.scanner.place();
        if let Some(Usual::Text(text)) = self.usual() {
            return Ok(Body::text(text));
        }
        self.go_to(start);
        if let Some(text) = self.text_body()? {
            return Ok(Body::text(text));
        }
        self.go_to(start);
        match self.body_document() {
            Err(Stop::TooLarge) => {
                self.go_to(start);
                self.raw().map(|raw| Body::text(Cow::Borrowed(raw)))
            }
            document => Ok(Body::of_document(document?)),
        }
    }

    /// A document whose only member is a body.
    fn body_document(&mut self) -> Result<Vec<u8>, Stop> {
        let start = self.scanner.place();
        if self.text().len() - start > MAX_DOCUMENT_BYTES {
            let is_large = self.raw()?.len() > MAX_DOCUMENT_BYTES;
            self.go_to(start);
            if is_large {
                return Err(Stop::TooLarge);
            }
        }
        let mut document = Vec::new();
        let mut writer = BsonWriter::new(&mut document);
        let mark = writer.open();
        self.write(&mut writer, BODY, 0)?;
        check_size(&writer)?;
        writer.close(mark);
        Ok(document)
    }

    /// The text of a body that is nothing else.
    fn text_body(&mut self) -> Result<Option<Cow<'t, str>>, Stop> {
        if self.next()? != b'{' || !self.open(b'{', b'}')? {
            return Ok(None);
        }
        if !matches!(&*self.name()?, "stringValue" | "bytesValue") || self.next()? != b'"' {
            return Ok(None);
        }
        let text = self.string()?;
        Ok((!self.more(b'}')?).then_some(text))
    }
}

/// What is larger than is of use is not written out.
pub(super) fn check_size(writer: &BsonWriter<'_>) -> Result<(), Stop> {
    match writer.is_full() {
        true => Err(Stop::TooLarge),
        false => Ok(()),
    }
}
