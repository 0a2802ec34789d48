//! How far the edges of buckets are from where they would be.

use crate::interval::Interval;
use std::fmt;

/// A length of time in either direction, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    is_back: bool,
    length: Option<Interval>,
}

/// A text is no length of time with or without a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("offset is no length of time: expected one such as 6h, -30m or 4d")]
pub struct BadShift;

impl Shift {
    /// Reads a length with a sign or without: `6h`, `+6h`, `-30m`, `0`.
    ///
    /// # Errors
    /// [`BadShift`], also for more than all times that there can be.
    pub fn parse(text: &str) -> Result<Self, BadShift> {
        // A plus sign that was not escaped arrives as a blank.
        let text = text.trim();
        let (is_back, length) = match text.split_at_checked(1) {
            Some(("-", length)) => (true, length),
            Some(("+", length)) => (false, length),
            _ => (false, text),
        };
        if humantime::parse_duration(length).is_ok_and(|length| length.is_zero()) {
            return Ok(Self::default());
        }
        let length = Interval::parse(length).map_err(|_| BadShift)?;
        Ok(Self {
            is_back,
            length: Some(length),
        })
    }

    /// Its nanoseconds, below zero for what comes earlier.
    pub(super) fn nanos(self) -> i128 {
        let nanos = self.length.map_or(0, Interval::nanos);
        i128::from(if self.is_back { -nanos } else { nanos })
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_back, self.length) {
            (_, None) => formatter.write_str("0s"),
            (true, Some(length)) => write!(formatter, "-{length}"),
            (false, Some(length)) => write!(formatter, "{length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_has_a_sign_or_none() {
        for (text, told) in [
            ("6h", "6h"),
            ("+6h", "6h"),
            (" 6h", "6h"),
            ("-90m", "-90m"),
            ("4d", "4d"),
            ("0", "0s"),
            ("-0s", "0s"),
        ] {
            assert_eq!(Shift::parse(text).unwrap().to_string(), told, "{text}");
        }
        for wrong in ["", "-", "--1h", "6", "soon", "-1000years", "ä"] {
            assert_eq!(Shift::parse(wrong), Err(BadShift), "{wrong}");
        }
    }
}
