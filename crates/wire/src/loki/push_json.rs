//! A push as JSON: `{"streams":[{"stream":{"k":"v"},"values":[["time","line",{"meta":"v"}]]}]}`, also with
//! `labels` as text and `entries` of `{"ts","line"}`, as it was written once. What is odd is a record all the
//! same, as far as it can be told.

use super::json_parts::{Parts, Walk};
use super::labels::{labels_of, owned};
use super::stream::{Line, Stream, TENANT, push_all_free, push_free};
use super::{Stop, ended, json_line};
use crate::element;
use crate::error::{DecodeError, reason_of};
use crate::fields;
use crate::members::{Members, Value, members_of};
use crate::raw::member_of;
use crate::string::{name_of, text_of};
use crate::text::{self, Damage};
use crate::unusual::Unusual;
use record::batch::BatchBuilder;
use record::notice::Notice;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::ops::Range;

/// Reads a push that a tenant sent and gives each of its lines to the batch.
///
/// # Errors
/// Nothing of it can be read.
pub fn decode_json(
    body: &[u8],
    tenant: Option<&str>,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    decode_by(body, tenant, true, batch)
}

/// The same, with usual streams read `in_one_pass` or as all others are: tests hold both ways against each
/// other.
pub(super) fn decode_by(
    body: &[u8],
    tenant: Option<&str>,
    in_one_pass: bool,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let text = text::text_of(body);
    let is_damaged = matches!(text, Cow::Owned(_));
    let mut push = Push {
        walk: Walk::through(&text),
        tenant,
        batch: &mut *batch,
        damage: is_damaged.then(|| Damage::of(body)),
        // Where something was replaced, all are looked at.
        in_one_pass: in_one_pass && !is_damaged,
        given: 0,
    };
    let end = push.read();
    let given = push.given;
    match end {
        Ok(false) => Err(DecodeError::NotPush),
        end => ended(&end.map(drop), given, batch, |_| syntax_error(&text)),
    }
}

fn syntax_error(text: &str) -> DecodeError {
    let error = serde_json::from_str::<IgnoredAny>(text).err();
    error.map_or(DecodeError::NotPush, |error| DecodeError::Syntax {
        reason: reason_of(&error),
        line: error.line(),
        column: error.column(),
    })
}

struct Push<'t, 'b> {
    walk: Walk<'t>,
    tenant: Option<&'t str>,
    batch: &'b mut BatchBuilder,
    /// Where what was no UTF-8 was replaced, if anything was.
    damage: Option<Damage<'t>>,
    in_one_pass: bool,
    /// Records that were given to the batch.
    given: usize,
}

