//! Level spellings in, one OpenTelemetry severity (1–24) out.
//!
//! The text that was sent is never changed; a severity only says which level it means. Numbers and
//! the finer steps (NOTICE, CRITICAL, ALERT) follow the mapping in appendix B of the OpenTelemetry
//! logs data model.

use std::ops::RangeInclusive;

/// The severity of a record whose level is missing or has a text that no level is known by.
pub const SEVERITY_UNKNOWN: u8 = 0;

/// The six levels that every known spelling belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Severities 1–4.
    Trace,
    /// Severities 5–8.
    Debug,
    /// Severities 9–12.
    Info,
    /// Severities 13–16.
    Warn,
    /// Severities 17–20.
    Error,
    /// Severities 21–24.
    Fatal,
}

/// Every known spelling in lower case, with the severity that it stands for. It is gone through from the
/// start for every record, so the usual ones come first.
const SPELLINGS: &[(&str, u8)] = &[
    ("info", 9),
    ("debug", 5),
    ("warning", 13),
    ("warn", 13),
    ("error", 17),
    ("trace", 1),
    ("fatal", 21),
    ("trc", 1),
    ("finest", 1),
    ("silly", 1),
    ("dbug", 5),
    ("dbg", 5),
    ("verbose", 5),
    ("finer", 5),
    ("fine", 5),
    ("inf", 9),
    ("information", 9),
    ("informational", 9),
    ("log", 9),
    ("notice", 10),
    ("wrn", 13),
    ("err", 17),
    ("eror", 17),
    ("severe", 17),
    ("critical", 18),
    ("crit", 18),
    ("alert", 19),
    ("panic", 20),
    ("emerg", 21),
    ("emergency", 21),
];

/// The severity (1–24) that a level's text stands for, in any case and with blanks around it;
/// [`SEVERITY_UNKNOWN`] for a text that is not in the table.
pub fn severity_of(text: &str) -> u8 {
    let text = text.trim();
    SPELLINGS
        .iter()
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(text))
        .map_or(SEVERITY_UNKNOWN, |(_, severity)| *severity)
}

impl Level {
    /// All of them, the least first.
    pub const ALL: [Self; 6] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
        Self::Fatal,
    ];

    /// The spelling that stands for all of its spellings, in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// The level that a text is a spelling of, if it is a known one.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::from_severity(severity_of(text))
    }

    /// The level that a severity belongs to; `None` for 0 and for numbers over 24.
    pub fn from_severity(severity: u8) -> Option<Self> {
        match severity {
            1..=4 => Some(Self::Trace),
            5..=8 => Some(Self::Debug),
            9..=12 => Some(Self::Info),
            13..=16 => Some(Self::Warn),
            17..=20 => Some(Self::Error),
            21..=24 => Some(Self::Fatal),
            _ => None,
        }
    }

    /// The four severities that belong to this level.
    pub fn severities(self) -> RangeInclusive<u8> {
        match self {
            Self::Trace => 1..=4,
            Self::Debug => 5..=8,
            Self::Info => 9..=12,
            Self::Warn => 13..=16,
            Self::Error => 17..=20,
            Self::Fatal => 21..=24,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_table_is_known_in_any_case() {
        let table = [
            (Level::Trace, "trace trc finest silly"),
            (Level::Debug, "debug dbug dbg verbose finer fine"),
            (Level::Info, "info inf information informational notice log"),
            (Level::Warn, "warn warning wrn"),
            (
                Level::Error,
                "error err eror severe critical crit alert panic",
            ),
            (Level::Fatal, "fatal emerg emergency"),
        ];
        for (level, spellings) in table {
            for spelling in spellings.split(' ') {
                for text in [
                    spelling.to_owned(),
                    spelling.to_uppercase(),
                    format!(" {spelling}\t"),
                ] {
                    assert_eq!(Level::from_text(&text), Some(level), "{text:?}");
                    assert!(level.severities().contains(&severity_of(&text)));
                }
            }
        }
    }

    #[test]
    fn a_name_is_a_spelling_of_its_level_and_no_severity_is_left_out() {
        let mut severities = Vec::new();
        for level in Level::ALL {
            assert_eq!(Level::from_text(level.name()), Some(level));
            severities.extend(level.severities());
        }
        assert!(severities.into_iter().eq(1..=24));
    }

    #[test]
    fn a_text_that_is_no_level_has_severity_zero() {
        for text in ["AUDIT", "", "warnings", "情報"] {
            assert_eq!(severity_of(text), SEVERITY_UNKNOWN, "{text:?}");
            assert_eq!(Level::from_text(text), None);
        }
    }
}
