//! Lists of keys and values in JSON (`KeyValue`).

use super::json::{Json, Stop};
use super::json_value::check_size;
use super::names::Names;
use super::shared::without_nul;
use crate::members::members_of;
use crate::value::write_members;
use record::bson_writer::BsonWriter;
use record::fault::MAX_MEMBERS;
use std::borrow::Cow;

impl<'t> Json<'t> {
    /// Writes a list of keys and values under names that are not taken.
    pub(super) fn write_members(
        &mut self,
        writer: &mut BsonWriter<'_>,
        names: &mut Names<'t>,
        is_taken: &dyn Fn(&str) -> bool,
        depth: usize,
    ) -> Result<(), Stop> {
        match self.next()? {
            b'[' => {}
            b'n' => return self.null().map(|_| ()),
            // Nobody should send it so; it is what it looks like.
            b'{' => return self.write_plain_members(writer, names, is_taken, depth),
            _ => return self.write_raw(writer, &names.claim(Cow::Borrowed(""), is_taken), depth),
        }
        let start = self.place();
        let (mut more, mut count) = (self.open(b'[', b']')?, 0);
        while more {
            check_size(writer)?;
            if count == MAX_MEMBERS {
                let rest = self.rest(start)?;
                let name = names.claim(Cow::Borrowed("_more"), is_taken);
                writer.string_of(&name, ["[", rest, "]"]);
                return Ok(());
            }
            match names.known.pass(&mut self.scanner) {
                Some(key) => {
                    let name = names.claim(Cow::Borrowed(key), is_taken);
                    self.write(writer, &name, depth)?;
                    if !self.scanner.pass("}") {
                        self.rest_of_object()?;
                    }
                }
                None => self.write_member(writer, names, is_taken, depth)?,
            }
            count += 1;
            more = self.more(b']')?;
        }
        Ok(())
    }

    /// Writes the next element of a list of keys and values. What stands before its value is likely to come again.
    fn write_member(
        &mut self,
        writer: &mut BsonWriter<'_>,
        names: &mut Names<'t>,
        is_taken: &dyn Fn(&str) -> bool,
        depth: usize,
    ) -> Result<(), Stop> {
        let start = self.scanner.place();
        let (key, value) = self.key_value()?;
        let before = self.scanner.since(start).unwrap_or_default();
        if self.at_once
            && let Cow::Borrowed(key) = key
            && value == Some(self.scanner.place())
            && !before.contains('\\')
        {
            names.known.learn(before, key);
        }
        self.value_of(value, |json, is_there| {
            let name = names.claim(key, is_taken);
            json.write_if(is_there, writer, &name, depth)
        })
    }

    /// Reads an element of a list of keys and values: its value, if there is one, is read by `read`, which
    /// gets the key.
    pub(super) fn attribute(
        &mut self,
        read: impl FnOnce(&mut Self, Cow<'t, str>, bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (key, value) = self.key_value()?;
        self.value_of(value, |json, is_there| read(json, key, is_there))
    }

    /// Reads the value whose place is known, and passes over what is left of its element.
    #[inline]
    fn value_of(
        &mut self,
        value: Option<usize>,
        read: impl FnOnce(&mut Self, bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Some(place) = value else {
            return read(self, false);
        };
        let behind = self.scanner.place();
        if behind == place {
            read(self, true)?;
            return self.rest_of_object();
        }
        self.go_to(place);
        read(self, true)?;
        self.go_to(behind);
        Ok(())
    }

    /// Writes the value that is next if it is there, or that there is none.
    #[inline]
    pub(super) fn write_if(
        &mut self,
        is_there: bool,
        writer: &mut BsonWriter<'_>,
        name: &str,
        depth: usize,
    ) -> Result<(), Stop> {
        match is_there {
            true => self.write(writer, name, depth)?,
            false => writer.null(name),
        }
        Ok(())
    }

    fn write_plain_members(
        &mut self,
        writer: &mut BsonWriter<'_>,
        names: &mut Names<'t>,
        is_taken: &dyn Fn(&str) -> bool,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut members = members_of(self.raw()?, &mut self.unusual);
        for (name, _) in &mut members {
            *name = names.claim(std::mem::take(name), is_taken);
        }
        Ok(write_members(writer, &members, depth, &mut self.unusual)?)
    }

    /// The key of an element of a list of keys and values, and the place of its value. Where the value
    /// stands behind the key, as everybody sends it, it is what comes next, and its place is that of the
    /// reader; else the element is passed over. An element that is no such object is a value without a key.
    #[inline]
    fn key_value(&mut self) -> Result<(Cow<'t, str>, Option<usize>), Stop> {
        if self.next()? != b'{' {
            let place = self.scanner.place();
            self.raw()?;
            return Ok((Cow::Borrowed(""), Some(place)));
        }
        let (mut key, mut value) = (None, None);
        let mut more = self.open(b'{', b'}')?;
        while more {
            let name = self.name()?;
            let place = self.place();
            match &*name {
                "value" if key.is_some() => {
                    return Ok((key.unwrap_or_default(), Some(place)));
                }
                "value" => value = Some(place),
                "key" if self.next()? == b'"' => {
                    let text = self.string()?;
                    key = Some(without_nul(text, &mut self.unusual));
                    more = self.more(b'}')?;
                    continue;
                }
                _ => {}
            }
            let raw = self.raw()?;
            if name == "key" && raw != "null" {
                key = Some(Cow::Borrowed(raw));
            }
            more = self.more(b'}')?;
        }
        Ok((key.unwrap_or_default(), value))
    }
}
