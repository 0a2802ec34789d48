//! The journal export format (format: systemd, "Journal Export Format"), as `systemd-journal-upload` sends it.
//!
//! A record is fields and an empty line behind them. A field is `NAME=text` in a line, or a line with its name,
//! the length of its value in eight bytes (little endian), the value, and a line end.
//!
//! `MESSAGE`, `PRIORITY` and `__REALTIME_TIMESTAMP` are what they are anywhere; all other fields are attributes,
//! whatever their names say, an array where one comes several times. `__CURSOR` says which record it is, however
//! often and in whatever portions it is sent.

mod field;

use crate::error::DecodeError;
use crate::fields::{Gathered, Standing, gathered_record};
use crate::levels::Scale;
use crate::members::{Members, Value};
use crate::names::{Form, Role, Unit};
use crate::unusual::Unusual;
use field::{Piece, piece};
use record::attributes::write_string;
use record::batch::BatchBuilder;
use record::fault::MAX_MEMBERS;
use record::id::BatchId;
use record::notice::Notice;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

const CURSOR: &[u8] = b"__CURSOR";
/// Where what is beyond the bound of a record's fields is kept.
const MORE: &str = "_more";
const ROLES: [(&str, Role); 3] = [
    ("MESSAGE", Role::Message(Form::Any)),
    ("PRIORITY", Role::Level(Scale::Usual)),
    ("__REALTIME_TIMESTAMP", Role::Time(Unit::Microseconds)),
];

/// Which record of all that there are one is: its place in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    sequence: BatchId,
    place: u32,
}

/// Places of a run: what a store remembers of one stays small, however long the sequence is.
const RUN_PLACES: u32 = 1 << 16;
/// Records of so many runs may be in a portion, which is taken as a batch for each of them.
const MOST_RUNS: usize = 64;

/// A part of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// What the ids of all records of the sequence have in common.
    pub sequence: BatchId,
    /// Which one of its runs.
    pub number: u32,
}

impl From<Known> for Run {
    fn from(known: Known) -> Self {
        Self {
            sequence: known.sequence,
            number: known.place / RUN_PLACES,
        }
    }
}

/// Whole records that a body begins with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Portion {
    /// Their bytes.
    pub bytes: usize,
    /// Those of each run of a sequence, and those of none.
    pub parts: Vec<Part>,
}

/// The records of a portion that are of one run, or of none.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// What is the same whenever they are sent. None where they say nothing.
    pub run: Option<Run>,
    /// Where they stand, in their order.
    pub places: Vec<Range<usize>>,
}

/// The portion that a body begins with, which may go on; `None` when no record is whole yet. At its end, the
/// last record needs no empty line.
///
/// # Errors
/// It is not of the format.
pub fn portion(body: &[u8], is_end: bool) -> Result<Option<Portion>, DecodeError> {
    let mut portion = Portion::default();
    while let Some(Found { known, end, .. }) = match next_record(body, portion.bytes, is_end) {
        // What is whole before it is taken first.
        Err(_) if portion.bytes > 0 => None,
        next => next?,
    } {
        if !portion.add(known.map(Run::from), end) {
            break;
        }
    }
    Ok((portion.bytes > 0).then_some(portion))
}

impl Portion {
    /// Adds the record that stands behind the others; whether there was room for one more run.
    fn add(&mut self, run: Option<Run>, end: usize) -> bool {
        let place = self.bytes..end;
        let is_room = self.parts.len() < MOST_RUNS;
        let mut parts = self.parts.iter_mut();
        match parts.find(|part| part.run == run) {
            Some(part) => match part.places.last_mut() {
                Some(last) if last.end == place.start => last.end = end,
                _ => part.places.push(place),
            },
            None if !is_room => return false,
            None => self.parts.push(Part {
                run,
                places: vec![place],
            }),
        }
        self.bytes = end;
        true
    }
}

/// Reads the records of a part and gives each to the batch, at its place in the sequence.
///
/// # Errors
/// It is not of the format, or its records take more room than the batch has.
pub fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let mut start = 0;
    while let Some(found) = next_record(body, start, true)? {
        if let Some(known) = found.known {
            batch.place(known.place);
        }
        record(body.get(found.start..found.end).unwrap_or_default(), batch)?;
        if batch.is_too_large() {
            return Err(DecodeError::TooLarge);
        }
        start = found.end;
    }
    Ok(())
}

