//! A point in time to the nanosecond, and the forms that senders write it in.

mod rfc3339;
mod written;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use std::fmt;

/// Nanoseconds since 1970-01-01T00:00:00Z, from 1677-09-21 to 2262-04-11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text or a number is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeError {
    /// No form that is read: neither RFC 3339 nor a number, and where a sender's time is read, none of
    /// [`Timestamp::parse_sent`] either.
    Form,
    /// A time, but one that 64 bits of nanoseconds cannot hold.
    Range,
}

impl fmt::Display for TimeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => {
                "expected for example 2024-10-08T00:00:00Z (RFC 3339), or a number of s, ms, µs or ns since 1970"
            }
            Self::Range => "outside 1677-09-21 to 2262-04-11",
        })
    }
}

impl std::error::Error for TimeError {}

/// For a number, the unit is told by its size: each limit is the first power of ten that lies beyond
/// the last second (9.2e9), millisecond, … that fits, so no number that can be a time is ambiguous.
const UNITS: [(i128, i128); 3] = [
    (10_i128.pow(10), 1_000_000_000),
    (10_i128.pow(13), 1_000_000),
    (10_i128.pow(16), 1_000),
];

const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// Digits behind the point that are looked at; a nanosecond is the ninth.
const FRACTION_DIGITS: usize = 9;
/// By how many places an exponent may shift the point of a number.
const MOST_SHIFTED: i32 = 400;

/// The number that one to nine digits stand for.
fn digits_of(digits: &[u8]) -> Option<u32> {
    let add = |number: u32, digit: &u8| {
        let is_digit = digit.is_ascii_digit();
        is_digit.then(|| number * 10 + u32::from(digit - b'0'))
    };
    let number = digits.iter().try_fold(0, add)?;
    (!digits.is_empty()).then_some(number)
}

impl Timestamp {
    /// The earliest time that fits.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time that fits.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since 1970, rounded down, as a BSON date holds them.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Its UTC day, in days since 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(NANOS_PER_DAY)
    }

    /// When a UTC day begins, or the end of all times that is nearer.
    pub const fn start_of_day(day: i64) -> Self {
        Self(day.saturating_mul(NANOS_PER_DAY))
    }

    /// Reads RFC 3339 (a blank for the `T` is fine, no zone means UTC) or a number in text.
    ///
    /// # Errors
    /// [`TimeError`] for any other text, and for a time that does not fit.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if let Some(time) = Self::parse_usual(text) {
            return Ok(time);
        }
        let text = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Self::from_chrono(time.to_utc());
        }
        for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Self::from_chrono(time.and_utc());
            }
        }
        Self::parse_number(text)
    }

    /// The form that nearly every sender writes, `2024-10-08T00:00:00.123Z`; `None` for all others.
    /// It says nothing that the general way would not, in less time, once for every record that comes in.
    fn parse_usual(text: &str) -> Option<Self> {
        let (fixed, rest) = text.as_bytes().split_first_chunk::<19>()?;
        #[rustfmt::skip]
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
            *fixed
        else {
            return None;
        };
        let nanos = match rest {
            [b'Z'] => 0,
            [b'.', digits @ .., b'Z'] if digits.len() <= FRACTION_DIGITS => {
                let missing = u32::try_from(FRACTION_DIGITS - digits.len()).ok()?;
                digits_of(digits)? * 10_u32.pow(missing)
            }
            _ => return None,
        };
        let year = i32::try_from(digits_of(&[y1, y2, y3, y4])?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, digits_of(&[m1, m2])?, digits_of(&[d1, d2])?)?;
        let (hour, minute) = (digits_of(&[h1, h2])?, digits_of(&[n1, n2])?);
        let time = date.and_hms_nano_opt(hour, minute, digits_of(&[s1, s2])?, nanos)?;
        time.and_utc().timestamp_nanos_opt().map(Self)
    }

    /// Reads a number of seconds, milliseconds, microseconds or nanoseconds, told apart by its size,
    /// with an optional fraction: `1728345600.123456789` keeps its nanoseconds.
    ///
    /// # Errors
    /// [`TimeError`] when it is no number, or the time does not fit.
    pub fn parse_number(text: &str) -> Result<Self, TimeError> {
        if text.contains(['e', 'E']) {
            return Self::parse_exponent(text);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = !whole.is_empty()
            && whole.bytes().all(|byte| byte.is_ascii_digit())
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.ends_with('.');
        if !is_number {
            return Err(TimeError::Form);
        }
        let whole: i128 = whole.parse().map_err(|_| TimeError::Range)?;
        let scale = UNITS
            .iter()
            .find(|(limit, _)| whole < *limit)
            .map_or(1, |(_, scale)| *scale);
        let nanos = whole.checked_mul(scale).ok_or(TimeError::Range)? + part(fraction, scale);
        i64::try_from(if negative { -nanos } else { nanos })
            .map(Self)
            .map_err(|_| TimeError::Range)
    }

    /// The digits with the point where the exponent puts it: no digit is lost on the way, which would make a
    /// time of whole milliseconds a finer one.
    fn parse_exponent(text: &str) -> Result<Self, TimeError> {
        let (number, exponent) = text.split_once(['e', 'E']).ok_or(TimeError::Form)?;
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        let exponent: i32 = exponent.parse().map_err(|_| TimeError::Form)?;
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || digits.ends_with('.') || exponent.abs() > MOST_SHIFTED {
            return Err(TimeError::Form);
        }
        let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
        let shifted = if exponent >= 0 {
            let moved = fraction.get(..shift).unwrap_or(fraction);
            let rest = fraction.get(shift..).unwrap_or_default();
            let zeros = "0".repeat(shift - moved.len());
            format!("{sign}{whole}{moved}{zeros}.{rest}0")
        } else {
            let place = whole.len().saturating_sub(shift);
            let (rest, moved) = whole.split_at_checked(place).ok_or(TimeError::Form)?;
            let zeros = "0".repeat(shift.saturating_sub(whole.len()));
            format!("{sign}0{rest}.{zeros}{moved}{fraction}0")
        };
        Self::parse_number(&shifted)
    }

    fn from_chrono(time: DateTime<Utc>) -> Result<Self, TimeError> {
        time.timestamp_nanos_opt().map(Self).ok_or(TimeError::Range)
    }
}

/// The nanoseconds in the decimal `fraction` of a unit that has `scale` of them.
fn part(fraction: &str, scale: i128) -> i128 {
    let mut digits: String = fraction.chars().take(FRACTION_DIGITS).collect();
    while digits.len() < FRACTION_DIGITS {
        digits.push('0');
    }
    digits.parse::<i128>().unwrap_or(0) * scale / 1_000_000_000
}

#[cfg(test)]
mod tests;
