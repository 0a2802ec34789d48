//! Why a query string is no query: each reason names the parameter.

/// The names of the filters; order is a parameter of a query, too, but not of every address.
pub const FILTERS: &str =
    "startTime, endTime, logLevel, minLevel, q, word, caseSensitive, regex, attr.KEY";

/// Characters of an unknown name, or of a value that cannot be read, that are repeated to the caller.
pub(super) const SHOWN: usize = 100;

/// Why a query string is no query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A time cannot be read.
    #[error("{0} is not a time: {TIMES}")]
    BadTime(&'static str),
    /// The range ends before it begins.
    #[error("startTime is after endTime")]
    EmptyRange,
    /// A parameter that is no filter, by its name as it was sent, cut to a bearable length: most often
    /// a typing error that would change the answer.
    #[error("there is no parameter {0:?}: known are {FILTERS} and order")]
    Unknown(String),
    /// A parameter without a value that says nothing without one.
    #[error("{0} is empty: give it a value, or leave it out")]
    Empty(&'static str),
    /// A parameter whose name or value is no text, by as much of its name as is text.
    #[error(
        "parameter {0:?} is no UTF-8: a letter beyond ASCII is escaped byte by byte, such as %C3%A4"
    )]
    NotUtf8(String),
    /// A parameter that may come once came twice.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
    /// More values of one parameter than are looked at.
    #[error("{parameter} is given more than {limit} times")]
    TooMany {
        /// Which parameter.
        parameter: &'static str,
        /// How many values it may have.
        limit: usize,
    },
    /// A value that is longer than any of its kind may be.
    #[error("{parameter} is longer than {limit} bytes")]
    TooLong {
        /// Which parameter.
        parameter: &'static str,
        /// Bytes of its value.
        limit: usize,
    },
    /// A least level that is no level.
    #[error("minLevel is no level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL")]
    BadLevel,
    /// A regular expression that cannot be used.
    #[error("regex cannot be used: {0}")]
    BadRegex(String),
    /// A parameter that is either true or false.
    #[error("{0} is neither true nor false")]
    BadBoolean(&'static str),
    /// An order that is none.
    #[error("order is neither asc nor desc")]
    BadOrder,
    /// A value that begins with a quote, cut to a bearable length.
    #[error(
        "{parameter} has {value:?}, which begins with a quote and is no JSON string: \
         expected \"VALUE\" with \\\" for a quote and \\\\ for a backslash in it"
    )]
    BadQuotes {
        /// Which parameter.
        parameter: &'static str,
        /// What was sent.
        value: String,
    },
    /// A phrase of no words.
    #[error("word has no word: expected at least one letter, digit or _")]
    NoWord,
    /// An attribute without a name.
    #[error("attr. has no name behind its dot: expected attr.KEY=VALUE")]
    NoAttribute,
}

/// A question takes more forms of a time than a record does.
const TIMES: &str = "expected one such as 2024-10-08, 2024-10-08T10:00 or \
                     2024-10-08T10:00:00+02:00 (UTC without a zone), a number of s, ms, µs or ns \
                     since 1970, now, today, yesterday, or before now such as -15m or -1h30m";

impl QueryError {
    pub(super) fn not_quoted(parameter: &'static str, value: &str) -> Self {
        Self::BadQuotes {
            parameter,
            value: value.chars().take(SHOWN).collect(),
        }
    }

    /// A code that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadTime(_) => "invalid_time",
            Self::EmptyRange => "invalid_time_range",
            Self::Unknown(_) => "unknown_parameter",
            Self::Repeated(_) => "repeated_parameter",
            Self::TooMany { .. } | Self::TooLong { .. } => "query_too_large",
            Self::BadLevel => "invalid_level",
            Self::BadRegex(_) => "invalid_regex",
            Self::BadBoolean(_)
            | Self::BadOrder
            | Self::BadQuotes { .. }
            | Self::NoWord
            | Self::NoAttribute
            | Self::Empty(_)
            | Self::NotUtf8(_) => "invalid_parameter",
        }
    }
}