/// A whole record in a body.
struct Found {
    /// Where its first field begins.
    start: usize,
    /// The place behind it.
    end: usize,
    known: Option<Known>,
}

/// The next record from a place on; `None` when none is whole, or there is none.
fn next_record(body: &[u8], from: usize, is_end: bool) -> Result<Option<Found>, DecodeError> {
    let (mut start, mut place, mut known) = (from, from, None);
    loop {
        match piece(body, place, is_end)? {
            Piece::Field { name, value, end } => {
                if name == CURSOR {
                    known = known_by(value);
                }
                place = end;
            }
            // Between two records there may be several.
            Piece::EmptyLine { end } if place == start => (start, place) = (end, end),
            Piece::EmptyLine { end } => return Ok(Some(Found { start, end, known })),
            Piece::Nothing if is_end && place > start => {
                return Ok(Some(Found {
                    start,
                    end: place,
                    known,
                }));
            }
            Piece::Nothing => return Ok(None),
        }
    }
}

/// What a cursor says: `s=` names the sequence, `i=` is the place in it.
fn known_by(cursor: &[u8]) -> Option<Known> {
    let cursor = std::str::from_utf8(cursor).ok()?;
    let of = |name: &str| cursor.split(';').find_map(|part| part.strip_prefix(name));
    let (sequence, place) = (of("s=")?, of("i=")?);
    let place = u64::from_str_radix(place, 16).ok()?;
    let [a, b, c, d, low @ ..] = place.to_be_bytes();
    Some(Known {
        // A client's own key is visible ASCII.
        sequence: BatchId::keyed(&format!("\0journal {sequence}"), &[a, b, c, d]),
        place: u32::from_be_bytes(low),
    })
}

/// Gives the batch the record that is these fields.
fn record(fields: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let mut unusual = Unusual::default();
    let (mut values, mut places) = (Vec::<(&[u8], Vec<&[u8]>)>::new(), HashMap::new());
    let (mut place, mut count) = (0, 0);
    while count < MAX_MEMBERS
        && let Piece::Field { name, value, end } = piece(fields, place, true)?
    {
        let of_name = *places.entry(name).or_insert(values.len());
        match values.get_mut(of_name) {
            Some((_, values)) => values.push(value),
            None => values.push((name, vec![value])),
        }
        (place, count) = (end, count + 1);
    }
    let mut gathered = Gathered::default();
    for (name, values) in &values {
        let name = readable(name, &mut unusual).replace('\0', "\u{fffd}");
        match ROLES.iter().find(|(known, _)| *known == name) {
            Some((_, role)) => {
                let value = Value::Json(json(values, &mut unusual).into());
                gathered.standing(Standing::First(*role), name.into(), value);
            }
            None => gathered.other(name.into(), one_or_all(values, &mut unusual)),
        }
    }
    let rest = fields.get(place..).unwrap_or_default().trim_ascii();
    if !rest.is_empty() {
        unusual.tell(Notice::TooManyMembers);
        let rest = readable(rest, &mut unusual);
        gathered.other(Cow::Borrowed(MORE), Value::Text(rest));
    }
    gathered_record(&gathered, &Members::new(), &mut unusual, batch);
    Ok(())
}

fn readable<'a>(bytes: &'a [u8], unusual: &mut Unusual) -> Cow<'a, str> {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) {
        unusual.tell(Notice::NotUtf8);
    }
    text
}

/// A value as text; of several, an array.
fn one_or_all<'a>(values: &[&'a [u8]], unusual: &mut Unusual) -> Value<'a> {
    match values {
        [value] => Value::Text(readable(value, unusual)),
        _ => Value::Json(json(values, unusual).into()),
    }
}

/// The same as JSON text, which is what roles are read from.
fn json(values: &[&[u8]], unusual: &mut Unusual) -> String {
    let mut json = Vec::new();
    if let [value] = values {
        write_string(&readable(value, unusual), &mut json);
    } else {
        for (place, value) in values.iter().enumerate() {
            json.push(if place == 0 { b'[' } else { b',' });
            write_string(&readable(value, unusual), &mut json);
        }
        json.push(b']');
    }
    String::from_utf8(json).unwrap_or_default()
}
