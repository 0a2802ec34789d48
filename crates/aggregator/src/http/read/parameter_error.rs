//! Why the parameters of a request cannot be used, and how the filters and numbers among them are read.

use super::retrieve::format::FormatError;
use logs::Timestamp;
use query::buckets::TooManyBuckets;
use query::cursor::{BadCursor, BadEventId};
use query::interval::BadInterval;
use query::shift::BadShift;
use query::zone::UnknownZone;
use query::{FILTERS, Pair, Query, QueryError};
use std::ops::RangeInclusive;

/// Why a request cannot be answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum ParameterError {
    /// The filters.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The cursor.
    #[error(transparent)]
    Cursor(#[from] BadCursor),
    /// The id of an event.
    #[error(transparent)]
    EventId(#[from] BadEventId),
    /// The form.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A parameter that this address does not have.
    #[error("there is no parameter {name:?}: known are {FILTERS}, {own}")]
    Unknown {
        /// Its name.
        name: String,
        /// What the address has besides the filters.
        own: &'static str,
    },
    /// The same, of a tail.
    #[error("there is no parameter {0:?}: known are {filters}, after and format", filters = FILTERS.replace("endTime, ", ""))]
    UnknownOfTail(String),
    /// A number of records.
    #[error("{parameter} is no whole number from {least} to {most}")]
    Number {
        /// Which parameter.
        parameter: &'static str,
        /// Its least value.
        least: usize,
        /// Its greatest value.
        most: usize,
    },
    /// The length of a bucket.
    #[error(transparent)]
    Interval(#[from] BadInterval),
    /// The clock that buckets begin on.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The shift of their edges.
    #[error(transparent)]
    Shift(#[from] BadShift),
    /// The number of buckets.
    #[error(transparent)]
    Buckets(#[from] TooManyBuckets),
    /// An end, of what has none.
    #[error(
        "a tail has no endTime: it goes on with what is stored; /logs/retrieve gives what lies before a time"
    )]
    TailEnd,
    /// Another order than that of storing.
    #[error("a tail has no order but that of storing; /logs/retrieve has one of time")]
    TailOrder,
    /// What a histogram tells apart.
    #[error("by is not level")]
    By,
    /// A field that has no values to be counted.
    #[error("fields has no {0:?}: known are level and attr.KEY")]
    Facet(String),
    /// A field that is named twice.
    #[error("fields names {0:?} twice")]
    FacetTwice(String),
    /// More fields than are counted.
    #[error("fields has more than {0} names")]
    TooManyFacets(usize),
}

impl ParameterError {
    /// A code that stays the same, for programs.
    pub(in crate::http) fn code(&self) -> &'static str {
        match self {
            Self::Query(error) => error.code(),
            Self::Cursor(_) => "invalid_cursor",
            Self::EventId(_) => "invalid_event_id",
            Self::Format(error) => error.code(),
            Self::Unknown { .. } | Self::UnknownOfTail(_) | Self::TailEnd | Self::TailOrder => {
                "unknown_parameter"
            }
            Self::Number { .. } => "invalid_number",
            Self::Interval(_) => "invalid_interval",
            Self::Zone(_) => "invalid_time_zone",
            Self::Shift(_) => "invalid_offset",
            Self::Buckets(_) => "too_many_buckets",
            Self::By | Self::Facet(_) | Self::FacetTwice(_) => "invalid_parameter",
            Self::TooManyFacets(_) => "query_too_large",
        }
    }
}

/// The filters of an address that has `own` parameters besides them.
pub(in crate::http) fn query(
    filters: Vec<Pair<'_>>,
    now: Timestamp,
    own: &'static str,
) -> Result<Query, ParameterError> {
    Query::from_pairs(filters, now).map_err(|error| match error {
        QueryError::Unknown(name) => ParameterError::Unknown { name, own },
        other => other.into(),
    })
}

/// A number of records.
pub(in crate::http) fn number(
    parameter: &'static str,
    text: &str,
    range: RangeInclusive<usize>,
) -> Result<usize, ParameterError> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or(ParameterError::Number {
        parameter,
        least: *range.start(),
        most: *range.end(),
    })
}
