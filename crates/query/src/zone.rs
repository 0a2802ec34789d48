//! Clocks that people look at: time zones by their names, with the rules of each that come with the
//! program, so that no machine needs files for them.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::fmt;
use std::sync::LazyLock;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone. UTC unless another one is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A name that no time zone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timeZone is no time zone that is known: expected a name such as Europe/Berlin or UTC")]
pub struct UnknownZone;

/// A time during which a clock is neither put forward nor back, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// Its beginning, unless it has none.
    pub(super) begin: Option<i128>,
    /// The beginning of the next one, unless this is the last.
    pub(super) end: Option<i128>,
    /// How far the clock is before UTC.
    pub(super) ahead: i128,
}

impl Zone {
    /// The zone with this name, in any case.
    ///
    /// # Errors
    /// [`UnknownZone`].
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let zone = ZONES.get(name.trim()).map_err(|_| UnknownZone)?;
        // A place-holder for a zone that nobody knows has a name as well.
        (!zone.is_unknown())
            .then_some(Self(zone))
            .ok_or(UnknownZone)
    }

    /// The period that a time is in.
    pub(super) fn period(&self, nanos: i128) -> Period {
        let time = timestamp(nanos);
        let mut before = self.0.preceding(timestamp(nanos.saturating_add(1)));
        let mut behind = self.0.following(time);
        Period {
            begin: before
                .next()
                .map(|change| change.timestamp().as_nanosecond()),
            end: behind
                .next()
                .map(|change| change.timestamp().as_nanosecond()),
            ahead: i128::from(self.0.to_offset(time).seconds()) * 1_000_000_000,
        }
    }
}

/// Years from -9999 to 9999: more than is ever asked for.
fn timestamp(nanos: i128) -> jiff::Timestamp {
    let nearest = match nanos.is_negative() {
        true => jiff::Timestamp::MIN,
        false => jiff::Timestamp::MAX,
    };
    jiff::Timestamp::from_nanosecond(nanos).unwrap_or(nearest)
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_in_any_case_and_without_files_of_the_machine() {
        for (name, told) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("america/new_york", "America/New_York"),
            ("Asia/Kolkata", "Asia/Kolkata"),
            (" UTC ", "UTC"),
        ] {
            assert_eq!(Zone::parse(name).unwrap().to_string(), told);
        }
        for wrong in [
            "",
            "Berlin",
            "Europe",
            "Europe/",
            "/etc/localtime",
            "Etc/Unknown",
            "..",
            "+25:00",
        ] {
            assert_eq!(Zone::parse(wrong), Err(UnknownZone), "{wrong}");
        }
    }

    #[test]
    fn a_period_holds_its_beginning_and_ends_where_the_next_one_begins() {
        const SECOND: i128 = 1_000_000_000;
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        // 2024-03-31T01:00:00Z and 2024-10-27T01:00:00Z.
        let (forward, back) = (1_711_846_800 * SECOND, 1_729_990_800 * SECOND);
        let summer = Period {
            begin: Some(forward),
            end: Some(back),
            ahead: 7_200 * SECOND,
        };
        for time in [forward, forward + 1, back - 1] {
            assert_eq!(berlin.period(time), summer);
        }
        assert_eq!(berlin.period(forward - 1).end, Some(forward));
        assert_eq!(berlin.period(back).begin, Some(back));
        let utc = Period {
            begin: None,
            end: None,
            ahead: 0,
        };
        for time in [0, i128::from(i64::MIN) * 3, i128::MAX] {
            assert_eq!(Zone::default().period(time), utc);
        }
    }
}
