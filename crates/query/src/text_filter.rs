//! Texts and regular expressions that are looked for in the message.

use super::QueryError;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

/// Bytes of a text, of a regular expression, or of what is said of an attribute.
pub(super) const LONGEST: usize = 1_000;
/// Bytes that a compiled regular expression may take; each one is kept only while it is answered.
const REGEX_BYTES: usize = 256 * 1024;
/// Brackets in brackets.
const REGEX_DEPTH: u32 = 50;

/// A text that has to be in the message.
#[derive(Debug, Clone)]
pub struct Substring {
    text: String,
    case_sensitive: bool,
    finder: AhoCorasick,
}

impl Substring {
    /// Looks for `text`; unless `case_sensitive`, the letters A to Z stand for a to z as well, and
    /// every other character for itself alone.
    ///
    /// # Errors
    /// [`QueryError::TooLong`].
    pub fn new(text: &str, case_sensitive: bool) -> Result<Self, QueryError> {
        let too_long = QueryError::TooLong {
            parameter: "q",
            limit: LONGEST,
        };
        if text.len() > LONGEST {
            return Err(too_long);
        }
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(!case_sensitive)
            // A table of all states would take a megabyte for a long text.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build([text])
            .map_err(|_| too_long)?;
        Ok(Self {
            text: text.to_owned(),
            case_sensitive,
            finder,
        })
    }

    /// What is looked for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether capital and small letters are told apart.
    pub fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    pub(super) fn is_in(&self, message: &str) -> bool {
        self.finder.is_match(message)
    }
}

impl PartialEq for Substring {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.case_sensitive) == (&other.text, other.case_sensitive)
    }
}

/// A regular expression that has to be found in the message, in time linear in its length. A clone
/// goes on with what the search has learned so far; that of a `Regex` begins anew.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Regex>);

impl Pattern {
    /// Reads an expression in the syntax of the crate `regex`.
    ///
    /// # Errors
    /// [`QueryError`] when it is too long, is none, or takes too much memory.
    pub fn new(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            return Err(QueryError::TooLong {
                parameter: "regex",
                limit: LONGEST,
            });
        }
        RegexBuilder::new(text)
            .size_limit(REGEX_BYTES)
            .dfa_size_limit(REGEX_BYTES)
            .nest_limit(REGEX_DEPTH)
            .build()
            .map(|regex| Self(Arc::new(regex)))
            .map_err(|error| QueryError::BadRegex(reason(&error)))
    }

    pub(super) fn is_in(&self, message: &str) -> bool {
        self.0.is_match(message)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// The crate draws a picture of several lines; its last one says what is wrong.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("it takes more than {limit} bytes of memory")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}
