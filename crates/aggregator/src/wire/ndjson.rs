//! NDJSON: one record a line; a line that cannot be read is refused alone.

use super::json::RecordSeed;
use super::single_pass::{self, Scratch};
use super::value::Members;
use super::{DecodeError, RecordFault, reason_of, text_of};
use crate::batch::BatchBuilder;
use serde::de::DeserializeSeed as _;

/// Reads a body of lines; blank ones are passed over.
pub(super) fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let (mut scratch, mut members) = (Scratch::default(), Members::new());
    for (number, line) in text_of(body)?.split('\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if single_pass::line(line, &mut scratch, batch) {
            if batch.is_too_large() {
                return Err(DecodeError::TooLarge);
            }
            continue;
        }
        // A line is read as a whole before its record is taken, so that a syntax error behind the
        // record refuses that record too.
        if let Err(error) = check(line) {
            batch.reject(RecordFault::Syntax {
                reason: reason_of(&error),
                line: number + 1,
                column: error.column(),
            });
            continue;
        }
        let seed = RecordSeed {
            batch: &mut *batch,
            members: &mut members,
        };
        let read = seed.deserialize(&mut serde_json::Deserializer::from_str(line));
        if let Err(error) = read {
            batch.reject(RecordFault::BadText(reason_of(&error)));
        }
        if batch.is_too_large() {
            return Err(DecodeError::TooLarge);
        }
    }
    Ok(())
}

fn check(line: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<serde::de::IgnoredAny>(line).map(drop)
}
