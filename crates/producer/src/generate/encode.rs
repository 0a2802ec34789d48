//! A record as JSON, with its time at a known place and of a known length.
//!
//! So the time can be overwritten, and a prebuilt body used again. Otherwise the bytes are those that
//! serde makes of a [`LogRecord`].

use chrono::{DateTime, Utc};
use logs::{LogRecord, Timestamp};
use serde::Serialize;
use std::io::Write as _;

const TIME_MEMBER: &[u8] = b"{\"timestamp\":\"";
/// Bytes of a record before its time.
pub(super) const RECORD_TIME_OFFSET: usize = TIME_MEMBER.len();
/// Bytes of a time: `2024-10-08T00:00:00.000000000Z`.
pub const TIME_BYTES: usize = 30;
/// Those of them that stand for whole seconds, with the point.
const SECOND_BYTES: usize = 20;
const NANOS: i64 = 1_000_000_000;

/// Writes times. It keeps the text of the last second, because most logs share it with the one before.
#[derive(Debug)]
pub struct TimeWriter {
    second: i64,
    text: [u8; TIME_BYTES],
}

impl Default for TimeWriter {
    fn default() -> Self {
        Self {
            second: 0,
            text: *b"1970-01-01T00:00:00.000000000Z",
        }
    }
}

impl TimeWriter {
    /// The text of a time, always with nine digits behind the point.
    pub fn text(&mut self, time: Timestamp) -> &[u8; TIME_BYTES] {
        let second = time.nanos().div_euclid(NANOS);
        if second != self.second {
            self.second = second;
            if let Some(whole) = DateTime::<Utc>::from_timestamp(second, 0) {
                // Fits: the years that a timestamp reaches have four digits.
                let mut head = self.text.as_mut_slice();
                drop(write!(head, "{}", whole.format("%Y-%m-%dT%H:%M:%S.")));
            }
        }
        let mut rest = time.nanos().rem_euclid(NANOS);
        let digits = self.text.iter_mut().skip(SECOND_BYTES).take(9).rev();
        for digit in digits {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        &self.text
    }
}

/// Appends a record.
pub(super) fn record<A: Serialize>(
    record: &LogRecord<'_, A>,
    times: &mut TimeWriter,
    body: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    // No `..`: a new member of the record has to be written here, too.
    let LogRecord {
        timestamp,
        level,
        message,
        attributes,
    } = record;
    body.extend_from_slice(TIME_MEMBER);
    body.extend_from_slice(times.text(*timestamp));
    body.push(b'"');
    if let Some(level) = level {
        body.extend_from_slice(b",\"level\":");
        serde_json::to_writer(&mut *body, level)?;
    }
    body.extend_from_slice(b",\"message\":");
    serde_json::to_writer(&mut *body, message)?;
    if let Some(attributes) = attributes {
        body.extend_from_slice(b",\"attributes\":");
        serde_json::to_writer(&mut *body, attributes)?;
    }
    body.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_time_of_fixed_length_is_the_time(nanos: i64, step in 0..2_000_000_000_i64) {
            let mut times = TimeWriter::default();
            for nanos in [nanos, nanos.saturating_add(step), nanos.saturating_sub(step)] {
                let time = Timestamp::from_nanos(nanos);
                let text = String::from_utf8(times.text(time).to_vec()).unwrap();
                prop_assert_eq!(Timestamp::parse(&text), Ok(time), "{}", text);
            }
        }

        #[test]
        fn the_bytes_are_those_that_serde_makes(
            nanos: i64, level: Option<String>, message: String, attribute: Option<String>,
        ) {
            // A last digit that is not 0: serde's form of a time has as many digits as it needs.
            let nanos = nanos.saturating_sub(nanos.rem_euclid(10)).saturating_add(1);
            let log = LogRecord {
                timestamp: Timestamp::from_nanos(nanos),
                level: level.as_deref(),
                message: &message,
                attributes: attribute.map(|text| std::collections::BTreeMap::from([("a", text)])),
            };
            let mut body = Vec::new();
            record(&log, &mut TimeWriter::default(), &mut body).unwrap();
            prop_assert_eq!(String::from_utf8(body).unwrap(), serde_json::to_string(&log).unwrap());
        }
    }
}
