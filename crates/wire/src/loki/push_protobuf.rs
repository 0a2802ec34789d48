//! A push as protobuf, which is read where it stands:
//! `PushRequest{streams=1}`, `Stream{labels=1, entries=2, hash=3}`,
//! `Entry{timestamp=1, line=2, structured_metadata=3}`, `Timestamp{seconds=1, nanos=2}`,
//! `LabelPair{name=1, value=2}`.

use super::labels::{labels_of, storable};
use super::stream::{Line, Stream, push_free};
use super::{Stop, ended};
use crate::error::DecodeError;
use crate::members::{Members, Value, keep_last};
use crate::protobuf::{Value as FieldValue, fields, text};
use crate::string::quote_within;
use crate::unusual::Unusual;
use logs::{TimeError, Timestamp};
use record::batch::BatchBuilder;
use record::fault::{MAX_MEMBERS, RecordFault};
use record::notice::Notice;
use std::borrow::Cow;

/// The attribute of metadata beyond the bound.
const MORE: &str = "_more";

/// Reads a push that a tenant sent and gives each of its lines to the batch.
///
/// # Errors
/// Nothing of it can be read.
pub fn decode_protobuf(
    body: &[u8],
    tenant: Option<&str>,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let mut push = Push {
        tenant,
        batch: &mut *batch,
        given: 0,
    };
    let end = push.read(body);
    let given = push.given;
    ended(&end, given, batch, |_| DecodeError::Protobuf {
        reason: "it breaks off before anything of use",
    })
}

struct Push<'t, 'b> {
    tenant: Option<&'t str>,
    batch: &'b mut BatchBuilder,
    /// Lines that were given to the batch.
    given: usize,
}

impl Push<'_, '_> {
    fn read(&mut self, body: &[u8]) -> Result<(), Stop> {
        for field in fields(body).each() {
            match field {
                Ok((1, FieldValue::Bytes(stream))) => {
                    let place = stream.as_ptr().addr() - body.as_ptr().addr();
                    self.stream(stream, place)?;
                }
                Ok(_) => {}
                Err(place) => return Err(Stop::Broke(place)),
            }
        }
        Ok(())
    }

    /// A stream that stands at a place of the body.
    fn stream(&mut self, message: &[u8], place: usize) -> Result<(), Stop> {
        let mut unusual = Unusual::default();
        // As for every field of protobuf, the last one counts.
        let labels = fields(message).each().filter_map(|field| match field {
            Ok((1, FieldValue::Bytes(labels))) => Some(labels),
            _ => None,
        });
        let labels = text(labels.last().unwrap_or_default(), &mut unusual);
        let labels = labels_of(&labels, &mut unusual);
        let stream = Stream::new(labels, self.tenant, unusual);
        for field in fields(message).each() {
            match field {
                Ok((2, FieldValue::Bytes(entry))) => self.entry(entry, &stream)?,
                Ok(_) => {}
                Err(broke) => return Err(Stop::Broke(place + broke)),
            }
        }
        Ok(())
    }

    /// Of an entry that breaks, what was read counts.
    fn entry(&mut self, message: &[u8], stream: &Stream<'_>) -> Result<(), Stop> {
        let (mut line, mut time, mut unusual) = (None, None, Unusual::default());
        let mut metadata = Metadata {
            most: self.batch.room_beside(),
            ..Metadata::default()
        };
        for field in fields(message).each() {
            match field {
                Ok((1, FieldValue::Bytes(message))) => time = time_in(message),
                Ok((2, FieldValue::Bytes(text))) => line = Some(text),
                Ok((3, FieldValue::Bytes(pair))) => metadata.push(pair, &mut unusual),
                Ok(_) => {}
                Err(_) if line.is_none() => {
                    self.batch.reject(RecordFault::BrokenOff);
                    return Ok(());
                }
                Err(_) => break,
            }
        }
        let metadata = metadata.members()?;
        let text = text(line.unwrap_or_default(), &mut unusual);
        let mut line = Line::new(None, text, unusual);
        line.metadata = metadata;
        match time.map(SentTime::read) {
            None => {}
            Some(Ok(time)) => line.time = Some(time),
            Some(Err((shown, reason))) => {
                line.keep_unread(Value::Text(Cow::Owned(shown.clone())), &shown, reason);
            }
        }
        self.given += 1;
        stream.give(line, self.batch)
    }
}

/// A time as it was sent.
#[derive(Debug, Clone, Copy)]
struct SentTime {
    seconds: i64,
    nanos: i64,
}

impl SentTime {
    /// # Errors
    /// What was sent, and why it is no time.
    fn read(self) -> Result<Timestamp, (String, TimeError)> {
        let Self { seconds, nanos } = self;
        let time = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let time = i64::try_from(time).map(Timestamp::from_nanos);
        time.map_err(|_| (format!("{seconds} s {nanos} ns"), TimeError::Range))
    }
}

/// The time in a message; zero is what senders put where they know none.
fn time_in(message: &[u8]) -> Option<SentTime> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in fields(message).each() {
        match field {
            Ok((1, FieldValue::Varint(number))) => seconds = number.cast_signed(),
            Ok((2, FieldValue::Varint(number))) => nanos = number.cast_signed(),
            _ => {}
        }
    }
    (seconds != 0 || nanos != 0).then_some(SentTime { seconds, nanos })
}

/// The metadata of an entry, as far as the bound allows, and beyond it as JSON text.
#[derive(Default)]
struct Metadata<'a> {
    pairs: Members<'a>,
    more: Vec<u8>,
    /// How long that may become.
    most: usize,
    is_too_long: bool,
}

impl<'a> Metadata<'a> {
    fn push(&mut self, pair: &'a [u8], unusual: &mut Unusual) {
        let (mut name, mut value): (&[u8], &[u8]) = Default::default();
        for field in fields(pair).each() {
            match field {
                Ok((1, FieldValue::Bytes(text))) => name = text,
                Ok((2, FieldValue::Bytes(text))) => value = text,
                _ => {}
            }
        }
        let name = storable(text(name, unusual), unusual);
        let value = text(value, unusual);
        if self.pairs.len() < MAX_MEMBERS {
            self.pairs.push((name, Value::Text(value)));
            return;
        }
        unusual.tell(Notice::TooManyMembers);
        self.more
            .push(if self.more.is_empty() { b'{' } else { b',' });
        self.quote(&name);
        self.more.push(b':');
        self.quote(&value);
    }

    fn quote(&mut self, text: &str) {
        let left = self.most.saturating_sub(self.more.len());
        self.is_too_long = self.is_too_long || !quote_within(text, left, &mut self.more);
    }

    /// All of it.
    fn members(mut self) -> Result<Members<'a>, Stop> {
        if self.is_too_long {
            return Err(Stop::TooLarge);
        }
        keep_last(&mut self.pairs);
        if !self.more.is_empty() {
            self.more.push(b'}');
            let more = String::from_utf8(self.more).unwrap_or_default();
            let more = Value::Text(Cow::Owned(more));
            push_free(&mut self.pairs, MORE, more);
        }
        Ok(self.pairs)
    }
}