impl<'t> Push<'t, '_> {
    /// All values of the body, of which there should be one; whether any is a push, or none is there.
    fn read(&mut self) -> Result<bool, Stop> {
        let (mut place, mut is_push, mut is_first) = (0, false, true);
        loop {
            let start = self.walk.start(place);
            let end = match self.walk.byte(start) {
                None => return Ok(is_push || is_first),
                Some(b'{') => {
                    let (end, is_one) = self.push(start)?;
                    is_push |= is_one;
                    end
                }
                Some(b'[') => {
                    is_push = true;
                    self.streams(start)?
                }
                Some(_) => self.walk.value_end(start)?,
            };
            (place, is_first) = (end, false);
        }
    }

    /// The object that should be a push; the place behind it, and whether it is one.
    fn push(&mut self, start: usize) -> Result<(usize, bool), Stop> {
        let (mut place, mut is_push) = (start + 1, false);
        let end = loop {
            let (piece, is_member) = self.walk.next(place, b'}')?;
            if !is_member {
                break piece + 1;
            }
            let (name, value) = self.walk.name(piece)?;
            let is_streams = self.walk.slice(name) == "\"streams\"";
            place = match (is_streams, self.walk.byte(value)) {
                (true, Some(b'[')) => self.streams(value)?,
                _ => self.walk.value_end(value)?,
            };
            is_push |= is_streams && matches!(self.walk.byte(value), Some(b'[' | b'n'));
        };
        let text = self.walk.slice(start..end);
        if !is_push
            && ["values", "entries"]
                .iter()
                .any(|name| is_array(member_of(text, name)))
        {
            self.stream(start)?;
            return Ok((end, true));
        }
        Ok((end, is_push))
    }

    /// An array of streams; the place behind it.
    fn streams(&mut self, start: usize) -> Result<usize, Stop> {
        let mut place = start + 1;
        loop {
            let (piece, is_element) = self.walk.next(place, b']')?;
            if !is_element {
                return Ok(piece + 1);
            }
            if self.walk.byte(piece) == Some(b'{') {
                place = self.stream(piece)?;
                continue;
            }
            place = self.walk.value_end(piece)?;
            self.record(piece..place)?;
        }
    }

    /// A stream; the place behind it. What comes behind its lines must be known before them.
    fn stream(&mut self, start: usize) -> Result<usize, Stop> {
        if self.in_one_pass
            && let Some(end) = self.usual_stream(start)?
        {
            return Ok(end);
        }
        let mut parts = Parts::default();
        let end = parts.read(&self.walk, start);
        let is_stream = parts.has_values && !parts.are_too_many();
        if end.is_ok() && !is_stream {
            let end = end?;
            if !parts.others.is_empty() || parts.are_too_many() {
                self.record(start..end)?;
            }
            return Ok(end);
        }
        let stream = self.labels(&parts);
        for (values, is_whole) in parts.values {
            self.lines(values.start, is_whole, &stream)?;
        }
        end
    }

    /// A stream that is its labels and then its lines, the place behind it; nothing of any other.
    fn usual_stream(&mut self, start: usize) -> Result<Option<usize>, Stop> {
        let Some((labels, values)) = self.walk.usual_parts(start) else {
            return Ok(None);
        };
        let parts = Parts {
            labels: Some(labels),
            ..Parts::default()
        };
        let stream = self.labels(&parts);
        let (mark, given) = (self.batch.mark(), self.given);
        let end = self.lines(values, false, &stream)?;
        let (end, is_member) = self.walk.next(end, b'}')?;
        if is_member {
            self.batch.rewind(&mark);
            self.given = given;
            return Ok(None);
        }
        Ok(Some(end + 1))
    }

    fn labels(&mut self, parts: &Parts) -> Stream<'t> {
        let mut unusual = Unusual::default();
        let mut labels = match parts.labels.clone().map(|range| self.walk.slice(range)) {
            Some(object) if object.starts_with('{') => members_of(object, &mut unusual),
            Some(quoted) => owned(labels_of(
                &text_of(quoted, &mut unusual),
                &mut Unusual::default(),
            )),
            None => Members::new(),
        };
        let values = parts.values.iter().map(|(range, _)| range.start);
        let first = values.chain(parts.labels.as_ref().map(|range| range.start));
        if let (Some(damage), Some(first)) = (&mut self.damage, first.min()) {
            // What stands before is not asked for again, so that no stream goes over it anew.
            damage.is_in(first..first);
        }
        let is_damaged = |range: &Range<usize>| {
            let damage = self.damage.clone();
            damage.is_some_and(|mut damage| damage.is_in(range.clone()))
        };
        if parts.labels.as_ref().is_some_and(is_damaged) {
            unusual.tell(Notice::NotUtf8);
        }
        let others = parts.others.iter().map(|(name, value)| {
            let name = name_of(self.walk.slice(name.clone()), &mut unusual);
            (
                name,
                Value::Json(Cow::Borrowed(self.walk.slice(value.clone()))),
            )
        });
        let others = others.collect();
        push_all_free(&mut labels, others);
        Stream::new(labels, self.tenant, unusual)
    }

    /// The lines in an array, and the place behind it; of one that need not be whole, those before the
    /// place where it breaks.
    fn lines(&mut self, start: usize, is_whole: bool, stream: &Stream<'_>) -> Result<usize, Stop> {
        let mut place = start + 1;
        loop {
            let (piece, is_element) = self.walk.next(place, b']')?;
            if !is_element {
                return Ok(piece + 1);
            }
            if self.in_one_pass {
                let mut scanner = self.walk.scanner(piece);
                if let Some(line) = json_line::usual(&mut scanner) {
                    place = scanner.place();
                    self.give(piece..place, line, stream)?;
                    continue;
                }
            }
            // The elements of a whole one are known to be.
            if !is_whole {
                self.walk.value_end(piece)?;
            }
            place = match self.walk.byte(piece) {
                Some(b'[') => {
                    let (line, length) =
                        json_line::of_array(self.walk.slice(piece..self.walk.len()));
                    if let Some(line) = line {
                        self.give(piece..piece + length, line, stream)?;
                    }
                    piece + length
                }
                first => {
                    let end = self.walk.value_end(piece)?;
                    let value = self.walk.slice(piece..end);
                    let line = match first {
                        Some(b'{') => json_line::of_object(value),
                        _ => json_line::of_text(value),
                    };
                    self.give(piece..end, line, stream)?;
                    end
                }
            };
        }
    }

    fn give(
        &mut self,
        range: Range<usize>,
        mut line: Line<'_>,
        stream: &Stream<'_>,
    ) -> Result<(), Stop> {
        let damage = self.damage.as_mut();
        if damage.is_some_and(|damage| damage.is_in(range)) {
            line.unusual.tell(Notice::NotUtf8);
        }
        self.given += 1;
        stream.give(line, self.batch)
    }

    /// What stands in the place of a stream and is none: a record as the native format reads it.
    fn record(&mut self, range: Range<usize>) -> Result<(), Stop> {
        let mut shared = Members::new();
        if let Some(tenant) = self.tenant {
            push_free(&mut shared, TENANT, Value::Text(Cow::Borrowed(tenant)));
        }
        let mut unusual = Unusual::default();
        self.given += 1;
        let value = self.walk.slice(range);
        element::read(value, fields::record, &shared, &mut unusual, self.batch);
        match self.batch.is_too_large() {
            true => Err(Stop::TooLarge),
            false => Ok(()),
        }
    }
}

fn is_array(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.starts_with('['))
}
