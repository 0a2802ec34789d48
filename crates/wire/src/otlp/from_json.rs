//! Messages of the protocol in JSON, in one pass where they come in the usual order.

mod group;
mod shared;

use self::group::Around;
use super::body::Body;
use super::json::{Json, Stop};
use super::log_record::{Head, RESOURCE, SCOPE, give};
use super::names::Names;
use super::shared::Shared;
use crate::error::{DecodeError, reason_of};
use crate::frame::{blanks_end, value_end};
use crate::string::text_of;
use crate::text::{self, Damage};
use crate::unusual::Unusual;
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::fault::RecordFault;
use record::notice::Notice;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

/// Reads an `ExportLogsServiceRequest` and gives each of its records to the batch.
///
/// # Errors
/// [`DecodeError::Syntax`], [`DecodeError::Shape`], [`DecodeError::TooLarge`].
pub fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    decode_by(body, true, batch)
}

/// The same, with what is usual read `at_once`, or as all else is: tests hold both ways against each other.
pub(crate) fn decode_by(
    body: &[u8],
    at_once: bool,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let text = text::text_of(body);
    let is_damaged = matches!(text, Cow::Owned(_));
    let may_follow = || memchr::memmem::find(text.as_bytes(), b"\"schema").is_some();
    let mut reader = Reader {
        json: Json::at(&text, 0).at_once(at_once),
        batch,
        damage: is_damaged.then(|| Damage::of(body)),
        looks_ahead: !at_once || is_damaged || may_follow(),
        resource: Shared::default(),
        scope: Shared::default(),
        attributes: Vec::new(),
        names: Names::default(),
    };
    reader.request().map_err(|stop| match stop {
        Stop::TooLarge => DecodeError::TooLarge,
        // What is no JSON behind that place is no JSON all the same.
        Stop::Shape(reason) if is_json(&text) => DecodeError::Shape { reason },
        Stop::Shape(_) | Stop::Syntax => syntax_error(&text),
    })
}

fn is_json(text: &str) -> bool {
    let end = value_end(text, 0);
    end.is_ok_and(|end| blanks_end(text.as_bytes(), end) == text.len())
}

struct Reader<'t, 'b> {
    json: Json<'t>,
    batch: &'b mut BatchBuilder,
    /// Where what was no UTF-8 was replaced, if anything was.
    damage: Option<Damage<'t>>,
    /// Whether what records share is looked for before any of them is read: some of it may stand behind them.
    looks_ahead: bool,
    resource: Shared,
    scope: Shared,
    /// The attributes of the record that is read, as BSON.
    attributes: Vec<u8>,
    names: Names<'t>,
}

impl Reader<'_, '_> {
    fn request(&mut self) -> Result<(), Stop> {
        if self.json.place() == self.json.text().len() {
            return Ok(());
        }
        if self.json.next()? != b'{' {
            self.json.raw()?;
            return Err(Stop::Shape("the body must be an object"));
        }
        let mut more = self.json.open(b'{', b'}')?;
        while more {
            let name = self.json.name()?;
            // What is odd of it is so of no record.
            self.json.unusual = Unusual::default();
            match &*name {
                "resourceLogs" | "resource_logs" => {
                    self.each("resourceLogs must be an array", |reader| {
                        reader.group(Around::Resource)
                    })?;
                }
                _ => drop(self.json.raw()?),
            }
            more = self.json.more(b'}')?;
        }
        match self.json.place() == self.json.text().len() {
            true => Ok(()),
            false => Err(Stop::Syntax),
        }
    }

    /// Reads each element of a list.
    fn each(
        &mut self,
        shape: &'static str,
        mut read: impl FnMut(&mut Self) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        if self.json.null()? {
            return Ok(());
        }
        if self.json.next()? != b'[' {
            return Err(Stop::Shape(shape));
        }
        let mut more = self.json.open(b'[', b']')?;
        while more {
            read(self)?;
            more = self.json.more(b']')?;
        }
        Ok(())
    }

    fn record(&mut self) -> Result<(), Stop> {
        let start = self.json.place();
        match self.json.next()? {
            b'{' => self.usual_record(start)?,
            _ => self.odd_record(start)?,
        }
        match self.batch.is_too_large() {
            true => Err(Stop::TooLarge),
            false => Ok(()),
        }
    }

    /// An element that is no object: its text, or its JSON text, is a message.
    fn odd_record(&mut self, start: usize) -> Result<(), Stop> {
        let raw = self.json.raw()?;
        if self.is_damaged(start..start + raw.len()) {
            self.json.unusual.tell(Notice::NotUtf8);
        }
        let message = match raw.starts_with('"') {
            true => text_of(raw, &mut self.json.unusual),
            false => Cow::Borrowed(raw),
        };
        let head = Head {
            body: Body::text(message),
            ..Head::default()
        };
        let shared = [&self.scope, &self.resource];
        give(self.batch, &head, shared, &mut self.json.unusual, |_, _| {
            Ok(())
        });
        Ok(())
    }

    /// A record's attributes are written aside, as its other fields may stand behind them. Where they are too
    /// many for that, or one may have the name of such a field, they are written once more when those are known.
    fn usual_record(&mut self, start: usize) -> Result<(), Stop> {
        self.attributes.clear();
        self.names.clear();
        let (scope, resource) = (&self.scope, &self.resource);
        let is_shared = |name: &str| {
            (name.starts_with(SCOPE) && scope.contains(name))
                || (name.starts_with(RESOURCE) && resource.contains(name))
        };
        let may_clash = Cell::new(false);
        let is_taken = |name: &str| {
            may_clash.set(may_clash.get() || Head::may_have(name));
            is_shared(name)
        };
        let mut writer = BsonWriter::new(&mut self.attributes);
        let head = self.json.record(&mut writer, &mut self.names, &is_taken)?;
        let is_again = may_clash.get() || writer.is_full();
        if let Some(damage) = &mut self.damage
            && damage.is_in(start..self.json.place())
        {
            self.json.unusual.tell(Notice::NotUtf8);
        }
        let (text, names, attributes) = (self.json.text(), &mut self.names, &self.attributes);
        let unusual = &mut self.json.unusual;
        give(
            self.batch,
            &head,
            [scope, resource],
            unusual,
            |writer, _| {
                if !is_again {
                    writer.members(attributes);
                    return Ok(());
                }
                names.clear();
                let is_taken = |name: &str| head.has(name) || is_shared(name);
                let read = Json::at(text, start).record(writer, names, &is_taken);
                match (read, writer.is_full()) {
                    (Ok(_), false) => Ok(()),
                    _ => Err(RecordFault::TooLarge),
                }
            },
        );
        Ok(())
    }

    /// Whether anything was replaced in a range, which stands behind those that were asked for before.
    fn is_damaged(&mut self, range: Range<usize>) -> bool {
        let damage = self.damage.as_mut();
        damage.is_some_and(|damage| damage.is_in(range))
    }
}

/// What is wrong with a body that is no JSON, and where.
fn syntax_error(text: &str) -> DecodeError {
    let start = blanks_end(text.as_bytes(), 0);
    let place = match value_end(text, start) {
        Ok(end) => blanks_end(text.as_bytes(), end),
        Err(place) => place,
    };
    let before = text.as_bytes().get(..place).unwrap_or_default();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let error = serde_json::from_str::<IgnoredAny>(text).err();
    DecodeError::Syntax {
        reason: error.as_ref().map_or_else(String::new, reason_of),
        line: memchr::memchr_iter(b'\n', before).count() + 1,
        column: place - line_start + 1,
    }
}
