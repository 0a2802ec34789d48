//! What a reader wants counted: the query, and by what.

use crate::http::read::parameter_error::{ParameterError, query};
use logs::Timestamp;
use query::grid::Grid;
use query::interval::Interval;
use query::shift::Shift;
use query::span::Span;
use query::zone::Zone;
use query::{Query, once, pairs};

/// What may be said here besides the filters.
const OWN_PARAMETERS: &str = "order, interval, timeZone, offset and by";

/// A request for counts.
#[derive(Debug)]
pub(super) struct Parameters {
    /// Which records.
    pub(super) query: Query,
    /// The length of a bucket, when it is given.
    pub(super) interval: Option<Interval>,
    /// On whose clock buckets begin, when it is given.
    pub(super) zone: Option<Zone>,
    /// How far their edges are shifted, when it is given.
    pub(super) shift: Option<Shift>,
    /// Whether levels are told apart.
    pub(super) by_level: bool,
}

impl Parameters {
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, ParameterError> {
        let [mut interval, mut zone, mut shift, mut by] = [const { None }; 4];
        let mut filters = Vec::new();
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "interval" => once("interval", &mut interval, &value)?,
                "timeZone" => once("timeZone", &mut zone, &value)?,
                "offset" => once("offset", &mut shift, &value)?,
                "by" => once("by", &mut by, &value)?,
                _ => filters.push((name, value)),
            }
        }
        Ok(Self {
            query: query(filters, now, OWN_PARAMETERS)?,
            interval: interval.as_deref().map(Interval::parse).transpose()?,
            zone: zone.as_deref().map(Zone::parse).transpose()?,
            shift: shift.as_deref().map(Shift::parse).transpose()?,
            by_level: match by.map(|by| by.to_ascii_lowercase()).as_deref() {
                None => false,
                Some("level") => true,
                Some(_) => return Err(ParameterError::By),
            },
        })
    }

    /// Where buckets of this span begin.
    pub(super) fn grid(&self, span: Span) -> Grid {
        let (shift, zone) = (
            self.shift.unwrap_or_default(),
            self.zone.clone().unwrap_or_default(),
        );
        match self.interval {
            Some(interval) => Grid::new(interval, shift, zone),
            None => Grid::round(span, shift, zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (text, code, said) in [
            (
                "interval=soon",
                "invalid_interval",
                "interval is no length of time",
            ),
            (
                "interval=0s",
                "invalid_interval",
                "interval is no length of time",
            ),
            (
                "interval=1m&interval=2m",
                "repeated_parameter",
                "interval is given more than once",
            ),
            (
                "timeZone=Europe/Atlantis",
                "invalid_time_zone",
                "timeZone is no time zone that is known: expected a name such as Europe/Berlin",
            ),
            ("timeZone=", "invalid_parameter", "timeZone is empty"),
            (
                "timeZone=UTC&timeZone=UTC",
                "repeated_parameter",
                "timeZone is given more than once",
            ),
            (
                "offset=six",
                "invalid_offset",
                "offset is no length of time: expected one such as 6h, -30m",
            ),
            ("offset=", "invalid_parameter", "offset is empty"),
            ("by=service", "invalid_parameter", "by is not level"),
            ("by=", "invalid_parameter", "by is empty"),
            ("interval=", "invalid_parameter", "interval is empty"),
            (
                "interval=1%FF",
                "invalid_parameter",
                "parameter \"interval\" is no UTF-8",
            ),
            (
                "by=level&by=level",
                "repeated_parameter",
                "by is given more than once",
            ),
            (
                "limit=1",
                "unknown_parameter",
                "there is no parameter \"limit\": known are startTime",
            ),
            ("minLevel=loud", "invalid_level", "minLevel is no level"),
        ] {
            let error = Parameters::parse(text, Timestamp::from_nanos(0)).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(error.to_string().starts_with(said), "{error}");
        }
        let parameters = Parameters::parse("by=Level", Timestamp::from_nanos(0)).unwrap();
        assert_eq!((parameters.interval, parameters.by_level), (None, true));
        assert_eq!(parameters.query, Query::default());
    }
}
