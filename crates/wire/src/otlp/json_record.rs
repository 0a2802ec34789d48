//! One `LogRecord` in JSON: its own fields, and its attributes where they stand.

use super::json::{Json, Stop, unquoted};
use super::log_record::{Head, HexId, own};
use super::names::Names;
use super::record_field::Field;
use crate::names::Unit;
use crate::times;
use crate::value::kind_of;
use logs::{Level, TimeError, Timestamp};
use record::bson_writer::BsonWriter;
use record::notice::{Notice, shortened};
use std::borrow::Cow;

/// How protobuf names severities, for senders that write names.
const SEVERITY: &str = "SEVERITY_NUMBER_";

impl<'t> Json<'t> {
    /// Reads the object of a record. Its attributes are written, under names that are not taken; what is
    /// more than the writer has use for is passed over.
    pub(super) fn record(
        &mut self,
        writer: &mut BsonWriter<'_>,
        names: &mut Names<'t>,
        is_taken: &dyn Fn(&str) -> bool,
    ) -> Result<Head<'t>, Stop> {
        let mut head = Head::default();
        self.fields.restart();
        let mut more = self.open(b'{', b'}')?;
        while more {
            let field = self.next_field()?;
            // A field that is not there.
            if !self.null()? {
                self.field(field, &mut head, writer, names, is_taken)?;
            }
            more = self.more(b'}')?;
        }
        Ok(head)
    }

    /// The name of the next field, and its colon.
    #[inline]
    fn next_field(&mut self) -> Result<Field, Stop> {
        if let Some(field) = self.fields.pass(&mut self.scanner) {
            return Ok(field);
        }
        let start = self.scanner.place();
        let field = Field::of(&self.name()?);
        let text = self.scanner.since(start).unwrap_or_default();
        if self.at_once && field != Field::Unknown {
            self.fields.learn(text, field);
        }
        Ok(field)
    }

    fn field(
        &mut self,
        field: Field,
        head: &mut Head<'t>,
        writer: &mut BsonWriter<'_>,
        names: &mut Names<'t>,
        is_taken: &dyn Fn(&str) -> bool,
    ) -> Result<(), Stop> {
        match field {
            Field::Time => head.time = self.time(own::TIME, head)?,
            Field::Observed => head.observed = self.time(own::OBSERVED, head)?,
            Field::SeverityNumber => self.severity(head)?,
            Field::SeverityText => head.severity_text = self.plain_text()?,
            Field::Body => head.body = self.body()?,
            Field::EventName => head.event_name = self.plain_text()?,
            Field::TraceId => head.trace_id = HexId::of_hex(&self.plain_text()?, 16),
            Field::SpanId => head.span_id = HexId::of_hex(&self.plain_text()?, 8),
            Field::Flags => head.flags = self.count(own::FLAGS, head)?,
            Field::Dropped => head.dropped = self.count(own::DROPPED, head)?,
            Field::Attributes if !writer.is_full() => {
                let start = self.place();
                match self.write_members(writer, names, is_taken, 0) {
                    Err(Stop::TooLarge) => {
                        self.go_to(start);
                        self.raw()?;
                    }
                    written => written?,
                }
            }
            Field::Attributes | Field::Unknown => drop(self.raw()?),
        }
        Ok(())
    }

    /// An integer in the form that nearly all have, of this or more. Nothing of any other, which is still to
    /// be read.
    #[inline]
    fn usual_integer(&mut self, least: i64) -> Option<i64> {
        if !self.at_once {
            return None;
        }
        let start = self.place();
        let number = self.scanner.integer().filter(|number| *number >= least);
        if number.is_none() {
            self.go_to(start);
        }
        number
    }

    /// A text; of anything else its JSON text.
    pub(super) fn plain_text(&mut self) -> Result<Cow<'t, str>, Stop> {
        match self.next()? {
            b'"' => self.string(),
            b'n' => self.null().map(|_| Cow::Borrowed("")),
            _ => self.raw().map(Cow::Borrowed),
        }
    }

    /// A time in nanoseconds, as a number or its digits in a text; zero says that there is none. In whatever
    /// other form somebody sends a time, it is read as one.
    fn time(&mut self, name: &'static str, head: &mut Head<'t>) -> Result<Option<Timestamp>, Stop> {
        if let Some(nanos) = self.usual_integer(1) {
            return Ok(Some(Timestamp::from_nanos(nanos)));
        }
        let raw = self.raw()?;
        let digits = unquoted(raw);
        let reason = match digits.parse::<u64>() {
            Ok(0) => return Ok(None),
            Ok(nanos) => match i64::try_from(nanos) {
                Ok(nanos) => return Ok(Some(Timestamp::from_nanos(nanos))),
                Err(_) => TimeError::Range,
            },
            Err(_) if times::is_none(raw) => return Ok(None),
            Err(_) => match times::read(raw, Unit::BySize) {
                Ok(time) => return Ok(Some(time)),
                Err(reason) => reason,
            },
        };
        head.unread_time(name, Cow::Borrowed(raw), reason, &mut self.unusual);
        Ok(None)
    }

    /// A severity, as a number, its digits or its name.
    fn severity(&mut self, head: &mut Head<'t>) -> Result<(), Stop> {
        if let Some(number) = self.usual_integer(i64::MIN) {
            head.severity_number = number;
            return Ok(());
        }
        let raw = self.raw()?;
        if let Some(number) = severity_of(unquoted(raw)) {
            head.severity_number = number;
            return Ok(());
        }
        self.unusual.tell(Notice::Level {
            field: own::SEVERITY_NUMBER.to_owned(),
            value: shortened(raw),
            found: kind_of(raw),
        });
        head.keep_unread(own::SEVERITY_NUMBER, Cow::Borrowed(raw));
        Ok(())
    }

    fn count(&mut self, name: &'static str, head: &mut Head<'t>) -> Result<u64, Stop> {
        if let Some(count) = self.usual_integer(0) {
            return Ok(count.unsigned_abs());
        }
        let raw = self.raw()?;
        if let Ok(count) = unquoted(raw).parse() {
            return Ok(count);
        }
        head.keep_unread(name, Cow::Borrowed(raw));
        Ok(0)
    }
}

/// The number that a text stands for; zero for the one that says nothing.
fn severity_of(text: &str) -> Option<i64> {
    let Some(name) = text.strip_prefix(SEVERITY) else {
        return text.parse().ok();
    };
    if name == "UNSPECIFIED" {
        return Some(0);
    }
    let (name, step) = match name.strip_suffix(['2', '3', '4']) {
        Some(level) => (level, name.bytes().last()? - b'1'),
        None => (name, 0),
    };
    let level = Level::ALL.into_iter().find(|level| level.name() == name)?;
    Some(i64::from(level.severities().start() + step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_read_by_number_and_by_name() {
        for (text, expected) in [
            ("0", Some(0)),
            ("9", Some(9)),
            ("-3", Some(-3)),
            ("SEVERITY_NUMBER_UNSPECIFIED", Some(0)),
            ("SEVERITY_NUMBER_TRACE", Some(1)),
            ("SEVERITY_NUMBER_INFO", Some(9)),
            ("SEVERITY_NUMBER_INFO2", Some(10)),
            ("SEVERITY_NUMBER_FATAL4", Some(24)),
            ("SEVERITY_NUMBER_OTHER", None),
            ("SEVERITY_NUMBER_INFO5", None),
            ("INFO", None),
            ("", None),
        ] {
            assert_eq!(severity_of(text), expected, "{text}");
        }
    }
}
