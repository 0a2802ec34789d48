//! What a record is, whatever it was encoded in, and the names under which it is kept.

use super::body::{BODY, Body};
use super::shared::Shared;
use crate::levels::{Scale, level_of};
use crate::unusual::Unusual;
use crate::value::write_value;
use logs::{TimeError, Timestamp};
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::fault::RecordFault;
use record::notice::{Notice, shortened};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Names of a record's own fields among its attributes.
pub(super) mod own {
    pub(in super::super) const OBSERVED_TIME: &str = "observed_time";
    pub(in super::super) const SEVERITY_NUMBER: &str = "severity_number";
    pub(in super::super) const EVENT_NAME: &str = "event_name";
    pub(in super::super) const TRACE_ID: &str = "trace_id";
    pub(in super::super) const SPAN_ID: &str = "span_id";
    pub(in super::super) const FLAGS: &str = "flags";
    pub(in super::super) const DROPPED: &str = "dropped_attributes_count";
    /// Where a time cannot be read.
    pub(in super::super) const TIME: &str = "time_unix_nano";
    pub(in super::super) const OBSERVED: &str = "observed_time_unix_nano";
}

/// Prefixes of the names of what a record shares with others.
pub(super) const RESOURCE: &str = "resource.";
pub(super) const SCOPE: &str = "scope.";
pub(super) const SCOPE_ATTRIBUTES: &str = "scope.attributes.";

/// An id in hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct HexId {
    digits: [u8; 32],
    length: usize,
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl HexId {
    /// Of bytes; `None` when there are not so many, or all are zero.
    pub(super) fn of_bytes(bytes: &[u8], expected: usize) -> Option<Self> {
        if bytes.len() != expected || bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?');
            }
        }
        Some(Self {
            digits,
            length: 2 * expected,
        })
    }

    /// Of digits in either case that stand for so many bytes.
    pub(super) fn of_hex(text: &str, expected: usize) -> Option<Self> {
        if text.len() != 2 * expected {
            return None;
        }
        let (mut digits, mut is_zero) = ([0; 32], true);
        for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
            *digit = match byte {
                b'0'..=b'9' | b'a'..=b'f' => byte,
                b'A'..=b'F' => byte.to_ascii_lowercase(),
                _ => return None,
            };
            is_zero &= byte == b'0';
        }
        (!is_zero).then_some(Self {
            digits,
            length: text.len(),
        })
    }

    fn text(&self) -> &str {
        let digits = self.digits.get(..self.length).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

/// What a record is beside its attributes.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) observed: Option<Timestamp>,
    pub(super) severity_number: i64,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: Body<'a>,
    pub(super) event_name: Cow<'a, str>,
    pub(super) trace_id: Option<HexId>,
    pub(super) span_id: Option<HexId>,
    pub(super) flags: u64,
    pub(super) dropped: u64,
    /// Fields that could not be read, as JSON text.
    pub(super) unread: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Head<'a> {
    /// A time that cannot be read is kept, and told.
    pub(super) fn unread_time(
        &mut self,
        name: &'static str,
        value: Cow<'a, str>,
        reason: TimeError,
        unusual: &mut Unusual,
    ) {
        unusual.tell(Notice::Time {
            field: name.to_owned(),
            value: shortened(&value),
            reason,
        });
        self.keep_unread(name, value);
    }

    /// Keeps the JSON text of a field that cannot be read; of one that comes again, the last.
    pub(super) fn keep_unread(&mut self, name: &'static str, value: Cow<'a, str>) {
        self.unread.retain(|(other, _)| *other != name);
        self.unread.push((name, value));
    }

    /// Whether a field of its own may be kept under a name.
    #[inline]
    pub(super) fn may_have(name: &str) -> bool {
        matches!(
            name,
            BODY | own::OBSERVED_TIME
                | own::SEVERITY_NUMBER
                | own::EVENT_NAME
                | own::TRACE_ID
                | own::SPAN_ID
                | own::FLAGS
                | own::DROPPED
                | own::TIME
                | own::OBSERVED
        )
    }

    /// Whether one of its own fields is kept under a name.
    pub(super) fn has(&self, name: &str) -> bool {
        if !Self::may_have(name) {
            return false;
        }
        let is_there = match name {
            BODY => !self.body.member.is_empty(),
            own::OBSERVED_TIME => self.observed.is_some(),
            own::SEVERITY_NUMBER => self.severity_number != 0,
            own::EVENT_NAME => !self.event_name.is_empty(),
            own::TRACE_ID => self.trace_id.is_some(),
            own::SPAN_ID => self.span_id.is_some(),
            own::FLAGS => self.flags != 0,
            own::DROPPED => self.dropped != 0,
            _ => false,
        };
        is_there || self.unread.iter().any(|(unread, _)| *unread == name)
    }

    fn level(&self) -> Option<&str> {
        if !self.severity_text.is_empty() {
            return Some(&self.severity_text);
        }
        level_of(self.severity_number, Scale::OpenTelemetry).map(logs::Level::name)
    }

    /// A severity that stands for no level is told where no text gives one.
    fn tell(&self, unusual: &mut Unusual) {
        if self.severity_number != 0 && self.level().is_none() {
            unusual.tell(Notice::Level {
                field: own::SEVERITY_NUMBER.to_owned(),
                value: self.severity_number.to_string(),
                found: "a number",
            });
        }
    }

    fn write(&self, writer: &mut BsonWriter<'_>, unusual: &mut Unusual) -> Result<(), RecordFault> {
        writer.members(&self.body.member);
        if let Some(id) = &self.trace_id {
            writer.string(own::TRACE_ID, id.text());
        }
        if let Some(id) = &self.span_id {
            writer.string(own::SPAN_ID, id.text());
        }
        if !self.event_name.is_empty() {
            writer.string(own::EVENT_NAME, &self.event_name);
        }
        if self.severity_number != 0 {
            writer.integer(own::SEVERITY_NUMBER, self.severity_number);
        }
        if let Some(observed) = self.observed {
            let mut text = String::with_capacity(32);
            // Writing to a text cannot fail.
            write!(text, "{observed}").unwrap_or_default();
            writer.string(own::OBSERVED_TIME, &text);
        }
        for (name, number) in [(own::FLAGS, self.flags), (own::DROPPED, self.dropped)] {
            if number != 0 {
                writer.integer(name, i64::try_from(number).unwrap_or(i64::MAX));
            }
        }
        for (name, value) in &self.unread {
            write_value(writer, name, value, 0, unusual)?;
        }
        Ok(())
    }
}

/// Gives the batch a record whose own attributes are written by `attributes`, with those that it shares.
pub(super) fn give(
    batch: &mut BatchBuilder,
    head: &Head<'_>,
    shared: [&Shared; 2],
    unusual: &mut Unusual,
    attributes: impl FnOnce(&mut BsonWriter<'_>, &mut Unusual) -> Result<(), RecordFault>,
) {
    head.tell(unusual);
    let time = head.time.or(head.observed);
    let taken = batch.record(time, head.level(), &head.body.message, |writer| {
        attributes(writer, unusual)?;
        head.write(writer, unusual)?;
        for shared in shared {
            if writer.is_full() {
                return Err(RecordFault::TooLarge);
            }
            writer.members(&shared.members);
            unusual.tell_also(&shared.unusual);
        }
        Ok(())
    });
    match taken {
        true => unusual.tell_all(batch),
        false => *unusual = Unusual::default(),
    }
}
