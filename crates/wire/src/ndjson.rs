//! NDJSON: one record a line; a line that cannot be read is refused alone.

use super::element::RecordSeed;
use super::error::{DecodeError, reason_of, text_of};
use super::single_pass::{self, Scratch};
use super::value::Members;
use record::batch::BatchBuilder;
use record::fault::RecordFault;
use serde::de::DeserializeSeed as _;

/// Reads a body of lines; blank ones are passed over.
pub(super) fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    decode_text(text_of(body)?, batch)
}

/// The same of a body that is known to be text.
pub(super) fn decode_text(text: &str, batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let (mut scratch, mut members) = (Scratch::default(), Members::new());
    for (number, line) in text.split('\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if !single_pass::line(line, &mut scratch, batch)
            && let Err(fault) = by_members(line, number, &mut members, batch)
        {
            batch.reject(fault);
        }
        if batch.is_too_large() {
            return Err(DecodeError::TooLarge);
        }
    }
    Ok(())
}

/// Reads a line in the way that decides what its record becomes. It is read as a whole before that, so
/// that a syntax error behind the record refuses the record too.
fn by_members<'a>(
    line: &'a str,
    number: usize,
    members: &mut Members<'a>,
    batch: &mut BatchBuilder,
) -> Result<(), RecordFault> {
    check(line).map_err(|error| RecordFault::Syntax {
        reason: reason_of(&error),
        line: number + 1,
        column: error.column(),
    })?;
    let seed = RecordSeed { batch, members };
    seed.deserialize(&mut serde_json::Deserializer::from_str(line))
        .map_err(|error| RecordFault::BadText(reason_of(&error)))
}

fn check(line: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<serde::de::IgnoredAny>(line).map(drop)
}
