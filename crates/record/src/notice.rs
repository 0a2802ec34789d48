//! What a sender is told of records that were taken, and were not as it may think.
//!
//! A record is not refused for its content: what is unusual of it is kept in another form, and told.

use crate::fault::{MAX_DEPTH, MAX_MEMBERS, RecordFault};
use logs::TimeError;
use std::fmt;

/// At most so many are named to the client; all are counted.
pub const MAX_LISTED_NOTICES: usize = 100;
/// At most so many characters of a value are repeated.
const SHOWN_CHARACTERS: usize = 60;

/// What was unusual of a record that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// No field gave a time, and this one should have: the time of receipt was taken.
    Time {
        /// The field's name, as it was sent.
        field: String,
        /// Its value's JSON text, shortened.
        value: String,
        /// Why it is none.
        reason: TimeError,
    },
    /// No field gave a level, and this one should have.
    Level {
        /// The field's name, as it was sent.
        field: String,
        /// Its value's JSON text, shortened.
        value: String,
        /// What it is, in words.
        found: &'static str,
    },
    /// It is no JSON: it was taken as a message.
    NotJson,
    /// Bytes that are no UTF-8 were replaced.
    NotUtf8,
    /// An escape that stands for no character was replaced.
    LoneSurrogate,
    /// U+0000 in a name was replaced.
    NulInName,
    /// A number that no double holds is kept as text.
    Number(String),
    /// What is nested too deeply is kept as its JSON text.
    TooDeep,
    /// Members beyond the bound are kept as their JSON text.
    TooManyMembers,
}

/// What notices are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// [`Notice::Time`].
    Time,
    /// [`Notice::Level`].
    Level,
    /// [`Notice::NotJson`].
    NotJson,
    /// [`Notice::NotUtf8`], [`Notice::LoneSurrogate`] and [`Notice::NulInName`].
    Characters,
    /// [`Notice::Number`].
    Number,
    /// [`Notice::TooDeep`].
    Depth,
    /// [`Notice::TooManyMembers`].
    Members,
}

/// How many kinds there are.
const KINDS: usize = 7;

impl Notice {
    /// What it is counted by.
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::Time { .. } => NoticeKind::Time,
            Self::Level { .. } => NoticeKind::Level,
            Self::NotJson => NoticeKind::NotJson,
            Self::NotUtf8 | Self::LoneSurrogate | Self::NulInName => NoticeKind::Characters,
            Self::Number(_) => NoticeKind::Number,
            Self::TooDeep => NoticeKind::Depth,
            Self::TooManyMembers => NoticeKind::Members,
        }
    }
}

/// So much of a text as is repeated to a client.
pub fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time {
                field,
                value,
                reason,
            } => {
                let reason = match reason {
                    TimeError::Form => "is not a time".to_owned(),
                    TimeError::Range => format!("is {reason}"),
                };
                write!(
                    formatter,
                    "{field} {value} {reason}: the time of receipt was taken"
                )
            }
            Self::Level { field, value, .. } => {
                write!(formatter, "{field} {value} is no level: it has none")
            }
            Self::NotJson => formatter.write_str("this is not JSON: it was taken as a message"),
            Self::NotUtf8 => {
                formatter.write_str("bytes that are not UTF-8 were replaced with U+FFFD")
            }
            Self::LoneSurrogate => {
                formatter.write_str("half of a surrogate pair was replaced with U+FFFD")
            }
            Self::NulInName => {
                formatter.write_str("U+0000 in a field name was replaced with U+FFFD")
            }
            Self::Number(number) => {
                write!(
                    formatter,
                    "the number {number} is too large: its digits were kept as text"
                )
            }
            Self::TooDeep => write!(
                formatter,
                "attributes are nested more than {MAX_DEPTH} deep: what lies deeper was kept as its JSON text"
            ),
            Self::TooManyMembers => write!(
                formatter,
                "an object or array holds more than {MAX_MEMBERS} members: the others were kept as their JSON text"
            ),
        }
    }
}

/// What it was refused for before such records were taken, and still is where a client asks for that.
impl From<Notice> for RecordFault {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Time { field, reason, .. } => Self::BadTime { field, reason },
            Notice::Level { field, found, .. } => Self::NotText { field, found },
            Notice::NotJson => Self::BadText("this is not JSON".to_owned()),
            Notice::NotUtf8 => Self::BadText("the text is not UTF-8".to_owned()),
            Notice::LoneSurrogate => Self::BadText("half of a surrogate pair".to_owned()),
            Notice::NulInName => Self::NulInName,
            Notice::Number(number) => Self::NumberTooLarge(number),
            Notice::TooDeep => Self::TooDeep,
            Notice::TooManyMembers => Self::TooManyMembers,
        }
    }
}

/// Notices by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoticeCounts([u64; KINDS]);

impl NoticeCounts {
    /// How many there are of a kind.
    pub fn of(&self, kind: NoticeKind) -> u64 {
        self.0.get(kind as usize).copied().unwrap_or(0)
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    fn add(&mut self, kind: NoticeKind) {
        if let Some(count) = self.0.get_mut(kind as usize) {
            *count += 1;
        }
    }
}

/// A notice, and the record that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The record's place among those that were sent, from 0.
    pub index: u32,
    /// What is told of it.
    pub notice: Notice,
}

/// What a sender is told: the first [`MAX_LISTED_NOTICES`] by name, all by number.
#[derive(Debug, Default)]
pub struct Notices {
    /// The first of them.
    pub listed: Vec<Told>,
    /// How many there are.
    pub counts: NoticeCounts,
}

impl Notices {
    pub(crate) fn push(&mut self, index: u32, notice: Notice) {
        self.counts.add(notice.kind());
        if self.listed.len() < MAX_LISTED_NOTICES {
            self.listed.push(Told { index, notice });
        }
    }

    /// Forgets those behind the first `listed`, as if there were only these `counts`.
    pub(crate) fn rewind(&mut self, listed: usize, counts: NoticeCounts) {
        self.listed.truncate(listed);
        self.counts = counts;
    }
}
