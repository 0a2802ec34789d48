//! The forms in which senders write a time: what `Timestamp::parse` takes, and what people and their
//! libraries write for it.

use super::{FRACTION_DIGITS, TimeError, Timestamp, digits_of};
use chrono::{DateTime, NaiveDate};

/// A number whose magnitude is below this one is no time: it is a duration, a count, an offset.
const LEAST_NUMBER: i128 = 100_000_000;

/// The common log format: `10/Oct/2023:13:55:36 -0700`.
const COMMON_LOG: &str = "%d/%b/%Y:%H:%M:%S %z";

impl Timestamp {
    /// Reads a time as a sender writes it: RFC 3339 also with a blank for the `T`, a comma for the
    /// point, an offset without colon or minutes, no zone (UTC), a fraction of any length (cut to
    /// nanoseconds) or no time of day (midnight); RFC 2822; the common log format; a number as
    /// [`parse_sent_number`](Self::parse_sent_number) takes it.
    ///
    /// # Errors
    /// [`TimeError`] for any other text, and for a time that does not fit.
    pub fn parse_sent(text: &str) -> Result<Self, TimeError> {
        if let Some(time) = Self::parse_usual(text) {
            return Ok(time);
        }
        let text = text.trim();
        if let Some(time) = parse_date(text.as_bytes()) {
            return time;
        }
        let rare = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_rfc2822(text))
            .or_else(|_| DateTime::parse_from_str(text, COMMON_LOG));
        match rare {
            Ok(time) => Self::from_chrono(time.to_utc()),
            Err(_) => Self::parse_sent_number(text),
        }
    }

    /// Reads a number as [`parse_number`](Self::parse_number) does, if it is large enough to be a time:
    /// its magnitude is at least 10⁸.
    ///
    /// # Errors
    /// [`TimeError`] for a smaller one, for what is no number, and for a time that does not fit.
    pub fn parse_sent_number(text: &str) -> Result<Self, TimeError> {
        let time = Self::parse_number(text)?;
        // Below the least number a number is seconds, whose nanoseconds always fit.
        match i128::from(time.0).abs() < LEAST_NUMBER * 1_000_000_000 && !is_large(text) {
            true => Err(TimeError::Form),
            false => Ok(time),
        }
    }

    /// Reads a number of microseconds, as [`parse_sent_number`](Self::parse_sent_number) does.
    ///
    /// # Errors
    /// [`TimeError`].
    pub fn parse_sent_micros(text: &str) -> Result<Self, TimeError> {
        scaled(text, 1_000)
    }

    /// Reads a number of milliseconds, of any size: who sends it says that it is a time.
    ///
    /// # Errors
    /// [`TimeError`].
    pub fn parse_sent_millis(text: &str) -> Result<Self, TimeError> {
        let number: i64 = text.parse().map_err(|_| TimeError::Form)?;
        number
            .checked_mul(1_000_000)
            .map(Self)
            .ok_or(TimeError::Range)
    }
}

fn scaled(text: &str, scale: i64) -> Result<Timestamp, TimeError> {
    let number: i64 = text.parse().map_err(|_| TimeError::Form)?;
    if i128::from(number).abs() < LEAST_NUMBER {
        return Err(TimeError::Form);
    }
    let nanos = number.checked_mul(scale).ok_or(TimeError::Range)?;
    Ok(Timestamp(nanos))
}

/// Whether a number in text is at least the least one.
fn is_large(text: &str) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a power of ten that fits")]
    let least = LEAST_NUMBER as f64;
    text.parse::<f64>()
        .is_ok_and(|number| number.abs() >= least)
}

