//! JSON values as times: text, numbers, and the objects that loggers and databases make of them.

use crate::names::Unit;
use crate::raw::{member_of, members_in};
use crate::string::text_of;
use crate::unusual::Unusual;
use logs::{TimeError, Timestamp};
use std::borrow::Cow;

/// Reads a time.
///
/// # Errors
/// Why it is none.
pub(super) fn read(value: &str, unit: Unit) -> Result<Timestamp, TimeError> {
    match value.as_bytes().first() {
        Some(b'"') => match unit {
            Unit::BySize => Timestamp::parse_sent(&text(value)),
            Unit::Microseconds => Timestamp::parse_sent_micros(&text(value)),
        },
        Some(b'-' | b'0'..=b'9') => number(value, unit),
        Some(b'{') => object(value),
        _ => Err(TimeError::Form),
    }
}

/// Reads a number's text as a time.
///
/// # Errors
/// Why it is none.
#[inline]
pub(super) fn number(text: &str, unit: Unit) -> Result<Timestamp, TimeError> {
    match unit {
        Unit::BySize => Timestamp::parse_sent_number(text),
        Unit::Microseconds => Timestamp::parse_sent_micros(text),
    }
}

/// Zero and a dash are what senders put where they know no time.
pub(super) fn is_none(value: &str) -> bool {
    matches!(
        value,
        "null" | "\"\"" | "\"-\"" | "\"0\"" | "0" | "-0" | "0.0" | "-0.0"
    )
}

/// An object that is a time and nothing else.
fn object(value: &str) -> Result<Timestamp, TimeError> {
    let names: Vec<&str> = members_in(value)
        .take(3)
        .map(|member| member.name)
        .collect();
    let of = |name| member_of(value, name).unwrap_or_default();
    match names.as_slice() {
        ["\"$date\""] => date(of("$date")),
        ["\"epochSecond\""]
        | ["\"epochSecond\"", "\"nanoOfSecond\""]
        | ["\"nanoOfSecond\"", "\"epochSecond\""] => instant(of("epochSecond"), of("nanoOfSecond")),
        ["\"timestamp\""] | ["\"repr\"", "\"timestamp\""] | ["\"timestamp\"", "\"repr\""] => {
            number(of("timestamp"), Unit::BySize)
        }
        _ => Err(TimeError::Form),
    }
}

/// MongoDB's extended JSON, relaxed and canonical.
fn date(value: &str) -> Result<Timestamp, TimeError> {
    match value.as_bytes().first() {
        Some(b'"') => Timestamp::parse_sent(&text(value)),
        Some(b'{') if members_in(value).count() == 1 => {
            let number = member_of(value, "$numberLong").unwrap_or_default();
            match number.starts_with('"') {
                true => Timestamp::parse_sent_millis(&text(number)),
                false => Timestamp::parse_sent_millis(number),
            }
        }
        _ => Timestamp::parse_sent_millis(value),
    }
}

/// log4j's.
fn instant(second: &str, nano: &str) -> Result<Timestamp, TimeError> {
    let second: i64 = second.parse().map_err(|_| TimeError::Form)?;
    let nano = if nano.is_empty() { "0" } else { nano };
    let nano: u32 = nano.parse().map_err(|_| TimeError::Form)?;
    let nanos = second.checked_mul(1_000_000_000);
    let nanos = nanos.and_then(|nanos| nanos.checked_add(nano.into()));
    nanos.map(Timestamp::from_nanos).ok_or(TimeError::Range)
}

/// What cannot be a time is told as such, and not as what its text holds.
fn text(quoted: &str) -> Cow<'_, str> {
    text_of(quoted, &mut Unusual::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_loggers_and_databases_are_read() {
        for (value, expected) in [
            (
                r#"{"$date":"2024-01-01T00:00:00Z"}"#,
                "2024-01-01T00:00:00Z",
            ),
            (r#"{ "$date" : 1704067200000 }"#, "2024-01-01T00:00:00Z"),
            (
                r#"{"$date":{"$numberLong":"1704067200000"}}"#,
                "2024-01-01T00:00:00Z",
            ),
            (
                r#"{"$date":{"$numberLong":1704067200000}}"#,
                "2024-01-01T00:00:00Z",
            ),
            (r#"{"$date":0}"#, "1970-01-01T00:00:00Z"),
            (
                r#"{"epochSecond":1704067200,"nanoOfSecond":5}"#,
                "2024-01-01T00:00:00.000000005Z",
            ),
            (
                r#"{"repr":"2023-11-14 22:13:20","timestamp":1700000000.5}"#,
                "2023-11-14T22:13:20.500Z",
            ),
            ("1700000000.123", "2023-11-14T22:13:20.123Z"),
            ("\"1700000000\"", "2023-11-14T22:13:20Z"),
        ] {
            assert_eq!(read(value, Unit::BySize).unwrap().to_string(), expected);
        }
        let micros = read("\"1700000000123456\"", Unit::Microseconds);
        assert_eq!(micros.unwrap().to_string(), "2023-11-14T22:13:20.123456Z");
        let few = read("170000000000", Unit::Microseconds);
        assert_eq!(few.unwrap().to_string(), "1970-01-02T23:13:20Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in [
            "true",
            "[1700000000]",
            "{}",
            r#"{"$date":true}"#,
            r#"{"$date":"2024-01-01T00:00:00Z","more":1}"#,
            r#"{"$date":{"$numberLong":"1704067200000","a":1}}"#,
            r#"{"nanoOfSecond":5}"#,
            r#"{"timestamp":0.5}"#,
            "0.123",
            r#""\ud800""#,
        ] {
            assert_eq!(read(value, Unit::BySize), Err(TimeError::Form), "{value}");
        }
    }
}
