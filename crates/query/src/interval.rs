//! The length of a bucket: what the caller gives, or one of the round ones.

use std::fmt;

const NANOS_PER_MILLI: i64 = 1_000_000;

const DECIMAL: &[i64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500];
const OF_SIXTY: &[i64] = &[1, 2, 5, 10, 15, 30];
const OF_A_DAY: &[i64] = &[1, 2, 3, 6, 12];
/// All times that there can be are less than 50 of the last one.
const DAYS: &[i64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// Units by their nanoseconds and their name, and the lengths in each of them that are round. Shorter
/// ones than a millisecond have to be asked for.
const UNITS: [(i64, &str, &[i64]); 7] = [
    (1, "ns", &[]),
    (1_000, "us", &[]),
    (NANOS_PER_MILLI, "ms", DECIMAL),
    (1_000_000_000, "s", OF_SIXTY),
    (60_000_000_000, "m", OF_SIXTY),
    (3_600_000_000_000, "h", OF_A_DAY),
    (86_400_000_000_000, "d", DAYS),
];

/// A length of time: some whole nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval(i64);

/// A text is no length of time, or one that nothing fits into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interval is no length of time: expected one such as 15s, 5m, 1h or 1d")]
pub struct BadInterval;

impl Interval {
    /// The first of the lengths that are round.
    pub(super) const SHORTEST_ROUND: Self = Self(NANOS_PER_MILLI);

    /// A day of UTC.
    pub(super) const DAY: Self = Self(86_400_000_000_000);

    /// Reads a length: `15s`, `1h30m`, `1d`.
    ///
    /// # Errors
    /// [`BadInterval`], also for nothing and for more than all times that there can be.
    pub fn parse(text: &str) -> Result<Self, BadInterval> {
        let length = humantime::parse_duration(text.trim()).map_err(|_| BadInterval)?;
        let nanos = i64::try_from(length.as_nanos()).map_err(|_| BadInterval)?;
        match nanos {
            1.. => Ok(Self(nanos)),
            _ => Err(BadInterval),
        }
    }

    /// The round lengths, ascending.
    pub(super) fn round_lengths() -> impl Iterator<Item = Self> {
        let units = UNITS.iter();
        units.flat_map(|(unit, _, lengths)| lengths.iter().map(move |length| Self(unit * length)))
    }

    /// Its nanoseconds: at least one.
    pub fn nanos(self) -> i64 {
        self.0
    }
}

/// As whole numbers of the greatest unit that fits, in a form that is read as well: `90m`.
impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units = UNITS.iter().rev();
        let fitting = units.find(|(unit, _, _)| self.0 % unit == 0);
        let (unit, name) = fitting.map_or((1, "ns"), |(unit, name, _)| (*unit, *name));
        write!(formatter, "{}{name}", self.0 / unit)
    }
}
