//! Numbers as levels: what each scale that senders use says of them.

use logs::Level;
use std::borrow::Cow;

/// Which scale a number is on, as far as its field's name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Syslog's, pino's and Monolog's, which share no number.
    Usual,
    /// Python's.
    Python,
    /// OpenTelemetry's severity numbers.
    OpenTelemetry,
}

/// The level of a record.
pub(super) enum SentLevel<'a> {
    /// As it was sent.
    Text(Cow<'a, str>),
    /// The one that a number stands for, which is kept as an attribute.
    Number(Level),
}

impl SentLevel<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(level) => level.name(),
        }
    }
}

/// The level that a number stands for; `None` for one that stands for none.
pub(super) fn level_of(number: i64, scale: Scale) -> Option<Level> {
    match scale {
        Scale::Usual => usual(number),
        Scale::Python => match number {
            10 => Some(Level::Debug),
            20 => Some(Level::Info),
            30 => Some(Level::Warn),
            40 | 50 => Some(Level::Error),
            _ => None,
        },
        Scale::OpenTelemetry => u8::try_from(number).ok().and_then(Level::from_severity),
    }
}

/// 0 to 7 are syslog's (GELF, journald), 10 to 69 pino's and bunyan's with steps between, the others
/// Monolog's.
fn usual(number: i64) -> Option<Level> {
    Some(match number {
        10..=19 => Level::Trace,
        7 | 20..=29 | 100 => Level::Debug,
        5 | 6 | 30..=39 | 200 | 250 => Level::Info,
        4 | 40..=49 | 300 => Level::Warn,
        1..=3 | 50..=59 | 400 | 500 | 550 => Level::Error,
        0 | 60..=69 | 600 => Level::Fatal,
        _ => return None,
    })
}

/// The number that a JSON number, or digits in a text, stands for; `None` for one that is not whole, or has
/// a sign, as none of a scale has.
pub(super) fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    is_digits(digits).then(|| digits.parse().ok()).flatten()
}

/// Whether a text is a number, and not a level's name.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (std::ops::RangeInclusive<i64>, Level);

    #[test]
    fn each_number_of_a_scale_stands_for_its_level_and_no_other_for_one() {
        use Level::{Debug, Error, Fatal, Info, Trace, Warn};
        let table: &[(Scale, &[Row])] = &[
            (
                Scale::Usual,
                &[
                    (0..=0, Fatal),
                    (1..=3, Error),
                    (4..=4, Warn),
                    (5..=6, Info),
                    (7..=7, Debug),
                    (10..=19, Trace),
                    (20..=29, Debug),
                    (30..=39, Info),
                    (40..=49, Warn),
                    (50..=59, Error),
                    (60..=69, Fatal),
                    (100..=100, Debug),
                    (200..=200, Info),
                    (250..=250, Info),
                    (300..=300, Warn),
                    (400..=400, Error),
                    (500..=500, Error),
                    (550..=550, Error),
                    (600..=600, Fatal),
                ],
            ),
            (
                Scale::Python,
                &[
                    (10..=10, Debug),
                    (20..=20, Info),
                    (30..=30, Warn),
                    (40..=40, Error),
                    (50..=50, Error),
                ],
            ),
            (
                Scale::OpenTelemetry,
                &[
                    (1..=4, Trace),
                    (5..=8, Debug),
                    (9..=12, Info),
                    (13..=16, Warn),
                    (17..=20, Error),
                    (21..=24, Fatal),
                ],
            ),
        ];
        for (scale, rows) in table {
            for number in -5..1000 {
                let row = rows.iter().find(|(numbers, _)| numbers.contains(&number));
                let expected = row.map(|(_, level)| *level);
                assert_eq!(level_of(number, *scale), expected, "{number} {scale:?}");
            }
        }
    }
}
