//! What is asked for: parsed from the query string, and decided by [`Query::matches`] alone.
//!
//! A store narrows with [`Query::bounds`] and [`Query::severities`], which never leave out a record
//! that matches; whether one matches is said here and nowhere else, so both stores answer alike.

use crate::record_id::RecordId;
use logs::{Level, SEVERITY_UNKNOWN, TimeError, Timestamp};

/// A query for records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Records at or after this time.
    pub start: Option<Timestamp>,
    /// Records before this time.
    pub end: Option<Timestamp>,
    /// Records of this level.
    pub level: Option<LevelFilter>,
}

/// Which level is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelFilter {
    /// Every spelling of a known level.
    Known(Level),
    /// A text that is no known level, in lower case: matched as text without regard to case.
    Text(String),
}

/// The part of a record that a query looks at.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The record's id, and with it its time.
    pub id: RecordId,
    /// Its severity, 0 when the level is unknown.
    pub severity: u8,
    /// Its level's text.
    pub level: Option<&'a str>,
}

/// A range of ids: both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least id, inclusive.
    pub from: RecordId,
    /// The least id that is beyond, or `None` when there is no end.
    pub before: Option<RecordId>,
}

/// Why a query string is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A time cannot be read.
    #[error("{parameter} is not a time: {reason}")]
    BadTime {
        /// Which parameter.
        parameter: &'static str,
        /// Why.
        reason: TimeError,
    },
    /// The range ends before it begins.
    #[error("startTime is after endTime")]
    EmptyRange,
    /// A parameter that does not exist: most often a typing error that would change the answer.
    #[error("there is no parameter {0:?}: known are startTime, endTime and logLevel")]
    Unknown(String),
    /// A parameter that may come once came twice.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
}

impl QueryError {
    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadTime { .. } => "invalid_time",
            Self::EmptyRange => "invalid_time_range",
            Self::Unknown(_) => "unknown_parameter",
            Self::Repeated(_) => "repeated_parameter",
        }
    }
}

const START: &str = "startTime";
const END: &str = "endTime";
const LEVEL: &str = "logLevel";

impl Query {
    /// Reads the part of an address behind the question mark. An empty value counts as left out.
    ///
    /// # Errors
    /// [`QueryError`] that names the parameter.
    pub fn parse(query_string: &str) -> Result<Self, QueryError> {
        let [mut start, mut end, mut level] = [None, None, None];
        for (name, value) in form_urlencoded::parse(query_string.as_bytes()) {
            let (place, parameter) = match name.as_ref() {
                START => (&mut start, START),
                END => (&mut end, END),
                LEVEL => (&mut level, LEVEL),
                other => return Err(QueryError::Unknown(other.chars().take(100).collect())),
            };
            if value.is_empty() {
                continue;
            }
            if place.replace(value.into_owned()).is_some() {
                return Err(QueryError::Repeated(parameter));
            }
        }
        let query = Self {
            start: start.map(|text| time(START, &text)).transpose()?,
            end: end.map(|text| time(END, &text)).transpose()?,
            level: level.map(|text| LevelFilter::new(&text)),
        };
        match (query.start, query.end) {
            (Some(start), Some(end)) if start > end => Err(QueryError::EmptyRange),
            _ => Ok(query),
        }
    }

    /// Whether a record is asked for. The one definition of it.
    pub fn matches(&self, record: Candidate<'_>) -> bool {
        let time = record.id.time();
        self.start.is_none_or(|start| time >= start)
            && self.end.is_none_or(|end| time < end)
            && self
                .level
                .as_ref()
                .is_none_or(|level| level.matches(record))
    }

    /// The ids that can match.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            from: self.start.map_or(RecordId::MIN, RecordId::first_at),
            before: self.end.map(RecordId::first_at),
        }
    }

    /// The severities that can match; `None` when any can.
    pub fn severities(&self) -> Option<Vec<u8>> {
        self.level.as_ref().map(|level| match level {
            LevelFilter::Known(level) => level.severities().collect(),
            LevelFilter::Text(_) => vec![SEVERITY_UNKNOWN],
        })
    }
}

