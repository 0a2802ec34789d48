//! A time as it is shown. By hand, and not by chrono's formatter, since every record that is read
//! passes here.

use super::Timestamp;
use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use std::fmt;

/// A time as text: the longest has nine digits behind its point.
struct Text {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

const TEXT_BYTES: usize = "2024-10-08T00:00:00.123456789Z".len();

impl Text {
    fn of(time: Timestamp) -> Self {
        // Naive, since each part of it would be shifted by no offset once more.
        let utc = DateTime::<Utc>::from_timestamp_nanos(time.0).naive_utc();
        let mut text = Self {
            bytes: [0; TEXT_BYTES],
            length: 0,
        };
        text.number(utc.year().unsigned_abs(), 4, b'-');
        text.number(utc.month(), 2, b'-');
        text.number(utc.day(), 2, b'T');
        text.number(utc.hour(), 2, b':');
        text.number(utc.minute(), 2, b':');
        let nanos = utc.nanosecond();
        let (fraction, digits) = match nanos {
            0 => (0, 0),
            millis if millis % 1_000_000 == 0 => (millis / 1_000_000, 3),
            micros if micros % 1_000 == 0 => (micros / 1_000, 6),
            nanos => (nanos, 9),
        };
        text.number(utc.second(), 2, if digits > 0 { b'.' } else { b'Z' });
        if digits > 0 {
            text.number(fraction, digits, b'Z');
        }
        text
    }

    /// Appends so many digits of a number, and what stands behind them.
    fn number(&mut self, mut number: u32, digits: usize, behind: u8) {
        let end = self.length + digits;
        let places = self.bytes.get_mut(self.length..end).unwrap_or_default();
        for place in places.iter_mut().rev() {
            *place = b'0' + (number % 10).to_le_bytes()[0];
            number /= 10;
        }
        if let Some(place) = self.bytes.get_mut(end) {
            *place = behind;
        }
        self.length = end + 1;
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Timestamp {
    /// Appends it as it is shown.
    pub fn append_to(self, out: &mut Vec<u8>) {
        let text = Text::of(self);
        out.extend_from_slice(text.bytes.get(..text.length).unwrap_or_default());
    }
}

/// RFC 3339 in UTC, with as many of 0, 3, 6 or 9 digits behind the point as are needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Text::of(*self).as_str())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::of(*self).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_as_chrono_shows_it() {
        let shown = |nanos: i64| {
            let expected = DateTime::<Utc>::from_timestamp_nanos(nanos);
            let expected = expected.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
            assert_eq!(Timestamp::from_nanos(nanos).to_string(), expected);
            let mut appended = Vec::new();
            Timestamp::from_nanos(nanos).append_to(&mut appended);
            assert_eq!(appended, expected.as_bytes());
        };
        // Steps of nearly a year, over the whole range, with every kind of fraction.
        for unit in [1, 1_000, 1_000_000, 1_000_000_000] {
            let mut nanos = i64::MIN;
            while let Some(next) = nanos.checked_add(31_415_926_535_897_932) {
                shown(nanos - nanos % unit);
                nanos = next;
            }
        }
        for nanos in [i64::MAX, 0, -1, 1, 999_999_999, 1_000, -1_000_000] {
            shown(nanos);
        }
    }
}