/// A date, with or without a time of day behind it; `None` for what is neither.
fn parse_date(text: &[u8]) -> Option<Result<Timestamp, TimeError>> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else {
        return None;
    };
    let year = i32::try_from(digits_of(&[y1, y2, y3, y4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, digits_of(&[m1, m2])?, digits_of(&[d1, d2])?)?;
    if rest.is_empty() {
        let midnight = date.and_hms_opt(0, 0, 0)?;
        return Some(Timestamp::from_chrono(midnight.and_utc()));
    }
    let (clock, rest) = rest.split_first_chunk::<9>()?;
    let [b'T' | b't' | b' ', h1, h2, b':', n1, n2, b':', s1, s2] = *clock else {
        return None;
    };
    let (nanos, rest) = fraction(rest)?;
    let offset = offset_seconds(rest)?;
    let (hour, minute) = (digits_of(&[h1, h2])?, digits_of(&[n1, n2])?);
    let second = digits_of(&[s1, s2])?;
    // A leap second is the last one of its minute, as chrono has it.
    let leap = u32::from(second == 60);
    let time = date.and_hms_nano_opt(hour, minute, second - leap, nanos + leap * 1_000_000_000)?;
    let utc = time.checked_sub_signed(chrono::TimeDelta::seconds(offset.into()));
    Some(match utc {
        Some(utc) => Timestamp::from_chrono(utc.and_utc()),
        None => Err(TimeError::Range),
    })
}

/// The nanoseconds behind a point or a comma, if one stands there, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.' | b',', rest)) = text.split_first() else {
        return Some((0, text));
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits)?;
    let kept = digits.get(..FRACTION_DIGITS).unwrap_or(digits);
    let missing = u32::try_from(FRACTION_DIGITS - kept.len()).ok()?;
    Some((digits_of(kept)? * 10_u32.pow(missing), rest))
}

/// Seconds east of UTC: `Z`, `+05:30`, `+0530`, `+05`, or nothing, perhaps behind a blank.
fn offset_seconds(text: &[u8]) -> Option<i32> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, digits) = match text {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match *digits {
        [h1, h2] => (digits_of(&[h1, h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (digits_of(&[h1, h2])?, digits_of(&[m1, m2])?),
        _ => return None,
    };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    (hours < 24 && minutes < 60).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Timestamp::parse_sent(text)
            .map_or_else(|error| format!("{error:?}"), |time| time.to_string())
    }

    #[test]
    fn what_people_write_for_a_time_is_read() {
        for (sent, expected) in [
            ("2024-10-08T00:00:00Z", "2024-10-08T00:00:00Z"),
            ("2024-10-08t00:00:00z", "2024-10-08T00:00:00Z"),
            ("2021-07-07 17:40:45,052", "2021-07-07T17:40:45.052Z"),
            ("2021-07-07T17:40:45,052Z", "2021-07-07T17:40:45.052Z"),
            ("2024-11-30T22:04:42.5+0530", "2024-11-30T16:34:42.500Z"),
            ("2024-11-30T22:04:42+05", "2024-11-30T17:04:42Z"),
            ("2024-11-30 22:04:42 -05:30", "2024-12-01T03:34:42Z"),
            ("2024-11-30T22:04:42", "2024-11-30T22:04:42Z"),
            ("2024-11-30", "2024-11-30T00:00:00Z"),
            (
                "2024-01-01T00:00:00.1234567899Z",
                "2024-01-01T00:00:00.123456789Z",
            ),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("Tue, 08 May 2018 20:00:00 GMT", "2018-05-08T20:00:00Z"),
            ("10/Oct/2023:13:55:36 -0700", "2023-10-10T20:55:36Z"),
            (" 1700000000.5 ", "2023-11-14T22:13:20.500Z"),
            ("1704067200000", "2024-01-01T00:00:00Z"),
            ("-1000000000", "1938-04-24T22:13:20Z"),
            ("1e8", "1973-03-03T09:46:40Z"),
        ] {
            assert_eq!(shown(sent), expected, "{sent}");
        }
    }

    #[test]
    fn what_is_no_time_is_told_apart_from_one_that_does_not_fit() {
        for sent in [
            "",
            "yesterday",
            "0.123",
            "99999999",
            "-1",
            "1e7",
            "2024-13-01",
            "2024-02-30",
            "2024-01-01T",
            "2024-01-01T25:00:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00.",
            "2024-01-01T00:00:00 +1",
            "20240101",
            "NaN",
        ] {
            assert_eq!(shown(sent), "Form", "{sent}");
        }
        for sent in ["9999-12-31T23:59:59Z", "0001-01-01", "1e300"] {
            assert_eq!(shown(sent), "Range", "{sent}");
        }
    }
}