impl LevelFilter {
    /// The filter that a text asks for.
    pub fn new(text: &str) -> Self {
        Level::from_text(text).map_or_else(|| Self::Text(text.trim().to_lowercase()), Self::Known)
    }

    fn matches(&self, record: Candidate<'_>) -> bool {
        match self {
            Self::Known(level) => level.severities().contains(&record.severity),
            Self::Text(text) => record
                .level
                .is_some_and(|level| level.trim().to_lowercase() == *text),
        }
    }
}

/// A plus sign that was not escaped arrives as a blank: `…00:00:00+02:00` is meant.
fn time(parameter: &'static str, text: &str) -> Result<Timestamp, QueryError> {
    let read = Timestamp::parse(text);
    let zone = text.len().checked_sub("+00:00".len());
    match zone.and_then(|place| text.split_at_checked(place)) {
        Some((time, zone)) if read.is_err() && zone.starts_with(' ') => {
            Timestamp::parse(&format!("{time}+{}", zone.trim_start()))
        }
        _ => read,
    }
    .map_err(|reason| QueryError::BadTime { parameter, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record_id::BatchId;
    use proptest::prelude::*;

    #[test]
    fn every_parameter_is_optional_and_an_empty_one_is_left_out() {
        assert_eq!(Query::parse(""), Ok(Query::default()));
        assert_eq!(
            Query::parse("startTime=&endTime=&logLevel="),
            Ok(Query::default())
        );
        let query = Query::parse("startTime=2024-10-08T00:00:00Z&logLevel=warn").unwrap();
        assert_eq!(query.start, Timestamp::parse("2024-10-08T00:00:00Z").ok());
        assert_eq!(query.level, Some(LevelFilter::Known(Level::Warn)));
    }

    #[test]
    fn a_plus_sign_that_was_not_escaped_is_understood() {
        let escaped = Query::parse("startTime=2024-10-08T02:00:00%2B02:00").unwrap();
        assert_eq!(
            Query::parse("startTime=2024-10-08T02:00:00+02:00"),
            Ok(escaped)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, said) in [
            (
                "startTime=yesterday",
                "invalid_time",
                "startTime is not a time: expected RFC 3339",
            ),
            (
                "endTime=9999-01-01T00:00:00Z",
                "invalid_time",
                "endTime is not a time: outside",
            ),
            (
                "startTime=2&endTime=1",
                "invalid_time_range",
                "startTime is after endTime",
            ),
            (
                "loglevel=INFO",
                "unknown_parameter",
                "there is no parameter \"loglevel\"",
            ),
            (
                "logLevel=a&logLevel=b",
                "repeated_parameter",
                "logLevel is given more than once",
            ),
        ] {
            let error = Query::parse(text).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }

    proptest! {
        #[test]
        fn what_narrows_never_leaves_out_what_matches(
            start in prop::option::of(-50_i64..50), end in prop::option::of(-50_i64..50),
            time in -60_i64..60, level in prop::sample::select(vec!["INFO", "warning", "AUDIT", "audit", ""]),
            asked in prop::option::of(prop::sample::select(vec!["info", "WARN", "Audit", "fatal"])),
        ) {
            let query = Query {
                start: start.map(Timestamp::from_nanos),
                end: end.map(Timestamp::from_nanos),
                level: asked.map(LevelFilter::new),
            };
            let id = RecordId::new(Timestamp::from_nanos(time), BatchId::keyed("k", b""), 7);
            let severity = logs::severity_of(level);
            let matches = query.matches(Candidate { id, severity, level: Some(level) });
            let bounds = query.bounds();
            let inside = id >= bounds.from && bounds.before.is_none_or(|before| id < before);
            let level_fits = query.severities().is_none_or(|all| all.contains(&severity));
            prop_assert!(!matches || (inside && level_fits));
            prop_assert_eq!(inside, start.is_none_or(|s| time >= s) && end.is_none_or(|e| time < e));
        }

        #[test]
        fn no_query_string_makes_it_panic(text: String) {
            drop(Query::parse(&text));
        }
    }
}
